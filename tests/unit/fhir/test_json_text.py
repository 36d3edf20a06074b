"""JSON as text: depth, exact reading."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egide.fhir import Invalid
from egide.fhir.json_text import DEPTH, Number, compact, is_too_deep, read


def nested(levels, inner=b"1"):
    return b"[" * levels + inner + b"]" * levels


def test_the_limit_of_depth_is_exact():
    assert not is_too_deep(nested(DEPTH))
    assert is_too_deep(nested(DEPTH + 1))
    assert is_too_deep(b'{"a":' * (DEPTH + 1) + b"1" + b"}" * (DEPTH + 1))


def test_brackets_in_strings_are_not_depth():
    assert not is_too_deep(b'["' + b"[{" * 200 + rb"\"[" + b'"' + b",[]" * 100 + b"]")


def test_many_siblings_are_not_depth():
    assert not is_too_deep(b"[" + b",".join([nested(10)] * 1000) + b"]")


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.text('[]{}"\\a'),
        lambda s: st.lists(s) | st.dictionaries(st.text("[{"), s),
        max_leaves=40,
    )
)
def test_depth_is_what_a_parser_counts(value):
    def depth(node):
        if isinstance(node, dict):
            node = list(node.values())
        return 1 + max(map(depth, node), default=0) if isinstance(node, list) else 0

    wrapped = json.dumps(value).encode()
    levels = DEPTH - depth(value)
    assert not is_too_deep(nested(levels, wrapped))
    assert is_too_deep(nested(levels + 1, wrapped))


def test_numbers_are_read_as_they_are_written():
    assert read(b"[1.50,-0,1E5]") == ["1.50", "-0", "1E5"]
    assert all(isinstance(number, Number) for number in read(b"[1.50,-0,1E5]"))


def test_repeated_properties_are_remembered():
    tree = read(b'{"a":{"b":1,"c":2,"b":3,"c":4,"d":5},"a2":1}')
    assert tree.repeated == ()
    assert tree["a"].repeated == ("b", "c")


def test_compacting_changes_nothing_but_white_space():
    raw = b' { "a" : [ 1.50 , "x y" ] ,\n "a" : "\\u00e9" } '
    assert compact(raw) == b'{"a":[1.50,"x y"],"a":"\\u00e9"}'


def test_a_syntax_error_is_placed_without_quoting_the_body():
    with pytest.raises(Invalid) as caught:
        read(b'{"name":\n "secret" oops}')
    assert "line 2, column 11" in caught.value.message
    assert "secret" not in caught.value.message
