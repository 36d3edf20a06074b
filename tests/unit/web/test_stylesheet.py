"""The stylesheet keeps to the rules of the design, and holds what the templates ask for."""

import re
from pathlib import Path

import egide.web

WEB = Path(egide.web.__file__).parent
CSS = re.sub(r"/\*.*?\*/", "", (WEB / "static/egide.css").read_text("utf-8"), flags=re.DOTALL)
MOST = 25_000


LAYER = re.compile(r"^@layer (\w+) \{$(.*?)^\}\n(?=\n@layer|\Z)", re.DOTALL | re.MULTILINE)
LAYERS = dict(LAYER.findall(CSS))


def test_it_is_one_file_and_small() -> None:
    assert [path.name for path in (WEB / "static").glob("*.css")] == ["egide.css"]
    assert (WEB / "static/egide.css").stat().st_size < MOST


def test_everything_is_in_a_cascade_layer() -> None:
    assert LAYER.sub("", CSS).strip() == ("@layer reset, tokens, base, layout, components, media;")
    assert list(LAYERS) == ["reset", "tokens", "base", "layout", "components", "media"]


def test_a_colour_is_a_token() -> None:
    named = (
        r"#[0-9a-fA-F]{3,8}\b|\brgb\(|\bhsl\(|\boklch\(|\b(?:white|black|red|blue|grey)(?![\w-])"
    )
    assert len(re.findall(named, LAYERS["tokens"])) > 30
    assert {name: re.findall(named, body) for name, body in LAYERS.items() if name != "tokens"} == {
        name: [] for name in LAYERS if name != "tokens"
    }


def test_sides_are_logical() -> None:
    sides = r"(?:margin|padding|border)-(?:left|right|top|bottom)\b"
    places = r"[;{ ](?:left|right|top|bottom|width|height|(?:min|max)-(?:width|height)):"
    without_queries = re.sub(r"@media [^{]*", "", CSS)
    assert re.findall(f"{sides}|{places}", without_queries) == []


def test_every_token_that_is_used_exists_and_every_one_that_exists_is_used() -> None:
    made = set(re.findall(r"(--[a-z0-9-]+):", CSS))
    used = set(re.findall(r"var\((--[a-z0-9-]+)", CSS))
    assert used <= made
    assert made <= used


def test_every_class_of_a_template_has_a_rule_and_every_rule_a_template() -> None:
    asked: set[str] = set()
    for path in (WEB / "templates").glob("*.html"):
        for value in re.findall(r'class="([^"]*)"', _plain(path.read_text("utf-8"))):
            asked |= set(value.split())
    ruled = set(re.findall(r"\.([a-z][a-z0-9-]*)", re.sub(r"[\d.]+(?:rem|em|px|s)\b", "", CSS)))
    assert asked - ruled == set()
    assert ruled - asked == set()


def _plain(template: str) -> str:
    """A template with both sides of its conditions."""
    return re.sub(r"\{%.*?%\}|\{\{.*?\}\}", " ", template)
