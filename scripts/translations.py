"""Bring the French catalogue of the pages up to what the templates say.

    python scripts/translations.py          add what is new, drop what is not used
    python scripts/translations.py --check  say what is missing or unused; exit code 1 when it is

English is what templates are written in. What is added has no translation yet: write it in
`src/egide/web/locale/fr.po`; a test fails until it is there.
"""

import io
import sys
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

WEB = Path(__file__).parent.parent / "src/egide/web"
FRENCH = WEB / "locale/fr.po"
WORDS = {"_": None, "gettext": None, "ngettext": (1, 2)}
HEADER = r"""# The French of the pages: see scripts/translations.py.
msgid ""
msgstr ""
"Language: fr\n"
"MIME-Version: 1.0\n"
"Content-Type: text/plain; charset=utf-8\n"
"Content-Transfer-Encoding: 8bit\n"
"Plural-Forms: nplurals=2; plural=(n > 1);\n"

"""


def said() -> Catalog:
    """What the templates say, without where."""
    catalogue = Catalog()
    catalogue.mime_headers = [("Plural-Forms", "nplurals=2; plural=(n > 1);")]
    templates = [("**.html", "jinja2.ext:babel_extract")]
    strict = {"**.html": {"silent": "false"}}
    for _, _, message, _, _ in extract_from_dir(WEB / "templates", templates, strict, WORDS):
        catalogue.add(message)
    return catalogue


def written() -> Catalog:
    """The French catalogue as it is."""
    with FRENCH.open("rb") as file:
        return read_po(file)


def lagging() -> list[str]:
    """What is said and not translated, and what is translated and not said."""
    templates, french = said(), written()
    missing = [each.id for each in templates if each.id and not _whole(french.get(each.id))]
    unused = [each.id for each in french if each.id and each.id not in templates]
    return [f"not translated: {id}" for id in missing] + [f"not used: {id}" for id in unused]


def _whole(message: Message | None) -> bool:
    if message is None:
        return False
    text = message.string
    return bool(text) if isinstance(text, str) else len(text) == 2 and all(text)


def write(translations: Catalog) -> None:
    """Write what the templates say, each with its translation if there is one."""
    new = said()
    for message in new:
        found = translations.get(message.id) if message.id else None
        if found is not None:
            message.string = found.string
    body = io.BytesIO()
    write_po(body, new, sort_output=True, width=100, omit_header=True)
    FRENCH.write_text(HEADER + body.getvalue().decode(), "utf-8")


def main() -> int:
    """Write the catalogue, or check it."""
    if "--check" not in sys.argv[1:]:
        write(written())
    late = lagging()
    print("\n".join(late) or "complete")
    return 1 if late else 0


if __name__ == "__main__":
    sys.exit(main())
