"""Security labels of a body, read without parsing where there are none.

https://hl7.org/fhir/R4/security-labels.html
"""

from egide import fhir


def labels_of(body: bytes) -> frozenset[str]:
    """The labels in `meta.security` of canonical JSON, each as `system|code`."""
    if b'"security":' not in body:
        return frozenset()
    meta = fhir.parse(body).get("meta", {})
    return frozenset(
        f"{coding.get('system', '')}|{coding.get('code', '')}"
        for coding in meta.get("security", ())
    )
