"""Narratives: a well-formed XHTML `div` holding R4's formatting and nothing active.

https://hl7.org/fhir/R4/narrative.html. Parsed by expat without external entities; what the
standard's text forbids, and what an HTML parser would read differently from an XML parser
(comments that end early, CDATA), is refused.
"""

import html
import re
from typing import Literal
from xml.parsers import expat

XHTML = "http://www.w3.org/1999/xhtml"

_PLAIN = re.compile(rf'<div xmlns="{XHTML}">(?=\s*[^<>&\s])[^<>&\ufffe\uffff]*</div>\Z')
"""The simplest narrative, text without elements: no parser is needed."""


_TAG = re.compile(r"""<!--.*?-->|<(?:[^"'>]|"[^"]*"|'[^']*')*>""", re.DOTALL)


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ELEMENTS = _names(
    # HTML 4.0 chapters 7 to 11 (but 9.4) and 15, links and images
    """a abbr acronym address area b bdo big blockquote br caption cite code col colgroup dd dfn
    div dl dt em h1 h2 h3 h4 h5 h6 hr i img kbd li map ol p pre q samp small span strong sub sup
    table tbody td tfoot th thead tr tt ul var"""
)
_ATTRIBUTES = _names(
    """abbr accesskey align axis char charoff class colspan dir headers id lang rowspan scope span
    style tabindex title valign width"""
)
_OWN_ATTRIBUTES = {
    "a": _names("charset coords href hreflang name rel rev shape type"),
    "area": _names("alt coords href nohref shape"),
    "blockquote": _names("cite"),
    "br": _names("clear"),
    "hr": _names("noshade size"),
    "img": _names("alt border height ismap longdesc src usemap"),
    "li": _names("type value"),
    "map": _names("name"),
    "ol": _names("compact start type"),
    "q": _names("cite"),
    "table": _names("bgcolor border cellpadding cellspacing frame rules summary"),
    "td": _names("bgcolor height nowrap"),
    "th": _names("bgcolor height nowrap"),
    "tr": _names("bgcolor"),
    "ul": _names("compact type"),
}
_ADDRESSES = frozenset({"href", "src", "cite", "longdesc", "usemap"})
_ACTIVE = re.compile(r"(?:javascript|vbscript|livescript|data)\s*:", re.IGNORECASE)
_IMAGE_DATA = re.compile(r"data:image/(?:gif|jpeg|png|webp|bmp)[;,]", re.IGNORECASE)
_ACTIVE_STYLE = re.compile(
    r"expression\s*\(|javascript:|vbscript:|@import|behaviou?r\s*:|-moz-binding", re.IGNORECASE
)
_SPACE = re.compile(r"[\x00-\x20]+")

Rule = Literal["form", "txt-1", "txt-2"]


class _Refused(Exception):
    def __init__(self, rule: Rule, reason: str) -> None:
        super().__init__(reason)
        self.rule: Rule = rule
        self.reason = reason


class _Reader:
    """What expat calls while it reads one narrative."""

    def __init__(self) -> None:
        self.depth = 0
        self.content = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        namespace, _, local = name.rpartition(" ")
        if self.depth == 0 and (namespace != XHTML or local != "div"):
            raise _Refused("form", "the narrative must be a div in the XHTML namespace")
        if namespace != XHTML or local not in _ELEMENTS:
            raise _Refused("txt-1", "the narrative holds an element that R4 does not allow")
        self.depth += 1
        self.content = self.content or local == "img"
        own = _OWN_ATTRIBUTES.get(local, frozenset())
        for attribute, value in attributes.items():
            self._attribute(attribute, value, own)

    def _attribute(self, name: str, value: str, own: frozenset[str]) -> None:
        if name in ("http://www.w3.org/XML/1998/namespace lang",):
            return
        if name not in _ATTRIBUTES and name not in own:
            raise _Refused("txt-1", "the narrative holds an attribute that R4 does not allow")
        if name in _ADDRESSES:
            address = _SPACE.sub("", value)
            if _ACTIVE.match(address) and not (name == "src" and _IMAGE_DATA.match(address)):
                raise _Refused("txt-1", "the narrative holds an active link")
        elif name == "style" and _ACTIVE_STYLE.search(value):
            raise _Refused("txt-1", "the narrative holds an active style")

    def end(self, name: str) -> None:
        self.depth -= 1

    def text(self, data: str) -> None:
        self.content = self.content or not data.isspace()

    def comment(self, data: str) -> None:
        if data.startswith((">", "->")) or "--!" in data:
            raise _Refused("txt-1", "the narrative holds a comment that ends differently in HTML")

    def refuse(self, *_: object) -> None:
        raise _Refused("txt-1", "the narrative may hold only elements, text and comments")


def text_of(div: str) -> str:
    """What a person reads in a valid `Narrative.div`; a tag leaves a space."""
    return html.unescape(_TAG.sub(" ", div))


def problem(div: str) -> tuple[Rule, str] | None:
    """What is wrong with the text of `Narrative.div`: the rule broken and why; None: nothing."""
    if _PLAIN.match(div):
        return None
    reader = _Reader()
    parser = expat.ParserCreate("utf-8", " ")
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.CommentHandler = reader.comment
    parser.ProcessingInstructionHandler = reader.refuse
    parser.StartCdataSectionHandler = reader.refuse
    parser.StartDoctypeDeclHandler = reader.refuse
    parser.XmlDeclHandler = reader.refuse
    try:
        parser.Parse(div.encode(), True)
    except _Refused as refused:
        return refused.rule, refused.reason
    except (expat.ExpatError, UnicodeEncodeError):
        return "form", "the narrative is not well-formed XML"
    if not reader.content:
        return "txt-2", "the narrative has neither text nor an image"
    return None
