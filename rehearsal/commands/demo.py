"""`casebus demo`: plays cases on a stack of their own, on scenario time; leaves nothing running."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import click

from casebus.cli.ends import ENDED
from casebus.cli.output import answer, json_option, stderr, stdout
from casebus.cli.wording import EventTitles
from casebus.errors import CasebusError
from casebus.events.schemas import Schemas
from casebus.settings import Settings
from casebus.trust.directory import Agency
from onebox.agencies import AGENCIES
from onebox.commands.up import StackProgress
from onebox.testing import Stack
from operations.provision.agencies import read_agencies
from rehearsal.scenario import storyline, terminal
from rehearsal.scenario.player import Played, Player
from rehearsal.scenario.playground import EXAMPLES, SPREADSHEET, Playground
from rehearsal.scenario.printing import PlayPrinter
from rehearsal.scenario.storyline import Storyline

#: The storyline that is shown in full, with a year of imported history before it.
_FULL = 1
#: The number of commands at one time.
_TOGETHER = 4


@click.command()
@click.option("--scenario", "number", type=int, help="Which of examples/storyline-*.yaml.")
@click.option("--all", "everything", is_flag=True, help="All of them in one timeline.")
@json_option
def demo(number: int | None, *, everything: bool, as_json: bool) -> None:
    """Play a counterfeit case from the market regulator to the court, and print it.

    Starts a stack of its own beside any other, imports the example spreadsheet as history, plays
    examples/storyline-1.yaml on its own time, and leaves nothing running. Other storylines are
    played without the history. With --json the story goes to stderr and the result to stdout.
    """
    # Ctrl-C unwinds by itself; SIGTERM would leave the stack behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(ENDED))
    chosen = _chosen(number, everything=everything)
    agencies = read_agencies(AGENCIES)
    titles = EventTitles(Schemas.load(Settings().schemas_dir))
    tell = PlayPrinter(
        stderr() if as_json else stdout(), {one.id: one.name for one in agencies}, titles
    )
    began = time.monotonic()
    tell.chapter("Starting Kafka, PostgreSQL, the services and the gateway")
    terminal.warm()
    with Stack(follow=StackProgress) as stack, Playground(stack) as ground:
        tell.line(f"The gateway answers at {stack.gateway_url} while this plays.")
        in_full = [one.storyline for one in chosen] == [_FULL]
        play = _play_in_full if in_full else _play_together
        played, result = play(ground, chosen, agencies, tell)
        tell.chapter("Stopping everything")
    tell.line(f"Played in {time.monotonic() - began:.0f} s; nothing is left running.")
    tell.line("`make up` starts a stack that stays, and `casebus env` says how to reach it.")
    if as_json:
        answer({**result, "gateway": stack.gateway_url}, as_json=True, show=lambda _: None)
    _refuse_surprises(played)


def _chosen(number: int | None, *, everything: bool) -> list[Storyline]:
    if everything and number is not None:
        raise click.UsageError("--all or --scenario, not both")
    if everything:
        return storyline.read_all(EXAMPLES)
    path = EXAMPLES / f"storyline-{_FULL if number is None else number}.yaml"
    if not path.is_file():
        there = ", ".join(str(one.storyline) for one in storyline.read_all(EXAMPLES))
        raise click.UsageError(f"there are the storylines {there}")
    return [storyline.read(path)]


def _play_in_full(
    ground: Playground, chosen: Sequence[Storyline], agencies: list[Agency], tell: PlayPrinter
) -> tuple[list[Played], dict[str, Any]]:
    tell.chapter(f"History: casebus import {SPREADSHEET.name}")
    with ThreadPoolExecutor(1) as pool:
        # It is rehearsed while the command runs.
        rehearsed = pool.submit(ground.player, chosen)
        imported = ground.import_history()
        player = rehearsed.result()
    tell.imported(imported)
    # The history is recorded while the storyline waits for its own answers.
    [played] = _play(player, chosen, tell)
    openers = [one.id for one in agencies if one.sector == "administrative"]
    ground.await_cases(openers, imported["rows_taken"] + len(chosen))
    shown = _show(ground, tell, played)
    _results(tell, [played])
    return [played], {"imported": imported, **shown, "verify": _verify(ground, tell)}


def _play_together(
    ground: Playground, chosen: Sequence[Storyline], _agencies: list[Agency], tell: PlayPrinter
) -> tuple[list[Played], dict[str, Any]]:
    played = _play(ground.player(chosen, by_cli=len(chosen) == 1), chosen, tell)
    _results(tell, played)
    return played, {"played": [_row(one) for one in played], "verify": _verify(ground, tell)}


def _play(player: Player, chosen: Sequence[Storyline], tell: PlayPrinter) -> list[Played]:
    many = len(chosen) > 1
    for one in chosen:
        tell.storyline(one, cast=not many)
    tell.chapter("Step by step, on scenario time")
    began = time.monotonic()
    played = player.play(partial(tell.entry, several=many))
    tell.line(f"From the first step to the last check: {time.monotonic() - began:.0f} s.")
    return played


def _results(tell: PlayPrinter, played: Sequence[Played]) -> None:
    tell.chapter("What came of it")
    tell.problems(played)
    tell.results(played)


def _verify(ground: Playground, tell: PlayPrinter) -> dict[str, Any]:
    tell.chapter("casebus verify")
    report = ground.await_agreement()
    tell.verified(report)
    return report


def _show(ground: Playground, tell: PlayPrinter, played: Played) -> dict[str, Any]:
    """As the agency that opened the case sees it, and the deliveries to each agency."""
    steps = list(played.storyline.acts)
    opener = played.storyline.agency_of(steps[0].word)
    shown = ground.user(opener).casebus("history", played.case)
    tell.chapter(f"Its history: casebus history {played.case}")
    tell.history(shown["events"])
    tell.chapter("Its clocks 期限")
    tell.clocks(shown["clocks"])
    tell.chapter("What each agency got")
    named = played.storyline.agencies.values()
    # One command each; most of the time of one is its start.
    with ThreadPoolExecutor(_TOGETHER) as pool:
        inboxes = pool.map(lambda agency: ground.inbox(agency, played.case), named)
        received = dict(zip(named, inboxes, strict=True))
    tell.inboxes({agency: items for agency, items in received.items() if items})
    return {**shown, "received": received}


def _row(one: Played) -> dict[str, Any]:
    return {
        "storyline": one.storyline.storyline,
        "streams": one.names.streams,
        "steps": one.steps,
        "assertions": one.assertions,
        "problems": one.problems,
        "seconds": round(one.seconds, 3),
    }


def _refuse_surprises(played: Sequence[Played]) -> None:
    count = sum(len(one.problems) for one in played)
    if count:
        raise CasebusError("storyline_otherwise", f"{count} times, listed above")
