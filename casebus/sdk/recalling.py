"""An agency takes back an event of its own that went to the wrong recipients (召回)."""

from __future__ import annotations

from casebus.events.types import CASE_RECALLED
from casebus.sdk.event import NewEvent
from casebus.sdk.gateway import Gateway


def recall_of(
    gateway: Gateway, source: str, event: str, *, reasons: str, actor: str = ""
) -> NewEvent:
    """The recall, addressed to all agencies that the gateway knows to have been sent the event.

    The bus tells the agencies that it does not name: those that got a correction, or get the event
    later. Raises CasebusError `not_found` for an event that the agency did not send.
    """
    recipients = gateway.receipts(source, event)["recipients"]
    return NewEvent(
        type=CASE_RECALLED,
        stream=str(gateway.event(source, event)["subject"]),
        source=source,
        to=tuple(recipients),
        causation=(event,),
        data={
            "recalled_source": source,
            "recalled_id": event,
            "asked": list(recipients),
            "reasons": reasons,
            "actor": actor,
        },
    )
