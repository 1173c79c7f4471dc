"""`casebus verify`: with a file, checks a bundle of evidence offline.

Without, the whole installation.
"""

from __future__ import annotations

import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from casebus.cases.room import LIMITS
from casebus.cli import ends
from casebus.cli.connect import load_schemas
from casebus.cli.output import answer, json_option, table
from casebus.cli.server import missing
from casebus.errors import CasebusError
from casebus.evidence.checking import check_bundle
from casebus.evidence.refolding import FoldTools
from casebus.evidence.report import BundleReport, FoldComparison
from casebus.settings import Settings

_ENTRY_POINTS = "casebus.commands"
_OFFLINE = "With a BUNDLE: `casebus verify FILE --root DIGEST` checks a case's evidence offline."
_STATES = {
    FoldComparison.SAME: "Folded again, the case is in the state that the bundle says: {}",
    FoldComparison.DIFFERS: "Folded again, the case is in another state than the bundle says.",
    FoldComparison.PARTIAL: "The state is not folded again, the bundle is partial: {}.",
    FoldComparison.NOT_COMPARABLE: "The state is not comparable: {}.",
}


class Verify(click.Command):
    """Checks a bundle if one is named, else hands over to the server part's command."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        installation = None if _names_bundle(args) else _installation()
        if installation is None:
            return super().make_context(info_name, args, parent, **extra)
        installation.epilog = f"{ends.told(('verify',))} {_OFFLINE}"
        return installation.make_context(info_name, args, parent, **extra)


def _names_bundle(args: list[str]) -> bool:
    """True if an argument is a file, or an option for bundles only."""
    said = (one for one in args if not one.startswith("-"))
    return any(one.partition("=")[0] == "--root" for one in args) or any(
        one.endswith(".zip") or Path(one).is_file() for one in said
    )


def _installation() -> click.Command | None:
    """The server part's command, if there is a server part."""
    for entry in entry_points(group=_ENTRY_POINTS, name="verify"):
        try:
            loaded: click.Command = entry.load()
        except ImportError:
            return None
        return loaded
    return None


@click.command("verify", cls=Verify)
@click.argument("bundle", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--root", help="Digest of the directory's entry 0. Default: CASEBUS_ROOT_DIGEST.")
@json_option
def command(bundle: Path | None, root: str | None, *, as_json: bool) -> None:
    """Check BUNDLE, a case's evidence, by the pinned root alone.

    It needs no network, no Kafka and no database. Without BUNDLE, the server part compares all that
    its installation keeps.
    """
    if bundle is None:
        missing("verify").main(args=[], standalone_mode=False)
        return
    report = check_bundle(_read(bundle), _root(root), _reading())
    answer(report.to_json(), as_json=as_json, show=lambda out: _show(out, report))
    sys.exit(ends.DONE if report.ok else ends.REFUSED)


def _read(bundle: Path) -> bytes:
    try:
        return bundle.read_bytes()
    except OSError as error:
        raise CasebusError("file_unreadable", f"{bundle}: {error.strerror}") from error


def _root(given: str | None) -> str:
    root = (given or Settings().root_digest).strip().lower()
    if not root:
        raise CasebusError("no_root_digest", "say whom to trust: --root or CASEBUS_ROOT_DIGEST")
    return root


def _reading() -> FoldTools:
    settings = Settings()
    limits = (settings.policies_dir / LIMITS).read_text(encoding="utf-8")
    return FoldTools(load_schemas(settings), limits)


def _show(out: Console, report: BundleReport) -> None:
    out.print(f"Case {report.case}")
    out.print(table(("checked", "number"), [(w, f"{n:,}") for w, n in report.counts.items()]))
    if report.witnesses:
        out.print(f"Heads cosigned by {', '.join(report.witnesses)}")
    out.print(_STATES[report.state].format(report.about_state))
    if report.ok:
        out.print("[bold]All that the bundle holds agrees with the pinned root.[/bold]")
        return
    out.print("[bold red]The bundle was altered, or is not of this installation.[/bold red]")
    rows = [(one.code, one.file, one.place, one.detail) for one in report.problems]
    out.print(table(("problem", "file", "place", "detail"), rows))
