"""Statements of SQL with names in them: of tables, schemas, columns, roles.

A statement is a text in the code, with `{name}` at the place of a name. Names are quoted here, as
SQL does it, so any text is a name and nothing else. Values are parameters of the statement (`?`,
`$1`) and never come into its text.
"""

from __future__ import annotations

from collections.abc import Iterable

from casebus.errors import UnfitError


def composed(text: str, **names: str | Iterable[str]) -> str:
    """The statement with each `{name}` quoted; several names become a list with commas.

    Raises UnfitError for a text that can be no name. `text` is written out at each call: a test
    holds this (tests/unit/test_sql.py).
    """
    return text.format_map({one: _listed(given) for one, given in names.items()})


def quoted(name: str) -> str:
    """The quoted name; raises UnfitError for an empty text, or one with a zero in it."""
    if not name or "\0" in name:
        raise UnfitError("no name of a table or a column")
    return '"' + name.replace('"', '""') + '"'


def _listed(given: str | Iterable[str]) -> str:
    return quoted(given) if isinstance(given, str) else ", ".join(quoted(one) for one in given)
