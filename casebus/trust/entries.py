"""Entries of the directory before they are signed by root, or by a registrar that it names."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from casebus.events.envelope import Envelope
from casebus.events.schemas import Schemas
from casebus.events.types import in_full
from casebus.trust.directory import ROOT
from casebus.trust.signing import Draft

_NAMESPACE = uuid.UUID("5b8f7a52-6a1e-5b0e-9d0c-0c6a5e0b7d11")


def entry_of(
    schemas: Schemas, event: str, about: str, said: dict[str, Any], *, at: datetime
) -> Draft:
    """What the directory says `about` an agency or a source, in the one stream of that name."""
    ce_type = in_full(f"directory.{event}")
    envelope = Envelope(
        id=str(uuid.uuid4()),
        type=ce_type,
        source=ROOT,
        subject=str(uuid.uuid5(_NAMESPACE, about)),
        time=at,
        dataschema=schemas.latest(ce_type).uri,
    )
    return Draft(envelope, schemas.encode(ce_type, said))
