"""`casebus law draw`: a procedure as a statechart."""

from __future__ import annotations

from pathlib import Path

import click

from casebus.cli.law.folders import law_option, schemas_option
from casebus.cli.law.pages import titles
from casebus.errors import CasebusError
from casebus.events.schemas import Schemas
from casebus.files import naming, write_text
from casebus.law import loader, options
from casebus.law.drawing import draw


@click.command("draw")
@click.argument("procedure", required=False)
@law_option
@schemas_option
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to write (PROCEDURE.svg; - is stdout).",
)
@click.option(
    "--all",
    "target",
    type=click.Path(path_type=Path, file_okay=False),
    help="Draw every procedure into this folder.",
)
def command(
    procedure: str | None,
    folder: Path,
    schemas_folder: Path,
    output: Path | None,
    target: Path | None,
) -> None:
    """Draw PROCEDURE (referral, penalty, ...) as SVG.

    Each box is a state. Its lines list the possible events, the clocks that each starts and stops,
    and its target. A line's number is repeated at its arrow. Dashed arrows lead back.
    """
    if (procedure is None) == (target is None):
        raise click.UsageError("name one procedure, or --all FOLDER")
    if procedure is not None and output is None:
        output = Path(f"{procedure}.svg")
    known = titles(Schemas.load(schemas_folder))
    files = options.procedures(loader.read(folder))
    by_id = {one.id: one for one in files.values()}
    if target is not None:
        with naming(target):
            target.mkdir(parents=True, exist_ok=True)
        for name, file in by_id.items():
            write_text(target / f"{name}.svg", draw(file, known))
        click.echo(f"{len(by_id)} drawings in {target}")
        return
    if procedure not in by_id:
        raise CasebusError("no_such_procedure", f"{procedure}: one of {', '.join(sorted(by_id))}")
    text = draw(by_id[procedure], known)
    if str(output) == "-":
        click.echo(text, nl=False)
    elif output is not None:
        write_text(output, text)
        click.echo(str(output))
