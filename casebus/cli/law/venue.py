"""`casebus law venue`: shows the office that the rules on jurisdiction find for an event."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any, TextIO

import click
import yaml

from casebus.cli.ends import REFUSED
from casebus.cli.law.folders import law_option
from casebus.cli.output import answer, json_option
from casebus.errors import CasebusError
from casebus.events.legaltime import CHINA
from casebus.events.types import in_full
from casebus.law import Law
from casebus.law.venues import VenueMatter
from casebus.trust.directory import Agency
from casebus.words import in_words

_AGENCIES = Path("examples/agencies.yaml")


class ListedOffices:
    """A list of agencies that answers the law's questions as a directory does."""

    def __init__(self, path: Path) -> None:
        """Raises CasebusError if the file is no list of agencies."""
        try:
            rows = yaml.safe_load(path.read_text(encoding="utf-8"))
            known = [Agency(**{"superior": None, "delivery": "hosted", **row}) for row in rows]
        except (yaml.YAMLError, UnicodeDecodeError, TypeError) as error:
            raise CasebusError("bad_agencies", f"{path}: {in_words(error)}") from error
        self._known = {one.id: one for one in known}

    def agency(self, name: str) -> Agency | None:
        return self._known.get(name)

    def in_division(self, division: str, sector: str, level: str) -> tuple[Agency, ...]:
        wanted = (division, sector, level)
        return tuple(
            one for one in self._known.values() if (one.division, one.sector, one.level) == wanted
        )


@click.command("venue")
@click.argument("event_type")
@click.argument("file", type=click.File(encoding="utf-8"))
@click.option("--author", required=True, help="The agency that sends it.")
@click.option("--on", "day", type=click.DateTime(["%Y-%m-%d"]), help="Its legal date (today).")
@click.option(
    "--agencies",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    default=_AGENCIES,
    help="The offices there are (examples/agencies.yaml).",
)
@law_option
@json_option
def command(
    event_type: str,
    file: TextIO,
    *,
    author: str,
    day: dt.datetime | None,
    agencies: Path,
    folder: Path,
    as_json: bool,
) -> None:
    """Show where an event of EVENT_TYPE with the JSON body in FILE (- is stdin) would be sent.

    These are the offices that `venue` means among its recipients, with the rule that finds them.
    """
    offices, law = ListedOffices(agencies), Law.load(folder)
    office = offices.agency(author)
    if office is None:
        raise CasebusError("no_such_agency", author)
    on = day.date() if day else dt.datetime.now(CHINA).date()
    found = _found(event_type, VenueMatter(_body(file), office, on, offices), law)
    answer(found, as_json=as_json, show=lambda to: to.print(_said(found), markup=False))
    if not found["agencies"]:
        raise SystemExit(REFUSED)


def _body(file: TextIO) -> dict[str, Any]:
    try:
        body = json.load(file)
    except (ValueError, RecursionError) as error:
        raise CasebusError("bad_event", f"{file.name}: no JSON: {in_words(error)}") from error
    if not isinstance(body, dict):
        raise CasebusError("bad_event", f"{file.name}: a JSON object is wanted")
    return body


def _found(event_type: str, matter: VenueMatter, law: Law) -> dict[str, Any]:
    ce_type = in_full(event_type)
    if not law.venues.rules(ce_type):
        raise CasebusError("no_rule", f"no rule on jurisdiction speaks of {event_type}")
    venue = law.venues.find(ce_type, matter)
    return {
        "agencies": list(venue.agencies) if venue else [],
        "rule": venue.rule if venue else None,
        "citation": venue.citation if venue else None,
        "tried": [row.id for row in law.venues.rules(ce_type)],
    }


def _said(found: dict[str, Any]) -> str:
    if not found["agencies"]:
        return f"nobody: the body does not say enough for {', '.join(found['tried'])}"
    first, *others = found["agencies"]
    more = f" (also fit: {', '.join(others)})" if others else ""
    return f"{first}{more}\nby {found['rule']}: {found['citation']}"
