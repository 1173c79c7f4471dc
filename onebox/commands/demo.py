"""`casebus demo`: a whole case on a stack of its own, on scenario time; leaves nothing running."""

from __future__ import annotations

import signal
import sys
import time
from typing import Any

import click

from casebus.cli.output import answer, json_option, stderr, stdout
from casebus.cli.wording import Titles
from casebus.events.schemas import Schemas
from casebus.settings import Settings
from casebus.trust.directory import Agency
from onebox.commands.up import Progress
from onebox.provision.directory import read_agencies
from onebox.provision.installation import AGENCIES
from onebox.scenario import lines as storyline
from onebox.scenario.lines import Step
from onebox.scenario.playground import SPREADSHEET, STORYLINE, Playground
from onebox.scenario.telling import Telling
from onebox.testing import Stack


@click.command()
@json_option
def demo(*, as_json: bool) -> None:
    """Play a counterfeit case from the market regulator to the court, and print it.

    Starts a stack of its own beside any other, imports the example spreadsheet as history, plays
    examples/storyline-1.jsonl on its own time, and leaves nothing running. With --json the telling
    goes to stderr and what came of it to stdout.
    """
    # Ctrl-C unwinds by itself; SIGTERM would leave the stack behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    agencies = read_agencies(AGENCIES)
    titles = Titles(Schemas.load(Settings().schemas_dir))
    tell = Telling(
        stderr() if as_json else stdout(), {one.id: one.name for one in agencies}, titles
    )
    began = time.monotonic()
    tell.chapter("Starting Kafka, PostgreSQL, the services and the gateway")
    with Stack(follow=Progress) as stack:
        played = _play(Playground(stack), agencies, tell, stack.gateway_url)
        tell.chapter("Stopping everything")
    tell.line(f"Played in {time.monotonic() - began:.0f} s; nothing is left running.")
    tell.line("`make up` starts a stack that stays, and `casebus env` says how to reach it.")
    if as_json:
        answer(played, as_json=True, show=lambda _: None)


def _play(
    ground: Playground, agencies: list[Agency], tell: Telling, gateway: str
) -> dict[str, Any]:
    tell.line(f"The gateway answers at {gateway} while this plays.")
    tell.chapter(f"History: casebus import {SPREADSHEET.name}")
    imported = ground.import_history()
    tell.imported(imported)
    openers = [one.id for one in agencies if one.sector == "administrative"]
    ground.await_cases(openers, imported["rows_taken"])
    tell.chapter("The case, step by step, on its own time")
    steps = storyline.read(STORYLINE)
    player = ground.player()
    player.play(steps, tell.step)
    shown = _show(ground, tell, steps, player.case)
    tell.chapter("casebus verify")
    report = ground.await_agreement()
    tell.verified(report)
    tell.line(f"The gateway answered at {gateway}.")
    return {"imported": imported, **shown, "verify": report, "gateway": gateway}


def _show(ground: Playground, tell: Telling, steps: list[Step], case: str) -> dict[str, Any]:
    """As the regulator that opened the case sees it, and what each agency was sent."""
    shown = ground.user(steps[0].author).casebus("history", case)
    tell.chapter(f"Its history: casebus history {case}")
    tell.history(shown["events"])
    tell.chapter("Its clocks 期限")
    tell.clocks(shown["clocks"])
    tell.chapter("What each agency got")
    parts = dict.fromkeys(agency for step in steps for agency in (step.author, *step.to))
    parts.pop("bus", None)
    received = {agency: ground.inbox(agency, case) for agency in parts}
    tell.inboxes(received)
    return {**shown, "received": received}
