"""All processes of one machine: started floor by floor, stopped in the opposite order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence

from onebox.places import Home
from onebox.service import Program, Service, Starter, by_command

_LOOK_SECONDS = 1.0


class Supervisor:
    """Keeps programs on floors: those on a lower floor start first and stop last."""

    def __init__(
        self, home: Home, changed: Callable[[], None], starter: Starter = by_command
    ) -> None:
        self.services: dict[str, Service] = {}
        self._home = home
        self._changed = changed
        self._starter = starter
        self._floors: dict[int, list[Service]] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self, programs: Sequence[Program], *, floor: int) -> None:
        """Start these and wait until all are ready, or were ready before they were held."""
        started = [self._service(program) for program in programs]
        self._floors.setdefault(floor, []).extend(started)
        self._tasks += [asyncio.create_task(service.keep()) for service in started]
        await asyncio.gather(*(service.ready.wait() for service in started))

    async def watch(self) -> None:
        """Never return.

        Raises the error that ended the keeping of a service, which nothing should do.
        """
        while True:
            for task in self._tasks:
                if task.done():
                    task.result()
            await asyncio.sleep(_LOOK_SECONDS)

    async def pause(self, names: Collection[str]) -> None:
        """End these, the highest floor first, and keep them ended until `resume`."""
        for floor in self._from_the_top():
            chosen = [service for service in floor if service.program.name in names]
            await asyncio.gather(*(service.pause() for service in chosen))

    async def resume(self) -> None:
        """Start the paused ones, floor by floor."""
        for floor in reversed(self._from_the_top()):
            paused = [service for service in floor if service.paused]
            for service in paused:
                service.resume()
            await asyncio.gather(*(service.ready.wait() for service in paused))

    async def stop(self, *, at_once: bool = False) -> None:
        """Stop the highest floor first, each floor all together.

        With `at_once` all, and in no order.
        """
        if at_once:
            every = self.services.values()
            await asyncio.gather(*(service.stop(at_once=True) for service in every))
        for floor in self._from_the_top():
            await asyncio.gather(*(service.stop() for service in floor))
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _from_the_top(self) -> list[list[Service]]:
        return [self._floors[number] for number in sorted(self._floors, reverse=True)]

    def _service(self, program: Program) -> Service:
        service = Service(
            program,
            self._home.log(program.name),
            self._home.held / program.name,
            self._changed,
            self._starter,
        )
        self.services[program.name] = service
        return service
