"""Zstandard (RFC 8878) with the shipped dictionaries: which serves which type, and the codecs.

A dictionary's id is for ever: bodies sealed years ago name it, so files are added to
`dictionaries/`, never changed or removed (the manifest holds their digests, and
test_shipped_dictionaries_are_the_ones_of_the_manifest compares them). They are trained by
`scripts/train_dictionaries.py` on the standard's definitions and on our own synthetic records.

The level was chosen by measurement on 29,156 bodies of mixed types (1.4 kB in the mean) with their
dictionaries: level 1 costs 4.0 µs and leaves 318 bytes, level 3 costs 6.0 µs and leaves 307, level
6 costs 15 µs and leaves 297.
"""

import hashlib
import threading
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import msgspec
import zstandard

from egide.errors import Fault
from egide.seal.envelope import MAX_BODY, SealBroken

LEVEL = 3
NONE = 0
"""The id that says: compressed without a dictionary."""

_MAGIC = zstandard.FRAME_HEADER


class Shipped(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of the manifest: a dictionary's size, its SHA-256 and the types it is for.

    The one with no types is for every type that has none of its own.
    """

    bytes: int
    sha256: str
    types: tuple[str, ...] = ()


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`dictionaries/manifest.json`: every dictionary ever shipped, and those in use now."""

    current: tuple[int, ...]
    dictionaries: Mapping[int, Shipped]


class _Codec(NamedTuple):
    compressor: zstandard.ZstdCompressor
    decompressor: zstandard.ZstdDecompressor


class _Codecs(threading.local):
    """Codecs are not to be shared between threads; the digested dictionaries are."""

    def __init__(self) -> None:
        self.by_id: dict[int, _Codec] = {}


_codecs = _Codecs()


@cache
def manifest() -> Manifest:
    """The shipped manifest."""
    raw = (files("egide.seal") / "dictionaries" / "manifest.json").read_bytes()
    return msgspec.json.decode(raw, type=Manifest)


def dictionary_for(type: str) -> int:
    """The id of the dictionary new bodies of this resource type are sealed with."""
    number = _by_type().get(type)
    return _by_type().get("", NONE) if number is None else number


def compress(plain: bytes, dictionary: int) -> bytes:
    """`plain` as a frame without its magic bytes."""
    codec = _codecs.by_id.get(dictionary) or _codec(dictionary)
    return codec.compressor.compress(plain)[4:]


def decompress(frame: bytes, dictionary: int) -> bytes:
    """What `compress` was given. Raises SealBroken if `frame` is not one of its results."""
    codec = _codecs.by_id.get(dictionary) or _codec(dictionary)
    whole = _MAGIC + frame
    try:
        if not 0 <= zstandard.frame_content_size(whole) <= MAX_BODY:
            raise SealBroken("a sealed body says that it is larger than any we seal")
        return codec.decompressor.decompress(whole, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise SealBroken("a sealed body opened but does not decompress") from error


@cache
def _by_type() -> Mapping[str, int]:
    shipped = manifest()
    return {
        name: number
        for number in shipped.current
        for name in shipped.dictionaries[number].types or ("",)
    }


@cache
def _digested(dictionary: int) -> zstandard.ZstdCompressionDict:
    shipped = manifest().dictionaries.get(dictionary)
    if shipped is None:
        raise SealBroken(f"no dictionary {dictionary} is shipped with this version")
    raw = (files("egide.seal") / "dictionaries" / f"{dictionary}.zdict").read_bytes()
    if hashlib.sha256(raw).hexdigest() != shipped.sha256:
        raise Fault(f"dictionary {dictionary} is not the one that was shipped")
    digested = zstandard.ZstdCompressionDict(raw)
    digested.precompute_compress(level=LEVEL)
    return digested


def _codec(dictionary: int) -> _Codec:
    if dictionary == NONE:
        codec = _Codec(
            zstandard.ZstdCompressor(level=LEVEL, write_checksum=False),
            zstandard.ZstdDecompressor(),
        )
    else:
        data = _digested(dictionary)
        codec = _Codec(
            zstandard.ZstdCompressor(
                level=LEVEL, dict_data=data, write_checksum=False, write_dict_id=False
            ),
            zstandard.ZstdDecompressor(dict_data=data),
        )
    _codecs.by_id[dictionary] = codec
    return codec
