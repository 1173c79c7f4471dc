"""The words of `casebus work`: every action that a duty of the installed law offers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from casebus.events.schemas import Schemas
from casebus.events.types import in_full
from casebus.law import loader, models

#: The most acts of a word that its help names.
_SHOWN = 4


def verbs(policies: Path, schemas: Path) -> Mapping[str, str]:
    """Word, as typed -> the event types that it publishes."""
    titles = {one.ce_type: str(one.body.get("title", "")) for one in Schemas.load(schemas)}
    files = loader.parse_all(loader.read(policies / "law"), "procedures", models.ProcedureFile)
    acts: dict[str, dict[str, str]] = {}
    for file in files.values():
        for duty in file.duties.values():
            for word, event in duty.actions.items():
                title = titles.get(in_full(event), "")
                acts.setdefault(word.replace("_", "-"), {})[event] = title
    return {word: _help(of) for word, of in sorted(acts.items())}


def _help(acts: Mapping[str, str]) -> str:
    """The effect of a word; for a word of many acts, the first few."""
    words = list(dict.fromkeys(title or event for event, title in acts.items()))
    return "、".join(words[:_SHOWN]) + ("…" if len(words) > _SHOWN else "")
