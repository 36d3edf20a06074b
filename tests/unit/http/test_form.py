"""Names and values of queries and forms, read strictly."""

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egide.errors import Incorrect
from egide.http.form import pairs, plain


@pytest.mark.parametrize(
    "encoded",
    [b"a=%", b"a=%2", b"a=%zz", b"a=%ff", b"a=\xff", b"%c3=1", b"a=%00", b"a=b%0a", b"a\x1b"],
)
def test_what_is_not_a_form_is_refused_without_quoting_it(encoded: bytes) -> None:
    with pytest.raises(Incorrect) as caught:
        pairs(encoded)
    assert "a=" not in caught.value.message


def test_too_many_parameters_are_refused() -> None:
    assert len(pairs(b"&".join([b"a=1"] * 10), 10)) == 10
    with pytest.raises(Incorrect):
        pairs(b"&".join([b"a=1"] * 11), 10)


@pytest.mark.parametrize(
    ("encoded", "expected"),
    [
        (b"", []),
        (b"a=1&b=2&a=3", [("a", "1"), ("b", "2"), ("a", "3")]),
        (b"a=&b", [("a", ""), ("b", "")]),
        (b"&&a=1&", [("a", "1")]),
        (b"a=b=c", [("a", "b=c")]),
        (b"a=b+c%2Bd", [("a", "b c+d")]),
        (b"n%C3%A9=%C3%A9t%C3%A9", [("né", "été")]),
        ("né=été".encode(), [("né", "été")]),
        (b"a=%26%3D", [("a", "&=")]),
        (b"code=http://loinc.org|4548-4", [("code", "http://loinc.org|4548-4")]),
    ],
)
def test_a_form_is_read_in_order(encoded: bytes, expected: list[tuple[str, str]]) -> None:
    assert pairs(encoded) == expected


def test_a_plus_in_a_path_is_a_plus() -> None:
    assert plain(b"a+b%20c", plus=False) == "a+b c"


texts = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]), max_size=20)


@given(st.lists(st.tuples(texts.filter(bool), texts), max_size=10))
def test_what_is_encoded_reads_back(given_pairs: list[tuple[str, str]]) -> None:
    assert pairs(urlencode(given_pairs).encode()) == given_pairs
