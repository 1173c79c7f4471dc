"""The admin of a bus whose secrets lie in a home (entry point `casebus.admin`)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from pathlib import Path
from typing import Any

from onebox import credentials, environment, keypack
from onebox.commands.shared import home_option, options_of
from onebox.installation import Installation
from onebox.options import Options
from operations.adoption.announcing import digest_of
from operations.commands.admin import Admin


def with_home(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command of `operations` the admin of the stack in a home, by the option --home."""

    @home_option
    @wraps(command)
    def run(home: Path | None, **given: Any) -> None:
        command(admin=_admin_of(options_of(home)), **given)

    return run


def _admin_of(options: Options) -> Admin:
    known = credentials.load(options.place)
    settings = environment.admin_settings(options, known)
    installation = Installation(options.place, settings, known)
    return Admin(
        settings,
        installation.known_law(),
        partial(_note, installation),
        partial(keypack.pack, home=options.place),
    )


def _note(installation: Installation, digest: str) -> None:
    """Until the law's files here change again, a start adopts no other law."""
    here = digest_of(installation.settings.policies_dir)
    installation.note_law(digest, installed=here)
