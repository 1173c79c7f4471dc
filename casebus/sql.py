"""Statements of SQL with names in them: of tables, schemas, columns, roles.

A statement is a text that stands in the code, and says by `{name}` where a name goes. Names are
quoted here, as SQL does it, so any text is a name and nothing else. Values are parameters of the
statement (`?`, `$1`) and never come into its text.
"""

from __future__ import annotations

from collections.abc import Iterable

from casebus.errors import UnfitError


def composed(text: str, **names: str | Iterable[str]) -> str:
    """The statement with each `{name}` quoted; of several names a list with commas between.

    Raises UnfitError for what no name can be. `text` is written out where this is called: a test
    holds it (tests/unit/test_sql.py).
    """
    return text.format_map({one: _listed(given) for one, given in names.items()})


def quoted(name: str) -> str:
    """Raises UnfitError for what no name can be: an empty text, or one with a zero in it."""
    if not name or "\0" in name:
        raise UnfitError("no name of a table or a column")
    return '"' + name.replace('"', '""') + '"'


def _listed(given: str | Iterable[str]) -> str:
    return quoted(given) if isinstance(given, str) else ", ".join(quoted(one) for one in given)
