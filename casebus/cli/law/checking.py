"""`casebus law check`: lists errors and odd rules in law files, with file and line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from casebus.cli.ends import REFUSED
from casebus.cli.law.folders import law_argument, schemas_option
from casebus.cli.output import answer, json_option
from casebus.events.schemas import Schemas
from casebus.law import LawError, bundle, loader
from casebus.law.checking import LawProblem, check
from casebus.law.checking.versions import LEVELS


@click.command("check")
@law_argument
@schemas_option
@click.option(
    "--confidence",
    "least",
    type=click.Choice(LEVELS),
    help="Tell the rows that we are less sure of: V (read in a text), M+, M~, M?.",
)
@json_option
def command(folder: Path, schemas_folder: Path, least: str | None, *, as_json: bool) -> None:
    """Check the law files in FOLDER (the installed ones) against themselves and the schemas.

    A law with errors is not adopted. Warnings are for a lawyer.
    """
    found = examined(folder, Schemas.load(schemas_folder), least)
    answer(found, as_json=as_json, show=lambda to: to.print(_text(found), markup=False))
    if found["errors"]:
        raise SystemExit(REFUSED)


def examined(folder: Path, schemas: Schemas, least: str | None = None) -> dict[str, Any]:
    """Digest, counts and problems; a law that cannot be loaded at all is one error."""
    files = loader.read(folder)
    try:
        problems = [one._asdict() for one in check(files, schemas, least=least)]
    except LawError as error:
        # The error's text already names file and line.
        problems = [{"severity": "error", "code": error.code, "text": error.detail}]
    errors = sum(one["severity"] == "error" for one in problems)
    return {
        "digest": bundle.digest(files),
        "errors": errors,
        "warnings": len(problems) - errors,
        "problems": problems,
    }


def _text(found: dict[str, Any]) -> str:
    counted = f"{found['errors']} errors, {found['warnings']} warnings, law {found['digest'][:12]}"
    return "\n".join([*map(said, found["problems"]), counted])


def said(problem: dict[str, Any]) -> str:
    """One problem in the form of compilers."""
    if "file" in problem:
        return str(LawProblem(**problem))
    return f"{problem['severity']} {problem['code']}: {problem['text']}"
