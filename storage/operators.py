"""Operators: the people who look after an installation, each with a key labelled with its name."""

from __future__ import annotations

from unicodedata import normalize

from casebus.events.topics import ADMIN


def name_of(label: str) -> str:
    """By what an operator is known: `admin/` and whose the key is; `admin` where it is nobody's."""
    return f"{ADMIN}/{label}" if person_of(label) else ADMIN


def person_of(name: str) -> str:
    """The same for every way to write one name: case, width, blanks and signs tell nobody apart."""
    plain = normalize("NFKC", normalize("NFKC", name).casefold())
    return "".join(one for one in plain if one.isalnum())
