"""How an address is found in a table of routes."""

import pytest

from egide.http import Response
from egide.http.refusals import MethodNotAllowed
from egide.http.routes import Answer, Route, Routes


async def nothing() -> Response:
    return Response(204)


def get(template: str) -> Route:
    return Route(template, {"GET": Answer(nothing)})


@pytest.fixture
def routes() -> Routes:
    return Routes(
        map(
            get,
            [
                "/",
                "/a/{type}/{id}",
                "/a/{type}/_search",
                "/a/Patient/{id}/$everything",
                "/a/{type}/{id}/$validate",
            ],
        )
    )


@pytest.mark.parametrize(
    "segments",
    [
        ("b",),
        ("a",),
        ("a", "Patient"),
        ("a", "", "1"),
        ("a", "Patient", "_other"),
        ("a", "Patient", "$other"),
        ("a", "Patient", "1", "2"),
        ("a", "Observation", "1", "$everything"),
        ("a", "{type}", "1", "2"),
        ("", "a", "Patient", "1"),
    ],
)
def test_what_is_not_in_the_table_is_not_found(routes: Routes, segments: tuple[str, ...]) -> None:
    assert routes.find(segments) is None


@pytest.mark.parametrize(
    ("segments", "template", "variables"),
    [
        (("",), "/", ()),
        (("a", "Patient", "1"), "/a/{type}/{id}", ("Patient", "1")),
        (("a", "Patient", "1", ""), "/a/{type}/{id}", ("Patient", "1")),
        (("a", "Patient", "_search"), "/a/{type}/_search", ("Patient",)),
        (("a", "Patient", "1", "$everything"), "/a/Patient/{id}/$everything", ("1",)),
        (("a", "Patient", "1", "$validate"), "/a/{type}/{id}/$validate", ("Patient", "1")),
    ],
)
def test_a_fixed_segment_wins_and_a_variable_steps_in(
    routes: Routes, segments: tuple[str, ...], template: str, variables: tuple[str, ...]
) -> None:
    found = routes.find(segments)
    assert found is not None
    assert (found.route.template, found.variables) == (template, variables)


def test_two_routes_of_one_template_are_refused(routes: Routes) -> None:
    with pytest.raises(ValueError, match="two routes"):
        routes.add(get("/a/{kind}/{name}"))


def test_a_method_that_is_not_there_is_refused_with_those_that_are() -> None:
    route = Route("/a", {"GET": Answer(nothing), "POST": Answer(nothing)})
    with pytest.raises(MethodNotAllowed) as refused:
        route.answer("DELETE")
    assert refused.value.headers == ((b"allow", b"GET, POST, HEAD"),)


def test_head_is_answered_where_get_is() -> None:
    route = get("/a")
    assert route.answer("HEAD") is route.answer("GET")
    with pytest.raises(MethodNotAllowed):
        Route("/a", {"POST": Answer(nothing)}).answer("HEAD")
