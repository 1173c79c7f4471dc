"""`python -m services.intake`: one process for all hosted sectors."""

from __future__ import annotations

from casebus.events.topics import Topics
from casebus.settings import Settings
from services.intake.worker import open_intake
from services.transport import Worker
from services.transport.agent import run

if __name__ == "__main__":
    topics = Topics.load(Settings().schemas_dir).consumed("intake")
    run(Worker("intake", topics, open_intake))
