"""`python -m onebox.run SERVICE`: one service of a container, as its own Kafka user.

`provision` instead of a service brings the brokers and the database up to this checkout, once.
`provision` has the admin's password and the owner's URL, and leaves each service's own secrets in a
folder that only that service's container mounts.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys

from casebus.errors import CasebusError
from casebus.settings import Settings
from onebox import credentials, environment
from onebox.installation import Installation, provision
from onebox.options import BACKENDS, GATEWAY, SERVICES, Options
from onebox.places import DEFAULT_BASE, home_at

PROVISION = "provision"


def options() -> Options:
    """Both backends are others', so the environment must give their URLs.

    Raises CasebusError `no_url`.
    """
    try:
        return Options(
            home=home_at(Settings().home).path,
            port_base=DEFAULT_BASE,
            kafka_bootstrap=os.environ["CASEBUS_KAFKA_BOOTSTRAP"],
            database_url=os.environ["CASEBUS_DATABASE_URL"],
        )
    except KeyError as error:
        raise CasebusError("no_url", f"{error.args[0]} is not set") from error


def main(arguments: list[str]) -> int:
    name, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    runnable = [one for one in SERVICES if one not in BACKENDS]
    if name != PROVISION and name not in runnable:
        sys.stderr.write(f"say one of: {', '.join([PROVISION, *runnable])}\n")
        return 2
    try:
        if name == PROVISION:
            asyncio.run(_provision(options(), runnable))
            return 0
        _become(name, rest)
    except CasebusError as error:
        sys.stderr.write(f"{error}\n")
    return 1


async def _provision(wanted: Options, services: list[str]) -> None:
    home = wanted.place.make().close_to_others()
    known = credentials.load(home)
    try:
        await provision(Installation(home, environment.admin_settings(wanted, known), known))
    finally:
        credentials.save(home, known)
    for name in services:
        own = home.environment_of(name)
        own.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        variables = environment.of_user(wanted, known, name)
        credentials.write_private(own, json.dumps(variables, indent=1).encode())


def _become(name: str, rest: list[str]) -> None:
    """Raises CasebusError `not_provisioned`."""
    module = name if name == GATEWAY else f"services.{name}"
    own = home_at(Settings().home).environment_of(name)
    if not own.is_file():
        raise CasebusError("not_provisioned", f"{own} is missing: run `provision` with its folder")
    variables: dict[str, str] = json.loads(own.read_text("utf-8"))
    kept = {"CASEBUS_GATEWAY_URL": os.environ.get("CASEBUS_GATEWAY_URL", "")}
    variables |= {key: text for key, text in kept.items() if text}
    os.execve(  # noqa: S606 - this process becomes the service: signals reach it directly
        sys.executable,
        [sys.executable, "-m", module, *rest],
        {**os.environ, **variables},
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
