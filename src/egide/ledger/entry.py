"""What the ledger says of one unit of work: who did what, with what outcome, to whose data.

Invariant: a body reads back as it was written (test_a_body_reads_back_as_it_was_written).
"""

import enum
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from egide.seal import SealBroken


class Action(enum.IntEnum):
    """What was asked for: FHIR's interactions, sessions, and the writer's own life.

    Numbers are stored: added to, never changed.
    """

    read = 1
    vread = 2
    history = 3
    search = 4
    create = 5
    update = 6
    patch = 7
    delete = 8
    transaction = 9
    batch = 10
    operation = 11
    export = 12
    load = 13
    """An import."""
    erase = 14
    break_glass = 15
    """A record was opened in an emergency."""
    login = 20
    logout = 21
    start = 30
    """A process began to write in the ledger."""
    stop = 31
    """It stopped as it should; nothing of it comes after."""


class Outcome(enum.IntEnum):
    """How it ended. `refused`: the gate said no; `failed`: it broke or could not be done;
    `void`: an entry of this place was made for a transaction that never committed."""

    success = 1
    refused = 2
    failed = 3
    void = 4


class Entry(msgspec.Struct, frozen=True):
    """One unit of work, as its author sees it.

    `session` and `actor` are internal numbers (0: nobody we know), `type` a resource type,
    `patients` the key numbers of the patients concerned. `body` holds what only the sealed part
    says: `purpose`, `query`, `ids`, `reasons` and so on, as what msgpack carries. Its `rows` are
    the rows written: `(ident, version, digest)`, two bytes values of 16; `digest` is None for a
    row that is no longer there. A version sealed again has the digest it had before as a fourth.
    """

    session: int
    actor: int
    action: Action
    outcome: Outcome
    type: str | None = None
    patients: tuple[int, ...] = ()
    body: Mapping[str, Any] = {}


class Body(msgspec.Struct, frozen=True):
    """The sealed part of an entry.

    `lag`: how many of the writer's entries before this one were not yet known to be written or
    void, None when it was too many to say. `patients`: those concerned, when there are several.
    """

    lag: int | None
    patients: tuple[int, ...]
    facts: Mapping[str, Any]


_UNSAID = 0xFFFF
_WORDS = (
    "purpose",
    "ids",
    "query",
    "reasons",
    "rows",
    "commitment",
    "facts",
    "client",
    "roles",
    "count",
    "behalf",
    "ident",
    "version",
    "status",
    "error",
    "rule",
    "address",
    "role",
)
"""Keys written as their place here, which is for ever: at the end is where words are added."""

_PURPOSES = (
    "TREAT",
    "ETREAT",
    "BTG",
    "HPAYMT",
    "HOPERAT",
    "HRESCH",
    "HSYSADMIN",
    "PATRQT",
    "PUBHLTH",
    "FAMRQT",
    "COC",
    "CAREMGT",
)
"""Purposes of use written as their place here, which is for ever too."""

_ROLES = (
    "administrator",
    "system",
    "clinician",
    "registrar",
    "patient",
    "relative",
    "auditor",
    "dpo",
    "rssi",
    "researcher",
    "manager",
)
"""Roles written as their place here, for ever; any other is written as it is."""

_NUMBER = {word: number for number, word in enumerate(_WORDS)}
_PURPOSE = {purpose: number for number, purpose in enumerate(_PURPOSES)}
_ROLE = {role: number for number, role in enumerate(_ROLES)}
_PURPOSE_WORD, _IDS = 0, 1
_ROLE_WORD = _NUMBER["role"]
_PATIENTS = -1
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(dict[int | str, Any]).decode


def encode_body(lag: int | None, patients: Sequence[int], facts: Mapping[str, Any]) -> bytes:
    """The plain bytes of a body: the lag in two bytes, then msgpack.

    The body of a read, with its purpose, its role and the UUID it asked for, takes 27 bytes.
    """
    words: dict[int | str, Any] = {_NUMBER.get(word, word): facts[word] for word in facts}
    if patients:
        words[_PATIENTS] = patients
    if _PURPOSE_WORD in words:
        purpose = words[_PURPOSE_WORD]
        words[_PURPOSE_WORD] = _PURPOSE.get(purpose, purpose)
    if _ROLE_WORD in words:
        role = words[_ROLE_WORD]
        words[_ROLE_WORD] = _ROLE.get(role, role)
    if _IDS in words:
        words[_IDS] = [_packed(id) for id in words[_IDS]]
    said = _UNSAID if lag is None or lag > _UNSAID else lag
    return said.to_bytes(2, "big") + _encode(words)


def decode_body(plain: bytes) -> Body:
    """What `encode_body` was given. Raises SealBroken when it is none of its results."""
    try:
        words = _decode(plain[2:])
        patients = tuple(words.pop(_PATIENTS, ()))
        if isinstance(purpose := words.get(_PURPOSE_WORD), int):
            words[_PURPOSE_WORD] = _PURPOSES[purpose]
        if isinstance(role := words.get(_ROLE_WORD), int):
            words[_ROLE_WORD] = _ROLES[role]
        if _IDS in words:
            words[_IDS] = [_unpacked(id) for id in words[_IDS]]
        facts = {
            _WORDS[word] if isinstance(word, int) else word: value for word, value in words.items()
        }
    except (msgspec.DecodeError, LookupError, TypeError, AttributeError):
        raise SealBroken("a ledger entry opened but is none we write") from None
    lag = int.from_bytes(plain[:2], "big")
    return Body(None if lag == _UNSAID else lag, patients, facts)


def _packed(id: str) -> str | bytes:
    if len(id) == 36 and id[8] == id[13] == id[18] == id[23] == "-":
        digits = id.replace("-", "")
        try:
            raw = bytes.fromhex(digits)
        except ValueError:
            return id
        if raw.hex() == digits:
            return raw
    return id


def _unpacked(id: str | bytes) -> str:
    if isinstance(id, str):
        return id
    text = id.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
