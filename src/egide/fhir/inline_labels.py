"""Inline security labels: what DS4P writes at an element, by an extension there.

https://hl7.org/fhir/uv/security-label-ds4p/inline_security_labels.html
"""

from collections.abc import Iterator
from typing import Any

URL = "http://hl7.org/fhir/uv/security-label-ds4p/StructureDefinition/extension-inline-sec-label"
MARK = "PROCESSINLINELABEL"
"""The code of the label that a resource with such elements carries itself."""


def inline_labels(node: Any) -> Iterator[tuple[str, str]]:
    """(system, code) of each label at an element of `node`, decoded JSON, or within it."""
    if isinstance(node, list):
        for each in node:
            yield from inline_labels(each)
    elif isinstance(node, dict):
        coding = node.get("valueCoding")
        if node.get("url") == URL and isinstance(coding, dict):
            yield str(coding.get("system", "")), str(coding.get("code", ""))
        for each in node.values():
            if isinstance(each, list | dict):
                yield from inline_labels(each)
