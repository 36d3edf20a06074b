"""What the tables of invalid inputs share."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from egide.fhir import Invalid, decode, encode, parse

Refusal = Callable[..., list[tuple[str, str]]]


@pytest.fixture
def refusal() -> Refusal:
    """Decodes what must be refused; the (code, expression) of every finding, in order."""

    def of(body: Any, **options: Any) -> list[tuple[str, str]]:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        with pytest.raises(Invalid) as caught:
            decode(raw, **options)
        return [(issue.code, issue.expression) for issue in caught.value.issues]

    return of


@pytest.fixture
def accepted() -> Callable[..., None]:
    """Decodes what must be taken, and finds it unchanged."""

    def of(body: Any, **options: Any) -> None:
        resource = decode(json.dumps(body).encode(), **options)
        kept = encode(resource, id="x", version=1, updated=datetime(2020, 1, 1, tzinfo=UTC))
        assert {**parse(kept), "id": 0, "meta": 0} == {**body, "id": 0, "meta": 0}

    return of
