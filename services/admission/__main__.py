"""`python -m services.admission`."""

from __future__ import annotations

from casebus.events.doors import DOORS
from casebus.events.topics import Topics
from casebus.settings import Settings
from services.admission.worker import open_admission
from services.transport import Worker
from services.transport.agent import run

#: All doors at once: a door that has to wait must not keep a lane from the others.
LANES = 1_000

if __name__ == "__main__":
    doors = Topics.load(Settings().schemas_dir).consumed("admission")
    run(Worker("admission", doors, open_admission, lanes=LANES, also=DOORS))
