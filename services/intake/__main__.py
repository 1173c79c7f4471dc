"""`python -m services.intake`: one process for all hosted sectors."""

from __future__ import annotations

from casebus.events.topics import Topics
from services.intake.worker import INBOX, intake
from services.transport import WorkerSettings, agent

if __name__ == "__main__":
    agent.run(intake(Topics.load(WorkerSettings().schemas_dir).names_like(f"{INBOX}*")))
