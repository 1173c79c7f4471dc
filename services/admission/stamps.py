"""The `cb-*` headers: what admission says of a record. Foreign ones never pass."""

from __future__ import annotations

from datetime import datetime

from casebus.errors import CasebusError, Reason
from casebus.events.envelope import Header
from services.admission.judge import Admitted, Arrival

_MOST_DETAIL = 200


def journal_headers(
    arrival: Arrival, admitted: Admitted, *, law: str, directory: int, at: datetime
) -> list[Header]:
    """The author's headers, less foreign stamps, plus the bus's own."""
    stamps = {
        "cb-verdict": "admitted",
        "cb-recipients": " ".join(admitted.delivery.recipients),
        "cb-sectors": " ".join(admitted.delivery.sectors),
        "cb-routes": " ".join(admitted.delivery.routes),
        "cb-undeliverable": " ".join(admitted.delivery.unknown),
        "cb-flags": " ".join(admitted.flags),
        "cb-law": law,
        "cb-directory": str(directory),
        "cb-admitted-at": at.isoformat(),
        "cb-origin": _origin(arrival),
    }
    own = [header for header in arrival.record.headers if not header[0].startswith("cb-")]
    return own + [(name, text.encode()) for name, text in stamps.items()]


def rejected_headers(arrival: Arrival, error: CasebusError, *, at: datetime) -> list[Header]:
    """Every original header, foreign stamps under another name, plus the reason."""
    stamps = {
        "cb-verdict": "rejected",
        "cb-reason": error.code,
        "cb-detail": error.detail[:_MOST_DETAIL],
        "cb-origin": _origin(arrival),
        "cb-admitted-at": at.isoformat(),
    }
    kept = [
        (_readable(f"orig-{name}" if name.startswith("cb-") else name), text)
        for name, text in arrival.record.headers
    ]
    return kept + [(name, text.encode()) for name, text in stamps.items()]


def _readable(name: str) -> str:
    """A name whose bytes were no UTF-8, spelt out: nobody could read the record otherwise."""
    return name.encode(errors="backslashreplace").decode()


def rejected_value(arrival: Arrival, error: CasebusError) -> bytes | None:
    """The original bytes; of a state secret only the metadata is kept."""
    return None if error.code == Reason.STATE_SECRET else arrival.record.value


def _origin(arrival: Arrival) -> str:
    appended_ms = round(arrival.appended_at.timestamp() * 1000)
    return f"{arrival.topic}/{arrival.partition}/{arrival.offset}/{appended_ms}"
