"""Which format goes in and out, and in which language errors are said.

https://hl7.org/fhir/R4/http.html#mime-type, https://hl7.org/fhir/R4/versioning.html#mt-version.
JSON only; FHIR 4.0 only; UTF-8 only. `_format` wins over Accept.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from egide.http.messages import Language
from egide.http.refusals import MediaTypeUnsupported, NotAcceptable

FHIR_JSON = b"application/fhir+json; charset=utf-8"
PLAIN_JSON = b"application/json; charset=utf-8"
_WRITTEN = {"application/fhir+json": FHIR_JSON, "application/json": PLAIN_JSON}
_SHORT = {
    "json": FHIR_JSON,
    "text/json": FHIR_JSON,
    # An unencoded plus in a query is a space.
    "application/fhir json": FHIR_JSON,
}
_VERSIONS = frozenset({"4.0", "4.0.1"})
_ONLY_JSON = "This server writes FHIR 4.0 as JSON (application/fhir+json), no other format"
_PART = re.compile(r'\s*;\s*([!#-\'*+\-.^-`|~\w]+)=(?:"([^"\\]*)"|([^\s;,"]+))\s*')
_TYPE = re.compile(r"\s*([!#-'*+\-.^-`|~\w]+/[!#-'*+\-.^-`|~\w]+|\*)\s*")


class MediaType(NamedTuple):
    """`application/fhir+json; fhirVersion=4.0`, taken apart; names in lower case."""

    name: str
    parameters: dict[str, str]


def media_type(text: str) -> MediaType | None:
    """https://www.rfc-editor.org/rfc/rfc9110#section-8.3.1; None when it is not one."""
    found = _TYPE.match(text)
    if found is None:
        return None
    parameters: dict[str, str] = {}
    at = found.end()
    while at < len(text):
        part = _PART.match(text, at)
        if part is None:
            return None
        parameters[part[1].lower()] = part[2] if part[2] is not None else part[3]
        at = part.end()
    return MediaType(found[1].lower(), parameters)


def written(accept: bytes | None, format: str | None = None) -> bytes:
    """The content type to answer in, from the Accept header and the `_format` parameter.

    Raises NotAcceptable.
    """
    if format:
        if len(format) > 200:
            raise NotAcceptable(_ONLY_JSON)
        return _by_format(format)
    if accept is None or accept == b"*/*":
        return FHIR_JSON
    return _by_accept(accept[:1000])


@lru_cache(maxsize=256)
def _by_format(format: str) -> bytes:
    if format.lower() in _SHORT:
        return _SHORT[format.lower()]
    asked = media_type(format)
    if asked is None or asked.name not in {*_WRITTEN, *_SHORT}:
        raise NotAcceptable(_ONLY_JSON)
    if asked.parameters.get("fhirversion", "4.0") not in _VERSIONS:
        raise NotAcceptable(_ONLY_JSON)
    return _WRITTEN.get(asked.name, FHIR_JSON)


@lru_cache(maxsize=1024)
def _by_accept(accept: bytes) -> bytes:
    """https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1: the most specific range decides."""
    best: dict[str, tuple[int, float]] = {}
    for text in accept.decode("latin-1").split(","):
        asked = media_type(text)
        if asked is None or asked.parameters.get("fhirversion", "4.0") not in _VERSIONS:
            continue
        quality = _quality(asked.parameters.get("q", "1"))
        for name in _WRITTEN:
            rank = {name: 3, "application/*": 2, "*/*": 1, "*": 1}.get(asked.name, 0)
            if rank > best.get(name, (0, 0.0))[0]:
                best[name] = (rank, quality)
    wanted = [(quality, name) for name, (_, quality) in best.items() if quality > 0]
    if not wanted:
        raise NotAcceptable(_ONLY_JSON)
    highest = max(quality for quality, _ in wanted)
    names = [name for quality, name in wanted if quality == highest]
    return _WRITTEN["application/fhir+json" if "application/fhir+json" in names else names[0]]


def _quality(text: str) -> float:
    return float(text) if re.fullmatch(r"0(\.\d{0,3})?|1(\.0{0,3})?", text) else 0.0


FHIR_BODIES = frozenset({"application/fhir+json", "application/json"})


def check_body(content_type: bytes | None, taken: frozenset[str] = FHIR_BODIES) -> None:
    """Refuses a body whose Content-Type is not in `taken`, not UTF-8 or not FHIR 4.0.

    Raises MediaTypeUnsupported.
    """
    if content_type is None or len(content_type) > 200 or not _readable(content_type, taken):
        names = " or ".join(sorted(taken))
        raise MediaTypeUnsupported(f"The body must be {names}, in UTF-8")


@lru_cache(maxsize=256)
def _readable(content_type: bytes, taken: frozenset[str]) -> bool:
    sent = media_type(content_type.decode("latin-1"))
    return (
        sent is not None
        and sent.name in taken
        and sent.parameters.get("charset", "utf-8").lower() in ("utf-8", "utf8", "us-ascii")
        and sent.parameters.get("fhirversion", "4.0") in _VERSIONS
    )


def language(accept_language: bytes | None) -> Language:
    """French or English, whichever the client prefers; English when it does not say."""
    if accept_language is None:
        return "en"
    return _language(accept_language[:200])


@lru_cache(maxsize=256)
def _language(accept_language: bytes) -> Language:
    best = {"en": 0.0, "fr": 0.0}
    for text in accept_language.decode("latin-1").split(","):
        tag, _, quality = text.partition(";")
        name = tag.strip().lower().partition("-")[0]
        value = _quality(quality.strip().removeprefix("q=").strip()) if quality else 1.0
        if name in best:
            best[name] = max(best[name], value)
    return "fr" if best["fr"] > best["en"] else "en"
