"""Checks that need a running stack: its processes, then those of `operations.doctor`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from casebus.sdk.doctor import Check
from onebox import credentials, environment, launch, state
from onebox.options import WORKERS, Options
from operations.doctor.brokers import examine_brokers
from operations.doctor.database import examine_database
from operations.doctor.remedies import Remedies
from operations.doctor.trust import examine_keys
from operations.doctor.wires import examine_wires

REMEDIES = Remedies("casebus logs {service}", "start again: casebus down, casebus up")


def examine_stack(options: Options) -> Iterator[Check]:
    now = state.read(options.place.state)
    if now is None or not now.alive():
        yield Check("stack", "warning", "not running", "start it with: casebus up")
        return
    yield from _services(options, now)
    known = credentials.load(options.place)
    settings = environment.admin_settings(options, known)
    yield examine_wires(settings)
    if "kafka" in options.only:
        workers = [name for name in WORKERS if name in options.services]
        yield from examine_brokers(settings, workers, REMEDIES)
        pinned = settings.model_copy(update={"root_digest": known.root_digest})
        # The keys of processes that speak for the bus, beside the agencies' keys.
        speakers = sorted(options.place.processes.glob("*/bus.pem"))
        yield from examine_keys(pinned, [settings.keys_dir, *(one.parent for one in speakers)])
    if "postgres" in options.only:
        yield from asyncio.run(examine_database(settings.database_url, REMEDIES))
        yield _roles(known)


def _services(options: Options, now: state.StackState) -> Iterator[Check]:
    for service in now.services.values():
        if service.phase == "ready":
            again = f", restarted {service.restarts} times" if service.restarts else ""
            yield Check(service.name, "ok", f"ready{again}")
            continue
        last = launch.tail(options.place, service.name).splitlines()
        says = f"{service.phase} {service.last_exit}: {last[-1] if last else ''}"
        yield Check(service.name, "wrong", says, REMEDIES.log_of(service.name))


def _roles(known: credentials.Credentials) -> Check:
    """Check that each service has its own role in the database."""
    if known.roles:
        return Check("database roles", "ok", f"one of its own for {', '.join(known.roles)}")
    says = "every service is the owner of the tables: that user may not make roles"
    return Check("database roles", "warning", says, "give it CREATEROLE, then start again")
