"""What somebody reads who took the disk, a dump or the logs, and has no key.

Text is found as `strings` finds it: runs of printable characters, in one byte each or in two
(UTF-16), in hex and in base64. Searching is for any of thousands of words at once.
"""

import asyncio
import base64
import binascii
import io
import os
import re
import subprocess
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg

from egide.db.cluster import programs
from egide.db.embedded import start

LEAST = 6
"""Letters of the shortest word that is looked for: shorter ones come up in noise by chance."""
_RUN = re.compile(rb"[\x20-\x7e]{%d,}" % LEAST)
_HEX = re.compile(rb"(?:[0-9a-fA-F]{2}){6,}")
_LONG_HEX = re.compile(rb"(?:[0-9a-fA-F]{2}){100,}")
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{12,}")
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_FRACTION = re.compile(rb"(?<=\d)\.\d+")


def legible(data: bytes) -> bytes:
    """All that reads as text in `data`, in lower case, a run a line."""
    plain = b"\n".join(_RUN.findall(data))
    wide = [b"\n".join(_RUN.findall(data[first::2])) for first in (0, 1)]
    inside = []
    for run in _HEX.findall(plain):
        # A long run is a value in hex from its start; a short one may have caught a letter more.
        for first in (0, 1) if len(run) < 200 else (0,):
            inside.append(binascii.unhexlify(run[first : len(run) - (len(run) - first) % 2]))
    plain = _LONG_HEX.sub(b"\n", plain)
    for run in _BASE64.findall(plain):
        for first in range(4):
            piece = run[first : len(run) - (len(run) - first) % 4]
            inside.append(base64.b64decode(piece.translate(_URL_SAFE), validate=True))
    hidden = b"\n".join(_RUN.findall(b"\n".join(inside)))
    return b"\n".join([plain, *wide, hidden]).lower()


def found(text: bytes, words: Collection[bytes]) -> set[bytes]:
    """Which of `words` (lower case, LEAST bytes or more) are anywhere in `text`.

    A number counts where no letter or digit touches it: in millions of digits of keyed hashes,
    written out in decimal or in hex, any nine come up by chance.
    """
    starting: dict[bytes, list[bytes]] = {}
    for word in words:
        assert len(word) >= LEAST, word
        starting.setdefault(word[:LEAST], []).append(word)
    there = set()
    for place in range(len(text) - LEAST + 1):
        for word in starting.get(text[place : place + LEAST], ()):
            if text.startswith(word, place) and not _by_chance(text, place, word):
                there.add(word)
    return there


def _by_chance(text: bytes, place: int, word: bytes) -> bool:
    before, after = text[max(place - 1, 0) : place], text[place + len(word) : place + len(word) + 1]
    return word.isdigit() and (before.isalnum() or after.isalnum())


def without_fractions(data: bytes) -> bytes:
    """`data` less what follows the point of a number: a measured second has any digits by chance,
    and somebody's number is elevens of them."""
    return _FRACTION.sub(b".", data)


def files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Name and content of every file below `folder`, sockets apart."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            try:
                yield str(path.relative_to(folder)), path.read_bytes()
            except FileNotFoundError:  # the engine let it go meanwhile
                continue


def words_of(resources: Iterable[Any]) -> set[bytes]:
    """What tells who somebody is or what ails him, as ASCII words in lower case.

    Names, identifiers, streets, telephones, birth dates, texts of codes and narrative words.
    """
    texts: set[str] = set()
    for resource in resources:
        _gather(resource, texts)
    pieces: set[str] = set()
    for text in texts:
        pieces.update(re.findall(r"[!-~]+(?: [!-~]+)*", text))
    return {piece.lower().encode() for piece in pieces if len(piece) >= LEAST}


_TELLING = {"family", "given", "line", "birthDate", "display", "text", "name"}


def _gather(node: Any, texts: set[str], key: str = "", inside: str = "") -> None:
    if isinstance(node, dict):
        for name, value in node.items():
            _gather(value, texts, name, key)
    elif isinstance(node, list):
        for each in node:
            _gather(each, texts, key, inside)
    elif isinstance(node, str):
        if key == "div":
            texts.update(re.findall(r"[^\W_]{8,}", re.sub(r"<[^>]*>", " ", node)))
        elif key in _TELLING or (key == "value" and inside in ("identifier", "telecom")):
            texts.add(node)


@contextmanager
def address(data: Path) -> Iterator[dict[str, str]]:
    """The environment in which PostgreSQL's own programs find the database of `data`."""
    engine = asyncio.run(start(data))
    try:
        parts = urlsplit(engine.dsn)
        yield os.environ | {
            "PGPASSWORD": unquote(parts.password or ""),
            "PGHOST": parse_qs(parts.query)["host"][0],
            "PGUSER": unquote(parts.username or ""),
            "PGDATABASE": parts.path.strip("/"),
        }
    finally:
        asyncio.run(engine.stop())


def dump(data: Path) -> bytes:
    """The database of `data` by pg_dump, as text."""
    with address(data) as environment:
        program = str(programs() / "pg_dump")
        return subprocess.run([program], env=environment, check=True, capture_output=True).stdout


async def rows(dsn: str, query: str) -> list[Any]:
    """What a query finds."""
    connection = await asyncpg.connect(dsn)
    try:
        return list(await connection.fetch(query))
    finally:
        await connection.close()


def ask(data: Path, query: str) -> list[Any]:
    """What a query finds in the database of `data`."""

    async def asked() -> list[Any]:
        engine = await start(data)
        try:
            return await rows(engine.dsn, query)
        finally:
            await engine.stop()

    return asyncio.run(asked())


def columns(data: Path) -> bytes:
    """Every column of every table in PostgreSQL's binary form, but the sealed bytes."""

    async def copied() -> bytes:
        engine = await start(data)
        connection = await asyncpg.connect(engine.dsn)
        written = io.BytesIO()
        try:
            tables = await connection.fetch(
                "select table_name, string_agg(quote_ident(column_name), ', ') as columns"
                " from information_schema.columns"
                " where table_schema = 'public' and column_name not in ('sealed', 'wrapped')"
                " group by table_name"
            )
            assert len(tables) > 10
            for table in tables:
                query = f"select {table['columns']} from {table['table_name']}"
                await connection.copy_from_query(query, output=written, format="binary")
        finally:
            await connection.close()
            await engine.stop()
        return written.getvalue()

    return asyncio.run(copied())
