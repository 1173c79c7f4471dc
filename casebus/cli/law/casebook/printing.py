"""`casebus law casebook`: compares hand-made vectors with the law files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape

from casebus.cli.ends import REFUSED
from casebus.cli.law.casebook import Casebook, WrongCase, judge, read
from casebus.cli.law.folders import law_option
from casebus.cli.output import answer, json_option, table
from casebus.law import Law

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command("casebook")
@click.argument("files", type=_FILE, nargs=-1, required=True)
@law_option
@json_option
def command(files: tuple[Path, ...], folder: Path, *, as_json: bool) -> None:
    """Compare each vector of the casebooks in FILES with the law files.

    A vector gives facts and the law's result: a date, the meaning of figures, or a whole case.
    docs/casebook.md shows the form.
    """
    law = Law.load(folder)
    found = [_of_book(path, read(path), law) for path in files]
    answer(found, as_json=as_json, show=lambda console: _show(console, found))
    if any(one["wrong"] for one in found):
        raise SystemExit(REFUSED)


def _of_book(path: Path, book: Casebook, law: Law) -> dict[str, Any]:
    rows = [(one, judge(one, law)) for one in book.vectors]
    return {
        "file": path.name,
        "title": book.title,
        "vectors": len(rows),
        "wrong": [
            {
                "rule": one.rule,
                "words": one.words,
                "source": one.source,
                "differs": [part._asdict() for part in wrong],
            }
            for one, wrong in rows
            if wrong
        ],
    }


def _show(console: Console, found: list[dict[str, Any]]) -> None:
    for book in found:
        wrong = len(book["wrong"])
        right = book["vectors"] - wrong
        console.print(
            f"{book['file']}  {book['title']}: {right} right, {wrong} wrong", markup=False
        )
        for one in book["wrong"]:
            console.print(f"\n✗ {one['rule']}\n  {one['words']}\n  {one['source']}", markup=False)
            rows = [[escape(str(part)) for part in WrongCase(**row)] for row in one["differs"]]
            console.print(table(("", "casebook", "law"), rows))
