"""Local numbers of a case (案号, 移送书文号): one canonical text for every way they are typed."""

from __future__ import annotations

import unicodedata

_BRACKETS = str.maketrans(dict.fromkeys("[{〔【〖〈《", "(") | dict.fromkeys("]}〕】〗〉》", ")"))
#: Every dash that is typed for a hyphen.
DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−", "-"))
_UPPER = {lower: lower - 32 for lower in range(ord("a"), ord("z") + 1)}
_DROPPED = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs"})


def canonical_number(text: str) -> str:
    """The text by which a number is stored and looked up; the event keeps the typed text.

    `（2025）浙０１０６刑初12号` and `〔2025〕浙0106刑初12号` are one number.
    """
    plain = unicodedata.normalize("NFKC", text).translate(_BRACKETS).translate(DASHES)
    kept = "".join(one for one in plain if unicodedata.category(one) not in _DROPPED)
    return unicodedata.normalize("NFKC", kept).translate(_UPPER)
