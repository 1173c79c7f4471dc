"""`python -m services.casework`."""

from __future__ import annotations

from casebus.events.topics import Topics
from casebus.settings import Settings
from services.casework.worker import open_casework
from services.transport import Worker
from services.transport.agent import run

if __name__ == "__main__":
    # Two lanes: PostgreSQL works on one partition's transaction while we prepare another's.
    topics = Topics.load(Settings().schemas_dir).consumed("casework")
    run(Worker("casework", topics, open_casework, lanes=2))
