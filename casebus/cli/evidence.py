"""`casebus evidence`: writes a case's evidence as one file, to hand over."""

from __future__ import annotations

from pathlib import Path

import click

from casebus.cli.connect import agency_option, open_gateway, settings_for
from casebus.cli.output import answer, json_option
from casebus.files import appearing


@click.command("evidence")
@click.argument("case")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write. Default: <case id>.zip here.",
)
@agency_option
@json_option
def command(case: str, output: Path | None, agency: str | None, *, as_json: bool) -> None:
    """Write the evidence of CASE (its id or any local number) to one zip.

    For a record that your agency may not see, the zip has a leaf and a signature. `casebus verify
    FILE` checks the zip anywhere, without the bus.
    """
    with open_gateway(settings_for(agency)) as gateway:
        stream = gateway.resolve(case)
        body = gateway.evidence(stream)
    target = output or Path(f"{stream}.zip")
    with appearing(target) as file:
        file.write(body)
    written = {"case": stream, "file": str(target), "bytes": len(body)}
    answer(
        written,
        as_json=as_json,
        show=lambda out: out.print(f"{target}: {len(body):,} bytes. Look at it: casebus verify"),
    )
