"""What pages let a browser do, and the small parts around it."""

import pytest
import segno
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.web.visiting import requesting

from egide.errors import Incorrect, NotFound
from egide.web.addresses import local, with_query
from egide.web.assets import Assets
from egide.web.cookies import Cookies
from egide.web.failure import wants_page
from egide.web.forms import FormRefused, Forms, once
from egide.web.policy import content_security
from egide.web.qr import drawing


@pytest.mark.parametrize(
    "source", ["https://a.example; script-src *", "*", "'unsafe-inline'", "a b", "é", "a,b", "a\nb"]
)
def test_a_place_that_could_say_more_than_itself_is_refused(source: str) -> None:
    with pytest.raises(ValueError, match="not one origin"):
        content_security(onward=[source])


def test_a_script_and_a_way_on_are_in_the_policy_of_their_page_alone() -> None:
    assert b"script" not in content_security()[1]
    assert b"script-src 'self';" in content_security(script=True)[1]
    assert (
        b"form-action 'self' https://a.example;"
        in content_security(onward=["https://a.example"])[1]
    )


@given(st.text(max_size=40))
def test_a_place_taken_is_a_path_on_this_server(text: str) -> None:
    taken = local(text, "/otherwise")
    assert taken == "/otherwise" or (taken == text and taken.startswith("/"))
    assert not taken.startswith(("//", "/\\"))
    assert taken.isascii() and taken.isprintable() and " " not in taken


def test_a_query_keeps_what_it_had_and_replaces_its_own() -> None:
    assert with_query("/a?x=1&lang=fr&y=", lang="en") == "/a?x=1&y=&lang=en"


@given(st.text(max_size=30))
def test_a_cookie_never_ends_a_header(value: str) -> None:
    cookies = Cookies({}, secure=True)
    try:
        cookies.put("visit", value)
    except ValueError:
        assert cookies.headers == []
    else:
        [(name, line)] = cookies.headers
        assert name == b"set-cookie" and line.count(b";") == 4
        assert line.isascii() and b"\r" not in line and b"\n" not in line


def test_a_cookie_that_is_there_twice_counts_for_nothing() -> None:
    header = b"__Host-egide-session=aaa; __Host-egide-session=bbb; egide-session=ccc"
    assert Cookies.read(header, secure=True).get("session") is None


def test_a_cookie_without_the_prefix_counts_for_nothing_under_https() -> None:
    assert Cookies.read(b"egide-session=aaa", secure=True).get("session") is None
    assert Cookies.read(b"egide-session=aaa", secure=False).get("session") == "aaa"


@given(st.text("ab/", max_size=8), st.text("ab/", max_size=8))
def test_a_token_tells_binding_and_action_apart(binding: str, action: str) -> None:
    forms = Forms(bytes(32))
    token = forms.token(binding, action)
    forms.check(token, binding, action)
    for other in ((binding + "a", action), (binding, action + "a"), (action + "c", binding)):
        with pytest.raises(FormRefused):
            forms.check(token, *other)


def test_another_key_makes_other_tokens() -> None:
    assert Forms(bytes(32)).token("a", "/b") != Forms(b"k" * 32).token("a", "/b")


@pytest.mark.parametrize("token, binding", [(None, "a"), ("x", None), ("", "a"), ("é", "a")])
def test_no_token_and_no_cookie_are_refused(token: str | None, binding: str | None) -> None:
    with pytest.raises(FormRefused):
        Forms(bytes(32)).check(token, binding, "/b")


def test_a_field_given_twice_is_refused() -> None:
    with pytest.raises(Incorrect):
        once([("a", "1"), ("a", "1")])


def test_a_file_has_another_address_when_it_changes() -> None:
    one, other = Assets({"a.css": b"x"}), Assets({"a.css": b"y"})
    assert one.address("a.css") != other.address("a.css")
    with pytest.raises(NotFound):
        other.answer(one.address("a.css").rpartition("/")[2])


@pytest.mark.parametrize(
    "path, accept, page",
    [
        ("/none", "text/html,application/xhtml+xml", True),
        ("/none", "TEXT/HTML;q=0.5, */*", True),
        ("/none", "*/*", False),
        ("/none", "application/fhir+json, text/html;q=0", False),
        ("/none", "text/html;q=0.0", False),
        ("/none", "text/htmlx", False),
        ("/fhir/Patient/1", "text/html", False),
        ("/health/ready", "text/html", False),
        ("/%ff", "text/html", True),
    ],
)
def test_who_reads_pages_is_seen_by_address_and_accept(path: str, accept: str, page: bool) -> None:
    assert wants_page(requesting(path, accept=accept)) is page


def test_a_drawn_code_is_the_code() -> None:
    text = "otpauth://totp/%C3%89gide:exemple?secret=ABCDEFGHIJKLMNOP&issuer=%C3%89gide"
    drawn = drawing(text)
    dark = set()
    for piece in drawn.path.split("M")[1:]:
        place, _, rest = piece.partition("h")
        x, y = map(int, place.split())
        dark |= {(x + step, y) for step in range(int(rest.partition("v")[0]))}
    matrix = segno.make_qr(text, error="m").matrix
    expected = {
        (x + 4, y + 4) for y, row in enumerate(matrix) for x, module in enumerate(row) if module
    }
    assert dark == expected
    assert drawn.side == len(matrix) + 8
