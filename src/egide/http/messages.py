"""What went wrong, in the reader's language: one sentence a category, in English and in French."""

from collections.abc import Mapping
from typing import Literal

from egide.errors import Category

Language = Literal["en", "fr"]

MESSAGES: Mapping[Category, Mapping[Language, str]] = {
    "incorrect": {
        "en": "The request cannot be understood or breaks a rule of the standard.",
        "fr": "La requête est incompréhensible ou enfreint une règle du standard.",
    },
    "unauthenticated": {
        "en": "A valid access token is needed.",
        "fr": "Un jeton d’accès valide est nécessaire.",
    },
    "forbidden": {
        "en": "You are not allowed to do this.",
        "fr": "Vous n’avez pas le droit de faire cela.",
    },
    "not_found": {
        "en": "There is nothing here, or nothing for you.",
        "fr": "Il n’y a rien ici, ou rien pour vous.",
    },
    "gone": {
        "en": "It was here and has been deleted.",
        "fr": "C’était ici et cela a été supprimé.",
    },
    "conflict": {
        "en": "Somebody else changed it first.",
        "fr": "Quelqu’un d’autre l’a modifié avant vous.",
    },
    "precondition": {
        "en": "The version you named is not the current one.",
        "fr": "La version indiquée n’est pas la version courante.",
    },
    "unsupported": {
        "en": "This server does not do this.",
        "fr": "Ce serveur ne sait pas faire cela.",
    },
    "too_large": {
        "en": "This is more than this server takes at once.",
        "fr": "C’est plus que ce serveur n’accepte en une fois.",
    },
    "too_costly": {
        "en": "This question needs more work than one request may cause; narrow it.",
        "fr": "Cette question demande plus de travail qu’une requête ne le permet ; précisez-la.",
    },
    "busy": {
        "en": "Too much at once; try again in a moment.",
        "fr": "Trop de demandes à la fois ; réessayez dans un instant.",
    },
    "unavailable": {
        "en": "Something this server needs is not there; try again later.",
        "fr": "Un élément dont ce serveur a besoin manque ; réessayez plus tard.",
    },
    "fault": {
        "en": "Something went wrong on our side.",
        "fr": "Une erreur s’est produite de notre côté.",
    },
}
