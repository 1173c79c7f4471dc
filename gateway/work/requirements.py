"""The law's requirements for an act: shown with its item, and checked before signing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from casebus.events.types import event_name
from casebus.law import bundle, loader
from casebus.law.acts import ActRules, Need, lacking
from gateway.problems import RefusedError
from gateway.runtime.context import Gateway
from storage import law

#: Laws whose acts are kept: the one in force, and those of existing cases.
_MOST = 16


async def acts_of(gateway: Gateway, digest: str | None) -> ActRules:
    """The acts of the law that derives a case; the installed law's if it is not kept."""
    known = gateway.acts.get(digest)
    if known is None:
        body = await law.bundle(await gateway.database(), digest) if digest else None
        files = bundle.unpack(body) if body else loader.read(gateway.settings.policies_dir / "law")
        known = ActRules.of(files)
        if len(gateway.acts) >= _MOST:
            gateway.acts.clear()
        gateway.acts[digest] = known
    return known


def needs_of(
    acts: ActRules, actions: Mapping[str, str], day: dt.date
) -> dict[str, tuple[Need, ...]]:
    """The requirements of each action of a work item on a day."""
    return {word: acts.needs(event_name(ce_type), day) for word, ce_type in actions.items()}


def refuse_incomplete(
    gateway: Gateway,
    needs: Iterable[Need],
    *,
    about: str,
    body: Mapping[str, Any],
    to: Iterable[str],
) -> None:
    """Raise `act_incomplete` if the act lacks something, each thing in words."""
    directory = gateway.directory()
    sectors = {agency.sector for name in to if (agency := directory.agency(name))}
    if lacks := lacking(needs, body, sectors):
        words = "; ".join(f"{one.what} ({one.what_en})" for one in lacks)
        raise RefusedError("act_incomplete", f"{about} lacks {words}", map(_place, lacks))


def _place(need: Need) -> dict[str, str]:
    where = "/to" if need.to else f"/data/{need.places[0].replace('.', '/')}"
    among = ", ".join(need.to or need.places)
    words = f"a recipient of sector {among}" if need.to else f"one of {among}"
    detail = f"{need.what} ({need.what_en}): {words}; {need.citation}"
    return {"pointer": where, "detail": detail}
