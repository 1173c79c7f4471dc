"""The places of law files and schemas, written once for every command."""

from __future__ import annotations

from pathlib import Path

import click

from casebus.settings import Settings

_FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)


def _installed() -> Path:
    return Settings().policies_dir / "law"


law_argument = click.argument("folder", type=_FOLDER, default=_installed)
law_option = click.option(
    "--law", "folder", type=_FOLDER, default=_installed, help="The folder with the law files."
)
schemas_option = click.option(
    "--schemas",
    "schemas_folder",
    type=_FOLDER,
    default=lambda: Settings().schemas_dir,
    help="The folder with ids.json.",
)
