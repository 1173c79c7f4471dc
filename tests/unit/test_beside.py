"""What is derived beside is derived into the schema beside, and nowhere else."""

from __future__ import annotations

import re

import pytest

from storage import queries
from storage.beside import NEXT, moved, moved_migration
from storage.migrate import migrations

#: What casework reads and writes while it derives.
FILES = ("cases", "evidence", "journal", "law", "matching", "statistics")
COMMENT = re.compile(r"--.*")
LEFT = re.compile(r"\bderived\b")
SQL = [(file, name) for file in FILES for name in queries.load(file)]


@pytest.mark.parametrize(("file", "name"), SQL)
def test_a_query_speaks_of_the_schema_beside_or_writes_to_own_and_is_refused(
    file: str, name: str
) -> None:
    query = queries.load(file)[name].replace("{table}", "clock").replace("{key}", "key")
    try:
        said = moved(query)
    except PermissionError:
        assert re.search(r"\bown\.", query)
        return
    assert not LEFT.search(COMMENT.sub("", said))
    assert said.count(f"{NEXT}.") == query.count("derived.")


@pytest.mark.parametrize(
    "query",
    [
        "insert into own.outbox (id) values (1)",
        "with x as (delete from own.clock_held returning *) select * from x",
        "UPDATE own.installation set epoch = 2",
        "insert\n    into own.clock_held values ($1)",
    ],
)
def test_nothing_is_written_to_own(query: str) -> None:
    with pytest.raises(PermissionError, match="says nothing"):
        moved(query)


def test_what_is_read_of_own_stays() -> None:
    query = "select epoch from own.installation i join derived.journal j on j.epoch = i.epoch"
    assert moved(query) == query.replace("derived.", f"{NEXT}.")


@pytest.mark.parametrize("name", migrations())
def test_a_migration_makes_nothing_in_the_live_schemas(name: str) -> None:
    text = COMMENT.sub("", moved_migration(migrations()[name]))
    assert not re.search(r"\b(derived|own)\b", text)
