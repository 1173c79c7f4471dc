"""A cache for answers about other people's texts, which may have any length."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

#: The most characters or bytes; texts that really recur are far shorter.
_LONGEST = 256


def remembered(most: int) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Keep the last `most` answers, but none about a long text: their sum would have no bound."""

    def decorate(ask: Callable[P, R]) -> Callable[P, R]:
        kept = lru_cache(maxsize=most)(ask)

        @wraps(ask)
        def answer(*asked: P.args, **named: P.kwargs) -> R:
            for one in asked:
                if isinstance(one, str | bytes) and len(one) > _LONGEST:
                    return ask(*asked, **named)
            return kept(*asked, **named)  # type: ignore[arg-type]

        return answer

    return decorate
