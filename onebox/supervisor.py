"""All processes of one machine: started layer by layer, stopped in the opposite order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from onebox.places import Home
from onebox.service import Program, Service


class Supervisor:
    """Keeps layers of programs; a layer starts when the one before it is ready."""

    def __init__(self, home: Home, changed: Callable[[], None]) -> None:
        self.services: dict[str, Service] = {}
        self._home = home
        self._changed = changed
        self._layers: list[list[Service]] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self, programs: Sequence[Program]) -> None:
        """Start one layer and wait until all of it is ready, or was ready before it was held."""
        layer = [self._service(program) for program in programs]
        self._layers.append(layer)
        self._tasks += [asyncio.create_task(service.keep()) for service in layer]
        await asyncio.gather(*(service.ready.wait() for service in layer))

    async def stop(self) -> None:
        """Last layer first; within a layer all at once."""
        for layer in reversed(self._layers):
            await asyncio.gather(*(service.stop() for service in layer))
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _service(self, program: Program) -> Service:
        service = Service(
            program,
            self._home.log(program.name),
            self._home.held / program.name,
            self._changed,
        )
        self.services[program.name] = service
        return service
