"""The issuers of an installation, read from one TOML file, their secrets from files of mode 0600.

No secret is in the file itself, in the environment or in a message.
"""

import os
import tomllib
from collections.abc import Callable, Container
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec

from egide.accounts.federation.credential import Credential, credential
from egide.accounts.federation.issuer import Issuer
from egide.accounts.federation.recipient import Recipient, recipient
from egide.errors import Incorrect

MOST_ISSUERS = 20
_MOST_BYTES = 64 * 1024

_Held = TypeVar("_Held")


class Registration(msgspec.Struct, frozen=True):
    """An issuer, and what we prove ourselves to it with."""

    issuer: Issuer
    credential: Credential
    recipient: Recipient | None = None


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    issuer: tuple[Issuer, ...]


def registrations(path: Path, roles: Container[str]) -> tuple[Registration, ...]:
    """The issuers in the file at `path`; `roles` are the names of those there are.

    Raises Incorrect, which names the field or the file that is wrong and quotes no value.
    """
    try:
        file = msgspec.convert(tomllib.loads(path.read_text("utf-8")), _File)
    except OSError as error:
        raise Incorrect(f"EGIDE_FEDERATION: {path} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise Incorrect(f"EGIDE_FEDERATION: {path} is not TOML") from None
    except msgspec.ValidationError as error:
        raise Incorrect(f"EGIDE_FEDERATION: {error}") from None
    names = [each.name for each in file.issuer]
    if not names or len(names) > MOST_ISSUERS or len(set(names)) != len(names):
        raise Incorrect(f"EGIDE_FEDERATION: 1 to {MOST_ISSUERS} issuers, each with its own name")
    for issuer in file.issuer:
        for role in (role for rule in issuer.roles for role in rule.roles):
            if role not in roles:
                raise Incorrect(f"EGIDE_FEDERATION: {issuer.name} gives a role there is not")
    return tuple(_registration(path.parent, each) for each in file.issuer)


def _registration(folder: Path, issuer: Issuer) -> Registration:
    proof, encryption = issuer.authentication, issuer.encryption
    made = _holding(folder / proof.file, proof.method, partial(credential, proof))
    if encryption is None:
        return Registration(issuer, made)
    ours = partial(recipient, encryption)
    return Registration(
        issuer, made, _holding(folder / encryption.file, encryption.algorithm, ours)
    )


def _holding(path: Path, needs: str, reading: Callable[[bytes], _Held]) -> _Held:
    """What the private file at `path` holds. Raises Incorrect when it is not what is needed."""
    try:
        return reading(_private(path))
    except ValueError:
        raise Incorrect(f"EGIDE_FEDERATION: {path} does not hold what {needs} needs") from None


def _private(path: Path) -> bytes:
    """The bytes of a file only its owner can read. Raises Incorrect."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError as error:
        raise Incorrect(f"EGIDE_FEDERATION: {path} cannot be read: {error.strerror}") from None
    with os.fdopen(descriptor, "rb") as file:
        if os.fstat(descriptor).st_mode & 0o077:
            raise Incorrect(f"EGIDE_FEDERATION: others can read {path}: run `chmod 600` on it")
        return file.read(_MOST_BYTES)
