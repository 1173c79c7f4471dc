"""`python -m onebox.run SERVICE`: one service of a container, as its own Kafka user.

`provision` instead of a service brings the brokers and the database up to this checkout, once.
Addresses and the admin's password come from the environment, the rest from the shared home.
"""

from __future__ import annotations

import asyncio
import os
import sys

from casebus.errors import CasebusError
from casebus.settings import Settings
from onebox import credentials, environment
from onebox.options import BACKENDS, GATEWAY, SERVICES, Options
from onebox.places import DEFAULT_BASE, home_at
from onebox.provision.installation import Installation, provision

PROVISION = "provision"


def options() -> Options:
    """Both backends are others': the environment must say where. Raises CasebusError `no_url`."""
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
        wanted = options()
        if name == PROVISION:
            asyncio.run(_provision(wanted))
            return 0
        _become(wanted, name, rest)
    except CasebusError as error:
        sys.stderr.write(f"{error}\n")
    return 1


async def _provision(wanted: Options) -> None:
    home = wanted.place.make()
    known = credentials.load(home)
    try:
        await provision(Installation(home, environment.admin_settings(wanted, known), known))
    finally:
        credentials.save(home, known)


def _become(wanted: Options, name: str, rest: list[str]) -> None:
    module = name if name == GATEWAY else f"services.{name}"
    variables = environment.of_user(wanted, credentials.load(wanted.place), name)
    kept = {"CASEBUS_GATEWAY_URL": os.environ.get("CASEBUS_GATEWAY_URL", "")}
    variables |= {key: text for key, text in kept.items() if text}
    os.execve(  # noqa: S606  this process becomes the service: signals reach it directly
        sys.executable,
        [sys.executable, "-m", module, *rest],
        {**os.environ, **variables},
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
