"""`casebus law docs`: writes the procedures as pages and drawings."""

from __future__ import annotations

from pathlib import Path

import click

from casebus.cli.law import days_off, handbook
from casebus.cli.law.folders import law_option, schemas_option
from casebus.cli.output import answer, json_option
from casebus.events.schemas import Schemas
from casebus.events.types import event_name
from casebus.files import naming, write_text
from casebus.law import Law, loader, models, options
from casebus.law.law import COMMON, HOLIDAYS

_KINDS = ("*.md", "*.svg")


@click.command("docs")
@law_option
@schemas_option
@click.option(
    "--to",
    "target",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("docs/law"),
    help="The folder of the pages.",
)
@json_option
def command(folder: Path, schemas_folder: Path, target: Path, *, as_json: bool) -> None:
    """Write a page and a drawing for each procedure; remove those of procedures that are gone."""
    made = handbook_of(folder, schemas_folder)
    with naming(target):
        target.mkdir(parents=True, exist_ok=True)
    there = {path.name for kind in _KINDS for path in target.glob(kind)}
    for gone in there - set(made):
        (target / gone).unlink()
    for name, text in made.items():
        write_text(target / name, text, durable=False)
    said = {"files": len(made), "folder": str(target)}
    answer(said, as_json=as_json, show=lambda to: to.print(f"{len(made)} files in {target}"))


def handbook_of(folder: Path, schemas_folder: Path) -> dict[str, str]:
    """Pages and drawings by file name."""
    files = loader.read(folder)
    procedures = options.procedures(files)
    clocks = options.clocks(files)
    choices = options.options(files).options
    words = titles(Schemas.load(schemas_folder))
    still = loader.parse(files, COMMON, models.CommonFile).standstill
    made = handbook.pages(Law(files), procedures, clocks, words, choices, standstill=still)
    holidays = loader.parse(files, HOLIDAYS, models.HolidaysFile)
    return made | {handbook.INDEX: made[handbook.INDEX] + days_off.section(holidays)}


def titles(schemas: Schemas) -> dict[str, str]:
    """Event name -> its Chinese title."""
    return {event_name(one.ce_type): str(one.body["title"]) for one in schemas}
