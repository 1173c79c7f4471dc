"""`python -m services.casework`."""

from __future__ import annotations

from services.casework.worker import JOURNAL, REJECTED, open_casework
from services.transport import Worker
from services.transport.agent import run

if __name__ == "__main__":
    # Two lanes: PostgreSQL works on one partition's transaction while we prepare another's.
    run(Worker("casework", (JOURNAL, REJECTED), open_casework, lanes=2))
