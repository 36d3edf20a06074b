"""The kind of browser behind a User-Agent header, as one of a few words.

A session is bound to it: a cookie that turns up in another kind of browser was taken there.
"""

_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
)
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
"""In this order: most browsers also claim to be the ones further down."""

OTHER = "?"


def kind_of(agent: str) -> str:
    """`Firefox, Windows` and the like; no version, so that an update changes nothing."""
    head = agent[:512]
    browser = next((name for mark, name in _BROWSERS if mark in head), OTHER)
    system = next((name for mark, name in _SYSTEMS if mark in head), OTHER)
    return f"{browser}, {system}"
