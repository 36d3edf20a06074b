"""Text as search compares it: without case, accents, punctuation or spaces.

https://hl7.org/fhir/R4/search.html#string asks that case, combining marks, punctuation and
non-significant white space be ignored, and that the parts of a family name be found one by one.
Hyphens, apostrophes and spaces are where the spellings of one French name differ
(`D'ALMEIDA`, `D ALMEIDA`, `DALMEIDA`), so all of them go.

The rule, which index and query share: NFKD, marks dropped, casefold, the letters without a
decomposition spelled out (`œ` → `oe`), then letters and digits only. A text that has none keeps
its signs, so that a search for `+++` finds `+++` and not everything.
"""

import re
import unicodedata
from functools import lru_cache

_SPELLED = str.maketrans(
    {"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}
)
_WORDS = re.compile(r"[^\W_]+")


@lru_cache(maxsize=16_384)
def normalise(text: str) -> str:
    """`text` as it is compared: `Jean-Pierre` and `JEAN PIERRE` both give `jeanpierre`."""
    if text.isascii() and text.isalnum():
        return text.lower()
    folded = fold(text)
    return "".join(_WORDS.findall(folded)) or folded


@lru_cache(maxsize=16_384)
def starts(text: str) -> tuple[str, ...]:
    """The normalised text from each of its words on: what a name search may begin with.

    `Carreno Quiñones` gives `carrenoquinones` and `quinones`. An apostrophe begins a word, but
    leaves no gap: `D'Artagnan` gives `dartagnan` and `artagnan`.
    """
    if text.isascii() and text.isalnum():
        return (text.lower(),)
    words = _WORDS.findall(fold(text))
    if len(words) < 2:
        return (normalise(text),)
    return tuple(dict.fromkeys("".join(words[at:]) for at in range(len(words))))


def words(text: str) -> tuple[str, ...]:
    """Each word of `text`, without case and accents: `Sœur d'Élie` gives `soeur`, `d`, `elie`."""
    return tuple(_WORDS.findall(fold(text)))


def fold(text: str) -> str:
    """`text` without case and accents, its punctuation and spaces kept."""
    bare = unicodedata.normalize("NFKD", text)
    if not bare.isascii():
        bare = "".join(mark for mark in bare if not unicodedata.combining(mark))
    folded = bare.casefold()
    return folded if folded.isascii() else folded.translate(_SPELLED)


_SOUNDS = {
    letter: str(sound)
    for sound, letters in enumerate(("bfpv", "cgjkqsxz", "dt", "l", "mn", "r"), 1)
    for letter in letters
}


def phonetic(text: str) -> frozenset[str]:
    """How each word of `text` sounds, by Soundex: `Lefèvre` and `Lefebvre` are both `l116`."""
    return frozenset(_soundex(word) for word in _WORDS.findall(fold(text)))


def _soundex(word: str) -> str:
    code, last = word[0], _SOUNDS.get(word[0], "")
    for letter in word[1:]:
        sound = _SOUNDS.get(letter, "")
        if sound and sound != last:
            code += sound
        if letter not in "hw":
            last = sound
    return code[:4].ljust(4, "0")
