"""`casebus law what-if|adopt|void|show|reinterpret`: the law commands that need the running bus."""

from __future__ import annotations

import asyncio
import datetime as dt
from pathlib import Path
from typing import Any

import asyncpg
import click
from rich.console import Console

from casebus.cli.output import answer, json_option, table
from casebus.cli.wording import local_time
from casebus.events.schemas import Schemas
from casebus.law import Law
from casebus.now import now_from
from casebus.settings import Settings
from operations.adoption import adopting, voiding
from operations.adoption.reinterpreting import Decision
from operations.adoption.reinterpreting import reinterpret as decide
from operations.adoption.trying import TrialPeriod, try_law
from operations.commands.admin import Admin, as_admin

_FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)
_DAY = click.DateTime(["%Y-%m-%d"])
#: The most differences on a terminal; --json has them all.
_SHOWN = 40


@click.command("what-if")
@click.argument("folder", type=_FOLDER)
@click.option("--from", "since", type=_DAY, required=True, help="First legal date.")
@click.option("--to", "until", type=_DAY, required=True, help="Last legal date.")
@click.option("--division", default="", help="Only cases of agencies there or below (GB/T 2260).")
@as_admin
@json_option
def what_if(
    admin: Admin,
    folder: Path,
    since: dt.datetime,
    until: dt.datetime,
    division: str,
    *,
    as_json: bool,
) -> None:
    """Show the differences under the law files in FOLDER. Changes nothing.

    Derives every case with an event between the two dates by FOLDER, as adopting it now would.
    Compares statuses, clocks, breaches, findings, assessments and copies, and shows who would be
    told.
    """
    if until < since:
        raise click.UsageError("--to lies before --from")
    question = TrialPeriod(since.date(), until.date(), Law.load(folder), division)
    found = asyncio.run(_tried(admin.settings, question))
    answer(found, as_json=as_json, show=lambda out: _show_tried(out, found))


async def _tried(settings: Settings, question: TrialPeriod) -> dict[str, Any]:
    connection = await asyncpg.connect(settings.database_url)
    try:
        schemas = Schemas.load(settings.schemas_dir)
        return (await try_law(connection, question, schemas, now_from(settings)())).to_json()
    finally:
        await connection.close()


def _show_tried(out: Console, found: dict[str, Any]) -> None:
    rows = [
        (item["case"], one["kind"], one["what"], one["before"], one["after"])
        for item in found["items"]
        for one in item["differences"]
    ]
    if rows:
        heads = ("case", "what", "of", "in force", "tried")
        out.print(table(heads, rows[:_SHOWN]))
    if len(rows) > _SHOWN:
        out.print(f"and {len(rows) - _SHOWN} more: --json has all")
    counted = ", ".join(f"{count} {kind}" for kind, count in found["counts"].items())
    said = f"{found['changed']} of {found['cases']} cases differ"
    out.print(f"{said}: {counted}" if counted else said)
    _show_suspended(out, found)


def _show_suspended(out: Console, found: dict[str, Any]) -> None:
    if found["suspended"]:
        out.print(f"the law fits these not, and would suspend them: {' '.join(found['suspended'])}")


@click.command("adopt")
@click.argument("folder", type=_FOLDER)
@click.option("--author", required=True, help="Who decides it, by the name an officer acts under.")
@click.option("--reason", required=True, help="Why: the text of the law that changed.")
@click.option("--dry-run", is_flag=True, help="Only show what it would do to the cases that run.")
@as_admin
@json_option
def adopt(
    admin: Admin, folder: Path, author: str, reason: str, *, dry_run: bool, as_json: bool
) -> None:
    """Put the law files in FOLDER in force, for new cases and for those that run.

    They are checked first: a bad law is refused with file, line and reason, and the one in force
    stays. Then the command shows the changes in running cases. Casework derives them again in the
    background.
    """
    settings = admin.settings
    ahead = asyncio.run(adopting.foresee(settings, folder, now_from(settings)()))
    if dry_run:
        answer(ahead, as_json=as_json, show=lambda out: _show_preview(out, ahead))
        return
    if not as_json:
        _show_preview(Console(stderr=True), ahead)
    done = asyncio.run(adopting.adopt(settings, folder, author, reason))
    if done["adopted"]:
        admin.note_law(done["digest"])
    done = {**done, "preview": ahead}
    word = "is in force" if done["adopted"] else "was in force already"
    answer(done, as_json=as_json, show=lambda out: out.print(f"{done['digest']} {word}"))


def _show_preview(out: Console, ahead: dict[str, Any]) -> None:
    rows = [
        (one["case"], ", ".join(one["changes"]), " ".join(one["told"])) for one in ahead["items"]
    ]
    if rows:
        out.print(table(("case", "changes", "told"), rows[:_SHOWN]))
    said = f"{ahead['cases']} cases are derived again, {ahead['changed']} change"
    out.print(f"{said}, {len(ahead['told'])} agencies are told")
    _show_suspended(out, ahead)


@click.command("void")
@click.option("--author", required=True, help="Who decides it, by the name an officer acts under.")
@click.option("--reason", required=True, help="Why: what became of the bundle.")
@as_admin
@json_option
def void(admin: Admin, author: str, reason: str, *, as_json: bool) -> None:
    """Let partitions that wait for a missing law bundle go on by the law before it.

    First try to restore the bundle: casebus doctor names it. Journaled as `law.adoption_voided`.
    """
    said = asyncio.run(voiding.void(admin.settings, author, reason))
    lines = [f"partition {one['partition']}: {one['adoption']} is voided" for one in said]
    answer({"voided": said}, as_json=as_json, show=lambda out: out.print("\n".join(lines)))


@click.command("show")
@as_admin
@json_option
def show(admin: Admin, *, as_json: bool) -> None:
    """Show the law in force, who adopted it and why, and the laws before it."""
    found = asyncio.run(adopting.show(admin.settings))
    answer(found, as_json=as_json, show=lambda out: _show_history(out, found))


def _show_history(out: Console, found: dict[str, Any]) -> None:
    digests = sorted(set(found["in_force"].values()))
    out.print(f"in force: {', '.join(digests) or 'none'}")
    rows = [
        (
            one["digest"][:12],
            local_time(one["since"].isoformat()),
            one["author"] or "the installation",
            one["reasons"],
            one["previous"][:12],
        )
        for one in found["history"]
    ]
    out.print(table(("law", "since", "by", "why", "before"), rows))
    kept = [(one["digest"], f"{one['cases']:,}") for one in found["bundles"]]
    out.print(table(("key", "cases derived by it"), kept))


@click.command("reinterpret")
@click.argument("case")
@click.option("--law", "digest", required=True, help="Digest of a kept law, or its beginning.")
@click.option("--reason", required=True, help="Why this case is to be judged by it.")
@click.option("--author", default="", help="Who decides it.")
@as_admin
@json_option
def reinterpret(
    admin: Admin, case: str, digest: str, reason: str, author: str, *, as_json: bool
) -> None:
    """Derive CASE (an id or a local number) by another law from now on.

    Journaled as `case.reinterpreted` and sent to all agencies with a part in the case.
    """
    settings = admin.settings
    decision = Decision(case, digest, reason, author)
    done = asyncio.run(decide(settings, decision, now_from(settings)()))
    word = "differs" if done["state_before"] != done["state_after"] else "stays the same"
    line = f"{done['case']}: {done['law_before'][:12]} → {done['law_after'][:12]}, its state {word}"
    answer(done, as_json=as_json, show=lambda out: out.print(line))
