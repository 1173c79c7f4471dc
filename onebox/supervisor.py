"""All processes of one machine: started layer by layer, stopped in the opposite order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence

from onebox.places import Home
from onebox.service import Program, Service

_LOOK_SECONDS = 1.0


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

    async def watch(self) -> None:
        """Return never; raises what ended the keeping of a service, which nothing should."""
        while True:
            for task in self._tasks:
                if task.done():
                    task.result()
            await asyncio.sleep(_LOOK_SECONDS)

    async def pause(self, names: Collection[str]) -> None:
        """End these, last layer first, and keep them ended until `resume`."""
        for layer in reversed(self._layers):
            chosen = [service for service in layer if service.program.name in names]
            await asyncio.gather(*(service.pause() for service in chosen))

    async def resume(self) -> None:
        """Start what was paused, layer by layer."""
        for layer in self._layers:
            paused = [service for service in layer if service.paused]
            for service in paused:
                service.resume()
            await asyncio.gather(*(service.ready.wait() for service in paused))

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
