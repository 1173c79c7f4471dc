"""`python -m services.scheduler`."""

from __future__ import annotations

from services.scheduler.service import run
from services.transport import WorkerSettings

if __name__ == "__main__":
    run(WorkerSettings())
