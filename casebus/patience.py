"""Asks again, with growing pauses, if there is no answer; a longer wait is reported in one line."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from casebus.errors import AwayError

log = logging.getLogger(__name__)

_T = TypeVar("_T")
#: After so many seconds without a record, brokers that hold some count as away.
STILL_SECONDS = 30.0
_FIRST_PAUSE_SECONDS = 0.1
_MOST_PAUSE_SECONDS = 5.0
#: A shorter fault is not reported.
_TOLD_AFTER_SECONDS = 1.0


class Patience:
    """The patience with something that is away. Threads may share one: they report it once."""

    def __init__(
        self,
        seconds: float,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.seconds = seconds
        self._sleep = sleep
        self._clock = clock
        self._lock = threading.Lock()
        self._told = False

    def ask(self, question: Callable[[], _T]) -> _T:
        """The answer. After an AwayError it asks again until the time is up.

        Only for questions that may be asked twice.
        """
        began, pause = self._clock(), _FIRST_PAUSE_SECONDS
        while True:
            try:
                answer = question()
            except AwayError as error:
                waited = self._clock() - began
                if waited >= self.seconds:
                    self._given_up()
                    raise
                if waited >= _TOLD_AFTER_SECONDS:
                    self._say_waiting(error, self.seconds - waited)
                self._sleep(self._pause(pause, error, self.seconds - waited))
                pause = min(2 * pause, _MOST_PAUSE_SECONDS)
            else:
                self._say_answered()
                return answer

    def _pause(self, pause: float, error: AwayError, left: float) -> float:
        """Never the same for all clients that lost the same thing at the same moment."""
        return min(max(pause * random.uniform(0.5, 1.0), error.after_seconds), left)

    def _given_up(self) -> bool:
        """Nobody waits any more, so the next wait is reported again.

        Returns whether this one was.
        """
        with self._lock:
            told, self._told = self._told, False
        return told

    def _say_waiting(self, error: AwayError, left: float) -> None:
        with self._lock:
            told, self._told = self._told, True
        if not told:
            upto = f"up to {left:.0f} s" if left < float("inf") else "until it answers"
            log.warning("%s; waiting %s", error, upto)

    def _say_answered(self) -> None:
        if self._given_up():
            log.warning("it answers again: going on")
