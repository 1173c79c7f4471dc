"""Operators: the people who look after an installation, each with a key labelled with its name."""

from __future__ import annotations

from unicodedata import normalize

from casebus.events.topics import ADMIN


def name_of(label: str) -> str:
    """The name of an operator: `admin/` and the key's owner; `admin` if the key is nobody's."""
    return f"{ADMIN}/{label}" if person_of(label) else ADMIN


def person_of(name: str) -> str:
    """The same for every spelling of one name: case, width, blanks and signs do not count."""
    plain = normalize("NFKC", normalize("NFKC", name).casefold())
    return "".join(one for one in plain if one.isalnum())
