"""`python -m services.router`."""

from __future__ import annotations

from casebus.events.topics import Topics
from casebus.settings import Settings
from services.router.worker import open_router
from services.transport import Worker
from services.transport.agent import run

if __name__ == "__main__":
    topics = Topics.load(Settings().schemas_dir).consumed("router")
    # Copies of one partition are made while those of another are on their way.
    run(Worker("router", topics, open_router, lanes=4))
