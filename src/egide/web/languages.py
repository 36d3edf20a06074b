"""French and English: which one a page is in, and its words.

Words are looked up as gettext does (https://www.gnu.org/software/gettext/manual/). English is what
templates are written in; the French catalogue lies in `locale/` and is read when the process
starts, so that there is no compiled file to forget.
"""

import io
from importlib.resources import files

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

from egide.http.messages import Language
from egide.http.negotiation import language

DEFAULT: Language = "fr"
"""For a browser that does not say: the pages are a French hospital's."""

_NAMED: dict[str, Language] = {"fr": "fr", "en": "en"}
OTHER: dict[Language, Language] = {"fr": "en", "en": "fr"}


def chosen(asked: str | None, kept: str | None, accept: bytes | None) -> Language:
    """The language of a page: what the address asks, what the cookie kept, what Accept prefers."""
    named = _NAMED.get(asked or "") or _NAMED.get(kept or "")
    if named is not None:
        return named
    return DEFAULT if accept is None else language(accept)


def catalogue(spoken: Language) -> NullTranslations:
    """The words of a language."""
    if spoken == "en":
        return NullTranslations()
    source = (files("egide.web") / "locale" / f"{spoken}.po").read_bytes()
    compiled = io.BytesIO()
    write_mo(compiled, read_po(io.BytesIO(source), locale=spoken))
    compiled.seek(0)
    return Translations(compiled)
