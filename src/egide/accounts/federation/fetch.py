"""Asking an issuer over HTTP: the shape of what does it, whose code is at the edge."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol


class Unreachable(Exception):
    """No usable answer; `reason` is a code: `network`, `slow`, `too-large`, `not-allowed`."""

    def __init__(self, reason: Literal["network", "slow", "too-large", "not-allowed"]) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: `media` is the media type in lower case, without parameters; `fresh` for how many
    seconds it says that it may be kept (None: it does not say)."""

    status: int
    media: str
    body: bytes
    fresh: int | None = None

    def __repr__(self) -> str:
        return f"Answer({self.status}, {self.media}, {len(self.body)} bytes)"


class Fetch(Protocol):
    """One request, one answer: no redirect is followed, no proxy of the environment is used."""

    async def __call__(
        self,
        url: str,
        *,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        most: int,
        seconds: float,
    ) -> Answer:
        """GET `url`, or POST `form` to it.

        Raises Unreachable when `url` may not be asked, when the whole answer is not there within
        `seconds`, when its body, decompressed, is larger than `most` bytes, or when nobody answers.
        """
