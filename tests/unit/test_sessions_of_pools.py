"""A pooled session is handed on as it is (storage.pool.Plain): nobody leaves anything in one."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("storage", "services", "gateway", "operations", "onebox", "rehearsal")
#: What lasts longer than a transaction: settings, locks of a session, listening, own tables.
LASTING = re.compile(
    r"pg_(?:try_)?advisory_lock(?:_shared)?\(|add_listener\("
    r"|(?:execute\(f?[\"']|-- name: \w+\n)(?:set (?!local |transaction )|listen |create temp)",
    re.IGNORECASE,
)
#: Where it is done, and who opens the session of its own for it.
OWN_SESSION = {
    "operations/rebuild/rebuilding.py": "operations/rebuild/rebuilding.py",
    "services/scheduler/relay.py": "services/scheduler/leader.py",
    "storage/migrate.py": "storage/migrate.py",
    "storage/scheduling.py": "services/scheduler/leader.py",
    "storage/sql/restoring.sql": "operations/backup/restoring.py",
}


#: What migrates has its own session, and what stands for the database has none.
_APART = {"migrations", "fakes"}


def texts() -> dict[str, str]:
    paths = (path for room in ROOMS for path in (ROOT / room).rglob("*"))
    found = {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
        for path in paths
        if path.suffix in {".py", ".sql"} and not _APART & {*path.parts}
    }
    assert len(found) > 100
    return found


def test_nothing_that_outlasts_a_transaction_is_left_in_a_session_of_a_pool() -> None:
    leaving = {name for name, text in texts().items() if LASTING.search(text)}
    assert leaving == set(OWN_SESSION)


def test_whoever_does_has_a_session_of_its_own() -> None:
    for opener in set(OWN_SESSION.values()):
        assert "asyncpg.connect(" in (ROOT / opener).read_text(encoding="utf-8"), opener
