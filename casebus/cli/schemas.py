"""`casebus schemas new|check|docs`: registers versions of event types, checks and describes all."""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from casebus.cli import catalogue
from casebus.cli.ends import REFUSED
from casebus.cli.groups import CommandGroup
from casebus.cli.output import answer, json_option
from casebus.events import register
from casebus.events.register import Body, Row
from casebus.events.schemas import Schemas
from casebus.events.topics import Topics
from casebus.files import naming, write_text
from casebus.later import later
from casebus.law import Law
from casebus.settings import Settings

# Apache's checker is a development dependency: an agency's installation registers no schema.
if TYPE_CHECKING:
    from avro import compatibility
    from avro import schema as avro_schema
else:
    compatibility = later("avro.compatibility")
    avro_schema = later("avro.schema")

_FOLDER = click.option(
    "--folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=lambda: Settings().schemas_dir,
    help="The folder with ids.json.",
)


@click.group("schemas", cls=CommandGroup)
def command() -> None:
    """Register event types and check the register."""


@command.command()
@click.argument("event_type")
@_FOLDER
@json_option
def new(event_type: str, folder: Path, *, as_json: bool) -> None:
    """Scaffold the next version of EVENT_TYPE (as referral.sent) and append an id.

    Run it again after editing the draft: until the id is committed it takes the new text, with
    shared records (schemas/shared) written out. A committed id never changes.
    """
    key, row = register_next(folder, register.full_type(event_type))
    line = f"id {key}: {row['file']}"
    answer({"id": int(key), **row}, as_json=as_json, show=lambda to: to.print(line))


@command.command()
@_FOLDER
@json_option
def check(folder: Path, *, as_json: bool) -> None:
    """Check every text against its id, its rules, all its versions and git's history."""
    problems = list(all_problems(folder))
    found = {"ids": len(_rows(folder)), "problems": problems}
    lines = "\n".join([*problems, f"{found['ids']} ids, {len(problems)} problems"])
    answer(found, as_json=as_json, show=lambda to: to.print(lines, markup=False))
    if problems:
        raise SystemExit(REFUSED)


@command.command()
@_FOLDER
@click.option(
    "--law",
    "law_folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=lambda: Settings().policies_dir / "law",
    help="The folder with sectors.yaml.",
)
@click.option(
    "--to",
    "target",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("docs/catalogue"),
    help="The folder of the pages.",
)
@json_option
def docs(folder: Path, law_folder: Path, target: Path, *, as_json: bool) -> None:
    """Write the catalogue as Markdown; pages of domains that are gone are removed."""
    pages = catalogue_of(folder, law_folder)
    with naming(target):
        target.mkdir(parents=True, exist_ok=True)
    for gone in {path.name for path in target.glob("*.md")} - set(pages):
        (target / gone).unlink()
    for name, text in pages.items():
        write_text(target / name, text, durable=False)
    said = {"pages": len(pages), "folder": str(target)}
    answer(said, as_json=as_json, show=lambda to: to.print(f"{len(pages)} pages in {target}"))


def catalogue_of(folder: Path, law_folder: Path) -> dict[str, str]:
    """The catalogue's pages by file name."""
    return catalogue.pages(Schemas.load(folder), _shared(folder), Law.load(law_folder))


def register_next(folder: Path, ce_type: str) -> tuple[str, Row]:
    """Write the next version's file, or take the open draft's text, and note its id."""
    rows, shared = _rows(folder), _shared(folder)
    subject = register.row_of(ce_type, 1, {})["subject"]
    last = max((int(key) for key, row in rows.items() if row["subject"] == subject), default=0)
    if last and str(last) in _committed(folder, "HEAD"):
        key, version = str(len(rows) + 1), rows[str(last)]["version"] + 1
        draft = _body(folder / rows[str(last)]["file"])
    elif last:
        key, version = str(last), rows[str(last)]["version"]
        draft = _body(folder / rows[key]["file"])
    else:
        key, version, draft = str(len(rows) + 1), 1, register.scaffold(ce_type)
    body = register.inline(draft, shared)
    rows[key] = register.row_of(ce_type, version, body)
    _write(folder / rows[key]["file"], body)
    _write(folder / "ids.json", rows)
    return key, rows[key]


def all_problems(folder: Path) -> Iterator[str]:
    """Every violation of the register's rules, one sentence each."""
    rows, bodies = _rows(folder), _bodies(folder)
    yield from register.register_problems(rows, bodies)
    for file, body in bodies.items():
        yield from register.text_problems(file, body)
    for commit in _commits(folder):
        for problem in register.append_only_problems(_committed(folder, commit), rows):
            yield f"{problem} (since {commit[:7]})"
    yield from _version_problems(rows, bodies)
    Topics.load(folder)


def _version_problems(rows: dict[str, Row], bodies: dict[str, Body]) -> Iterator[str]:
    """FULL_TRANSITIVE: each version of a subject can read every other version."""
    by_subject = sorted(rows.values(), key=lambda row: (row["subject"], row["version"]))
    for _, group in itertools.groupby(by_subject, key=lambda row: row["subject"]):
        files = [row["file"] for row in group if row["file"] in bodies]
        for one, other in itertools.permutations(files, 2):
            yield from incompatibilities(one, bodies[one], other, bodies[other])
        for one, other in itertools.pairwise(files):
            if bodies[one] == bodies[other]:
                yield f"{other}: says nothing that {one} does not"


def incompatibilities(reader_file: str, reader: Body, file: str, writer: Body) -> Iterator[str]:
    """Reasons why values of `writer` cannot be read with `reader`, by Apache's own checker."""
    texts = [avro_schema.parse(json.dumps(body)) for body in (reader, writer)]
    result = compatibility.ReaderWriterCompatibilityChecker().get_compatibility(*texts)
    if result.compatibility.name != "compatible":
        where = ", ".join(sorted(result.locations))
        yield f"{reader_file} cannot read {file}: {sorted(result.messages)} at {where}"


def _rows(folder: Path) -> dict[str, Row]:
    return dict(json.loads((folder / "ids.json").read_text(encoding="utf-8")))


def _body(path: Path) -> Body:
    return dict(json.loads(path.read_text(encoding="utf-8")))


def _bodies(folder: Path) -> dict[str, Body]:
    paths = (path for path in folder.rglob("*.avsc") if path.parent.name != "shared")
    return {path.relative_to(folder).as_posix(): _body(path) for path in sorted(paths)}


def _shared(folder: Path) -> dict[str, Body]:
    bodies = [_body(path) for path in sorted((folder / "shared").glob("*.avsc"))]
    return {register.full_name(body): body for body in bodies}


def _write(path: Path, body: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, json.dumps(body, ensure_ascii=False, indent=2) + "\n")


def _commits(folder: Path) -> list[str]:
    """Commits that touched ids.json; none outside a checkout."""
    return (_git(folder, "log", "--format=%H", "--", "ids.json") or "").split()


def _committed(folder: Path, commit: str) -> dict[str, Row]:
    text = _git(folder, "show", f"{commit}:./ids.json")
    return dict(json.loads(text)) if text else {}


def _git(folder: Path, *arguments: str) -> str | None:
    """The output of git for `folder`, or None if git fails there."""
    git = shutil.which("git")
    if git is None:
        return None
    done = subprocess.run(
        [git, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    return done.stdout if done.returncode == 0 else None
