"""A QR code as the one path of a drawing: https://www.iso.org/standard/83389.html, by segno."""

from itertools import groupby
from typing import NamedTuple

import segno

_QUIET = 4
"""Light modules around the code, as the standard asks."""


class Drawing(NamedTuple):
    """`path` in a square of `side` modules, quiet zone included: for SVG, without any style."""

    side: int
    path: str


def drawing(text: str) -> Drawing:
    """The QR code of `text`, at error correction M. Raises ValueError when it is too long."""
    code = segno.make_qr(text, error="m")
    pieces = []
    for y, row in enumerate(code.matrix):
        x = 0
        for dark, modules in groupby(row):
            width = len(list(modules))
            if dark:
                pieces.append(f"M{x + _QUIET} {y + _QUIET}h{width}v1h-{width}z")
            x += width
    return Drawing(len(code.matrix) + 2 * _QUIET, "".join(pieces))
