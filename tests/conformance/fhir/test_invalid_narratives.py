"""Narratives that are not a safe XHTML div. https://hl7.org/fhir/R4/narrative.html"""

import pytest

OPEN = '<div xmlns="http://www.w3.org/1999/xhtml">'


def narrative(div):
    return {"resourceType": "Patient", "text": {"status": "generated", "div": div}}


def inside(xml):
    return f"{OPEN}{xml}</div>"


# name: (div, issue code)
CASES = {
    "plain text": ("hello", "invalid"),
    "no namespace": ("<div>a</div>", "invalid"),
    "another namespace": ('<div xmlns="http://www.w3.org/2000/svg">a</div>', "invalid"),
    "another root": ('<p xmlns="http://www.w3.org/1999/xhtml">a</p>', "invalid"),
    "a whole page": (
        '<html xmlns="http://www.w3.org/1999/xhtml"><body><div>a</div></body></html>',
        "invalid",
    ),
    "an element not closed": (inside("<p>a"), "invalid"),
    "elements that overlap": (inside("<b><i>a</b></i>"), "invalid"),
    "the end missing": (OPEN + "a", "invalid"),
    "two divs": (inside("a") + inside("b"), "invalid"),
    "text after the end": (inside("a") + "b", "invalid"),
    "a bare ampersand": (inside("a & b"), "invalid"),
    "an entity of HTML": (inside("a&nbsp;b"), "invalid"),
    "a bare less-than": (inside("1 < 2"), "invalid"),
    "an attribute without quotes": (inside("<p class=a>b</p>"), "invalid"),
    "an attribute twice": (inside('<p id="a" id="b">b</p>'), "invalid"),
    "nothing in it": (inside(""), "invariant"),
    "only white space": (inside(" \n "), "invariant"),
    "only empty elements": (inside("<p/><br/>"), "invariant"),
    "a script": (inside("a<script>alert(1)</script>"), "invariant"),
    "a script in another case": (inside("a<SCRIPT>alert(1)</SCRIPT>"), "invariant"),
    "a style sheet": (inside("a<style>p{}</style>"), "invariant"),
    "a link to a style sheet": (inside('a<link rel="stylesheet" href="x"/>'), "invariant"),
    "a form": (inside('<form action="x"><p>a</p></form>'), "invariant"),
    "an input": (inside('a<input type="text"/>'), "invariant"),
    "a frame": (inside('a<iframe src="x"></iframe>'), "invariant"),
    "an object": (inside('a<object data="x"/>'), "invariant"),
    "a picture of SVG": (inside('a<svg xmlns="http://www.w3.org/2000/svg"/>'), "invariant"),
    "an event": (inside('<p onclick="alert(1)">a</p>'), "invariant"),
    "an event of a picture": (inside('<img src="x" onerror="alert(1)"/>'), "invariant"),
    "a link that runs": (inside('<a href="javascript:alert(1)">a</a>'), "invariant"),
    "a link that runs, disguised": (
        inside('<a href=" jAva&#10;script:alert(1)">a</a>'),
        "invariant",
    ),
    "a link to data": (inside('<a href="data:text/html,a">a</a>'), "invariant"),
    "a style that runs": (inside('<p style="width: expression(alert(1))">a</p>'), "invariant"),
    "a document type": ("<!DOCTYPE div>" + inside("a"), "invariant"),
    "an entity of its own": (
        '<!DOCTYPE div [<!ENTITY x "y">]>' + inside("&x;"),
        "invariant",
    ),
    "an entity from a file": (
        '<!DOCTYPE div [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + inside("&x;"),
        "invariant",
    ),
    "a processing instruction": (inside("a<?php 1?>"), "invariant"),
    "a CDATA section": (inside("<![CDATA[<script>]]>"), "invariant"),
    "a comment that HTML ends sooner": (inside("a<!--><b>x</b>-->"), "invariant"),
    "an attribute of another namespace": (
        inside('<a xmlns:x="http://www.w3.org/1999/xlink" x:href="y">a</a>'),
        "invariant",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_it_is_refused_where_and_for_what_it_is(name, refusal):
    div, code = CASES[name]
    assert refusal(narrative(div)) == [(code, "Patient.text.div")]


@pytest.mark.parametrize(
    "xml",
    [
        "a",
        "<p>a <b>b</b></p>",
        '<table class="grid"><tbody><tr><td colspan="2">a</td></tr></tbody></table>',
        '<img src="#picture" alt="a"/>',
        '<img src="data:image/png;base64,QUJD"/>',
        '<a href="https://example.org">a</a><a name="b"/>',
        '<p style="color: gray" title="t" xml:lang="fr" lang="fr">a</p>',
        "a &lt; b &amp; c &#160; &#xA0;",
        "a<!-- a comment -->",
        "<ul><li>a</li></ul><hr/><pre>b</pre>",
    ],
)
def test_formatting_that_r4_allows_is_taken(xml, accepted):
    accepted(narrative(inside(xml)))
