"""Security labels of a body, read without parsing where there are none.

https://hl7.org/fhir/R4/security-labels.html. Those of a document's content, which DMP and MHD put
in DocumentReference.securityLabel, count as the resource's own.
"""

import msgspec

_ON_DOCUMENTS = frozenset({"DocumentReference", "DocumentManifest"})


class _Coding(msgspec.Struct):
    system: str = ""
    code: str = ""

    def __str__(self) -> str:
        return f"{self.system}|{self.code}"


class _Concept(msgspec.Struct):
    coding: list[_Coding] = []


class _Meta(msgspec.Struct):
    security: list[_Coding] = []


class _Labelled(msgspec.Struct):
    meta: _Meta = msgspec.field(default_factory=_Meta)


class _Document(_Labelled):
    securityLabel: list[_Concept] = []  # noqa: N815 - FHIR's name


_labelled = msgspec.json.Decoder(_Labelled).decode
_document = msgspec.json.Decoder(_Document).decode


def labels_of(type: str, body: bytes) -> frozenset[str]:
    """The labels of canonical JSON of a resource of `type`, each as `system|code`."""
    if b'"security' not in body:
        return frozenset()
    if type not in _ON_DOCUMENTS:
        return frozenset(map(str, _labelled(body).meta.security))
    read = _document(body)
    marked = (each for concept in read.securityLabel for each in concept.coding)
    return frozenset(map(str, (*read.meta.security, *marked)))
