"""A gateway on memory: submissions, acts and looks without a stack."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

from casebus.events.envelope import Record
from casebus.settings import Settings
from gateway.entry.cloudevents import Submission
from gateway.fakes import MemoryProducer, memory_gateway
from storage.fakes import MemoryDatabase
from tests.integration.casework import Casework
from tests.world import NOW, SCHEMAS

AMR, PSB, COURT = "cn-330106-amr", "cn-330106-psb", "cn-330106-court"


class Desk:
    """Casework and gateway over one database."""

    def __init__(self, folder: Path) -> None:
        self.database, self.producer = MemoryDatabase(), MemoryProducer()
        self.casework = Casework(self.database.pool)
        self.world = self.casework.world
        for agency in (AMR, PSB):
            self.world.keys[agency].save(folder / f"{agency}.pem")
        self.gateway = memory_gateway(
            Settings(keys_dir=folder),
            schemas=SCHEMAS,
            directory=self.world.directory,
            now=lambda: NOW,
            database=self.database,
            producer=self.producer,
        )

    async def journal_what_was_sent(self) -> None:
        """Admission and casework take in the records that the gateway produced."""
        taken, self.producer.taken = self.producer.taken, []
        for one in taken:
            await self.casework(one.record)

    async def referred(self, stream: UUID, to: str = PSB) -> Record:
        record = self.world.event(
            "referral.sent", AMR, stream=str(stream), to=(to,), legal="2026-03-02"
        )
        await self.casework(record)
        return record

    def work(self, agency: str) -> dict[str, Any]:
        """The one open item of an agency."""
        [row] = self.database.tables.where("derived.work_item", agency=agency, is_open=True)
        return row


def noted(stream: UUID, event_id: str = "2026-1", source: str = AMR, **data: Any) -> Submission:
    """A note as an agency hands it in."""
    attributes = {
        "specversion": "1.0",
        "id": event_id,
        "type": "casebus.case.noted.v1",
        "source": source,
        "subject": str(stream),
        "legaltime": "2026-03-02",
    }
    return Submission(attributes, data={"note": "备注", **data})
