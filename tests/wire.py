"""A wire to a real server that can be cut: real connections, really reset."""

from __future__ import annotations

import select
import socket
import struct
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

_CHUNK = 65_536
#: Closing sends a reset and no orderly end.
_RESET = struct.pack("ii", 1, 0)


class Wire:
    """Passes bytes on to `port`. Use as a context manager; nobody answers until `mend`.

    `answers` are the numbers of chunks that connections bring back before they are reset, in turn.
    0 loses the answer to an action that the server has already done. None lets the connection be.
    """

    def __init__(self, port: int, *, answers: tuple[int | None, ...] = (None,)) -> None:
        self._target = port
        self._answers = answers
        self._door = socket.socket()
        self._door.bind(("127.0.0.1", 0))
        self.port: int = self._door.getsockname()[1]
        self._lock = threading.Lock()
        self._connections = 0
        #: Connections that were reset.
        self.resets = 0

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # It wakes the thread that waits in accept.
        with suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()

    def mend(self) -> None:
        """From now on somebody answers."""
        self._door.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._door.accept()
                try:
                    far = socket.create_connection(("127.0.0.1", self._target))
                except OSError:
                    near.close()
                    raise
                with self._lock:
                    left = self._answers[self._connections % len(self._answers)]
                    self._connections += 1
                threading.Thread(target=self._carry, args=(near, far, left), daemon=True).start()

    def _carry(self, near: socket.socket, far: socket.socket, left: int | None) -> None:
        # Both ways in one thread: what another one reads from is not closed by closing it.
        with suppress(OSError), near, far:
            while True:
                for source in select.select([near, far], [], [])[0]:
                    chunk = source.recv(_CHUNK)
                    if not chunk:
                        return
                    if source is near:
                        far.sendall(chunk)
                        continue
                    if left == 0:
                        self._reset(near)
                        return
                    near.sendall(chunk)
                    left = left if left is None else left - 1

    def _reset(self, near: socket.socket) -> None:
        with self._lock:
            self.resets += 1
        near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
