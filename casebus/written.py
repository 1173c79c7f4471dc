"""A text as a person wrote it, so that two ways to write one thing compare equal. Pure."""

from __future__ import annotations

import unicodedata


def plain(text: str) -> str:
    """A cell's text in one width (NFKC), trimmed, without invisible characters."""
    folded = unicodedata.normalize("NFKC", text)
    if folded.isprintable():
        return folded.strip()
    return visible_text(folded)


def visible_text(text: str) -> str:
    """A text as typed, trimmed, without invisible characters."""
    return "".join(one for one in text if unicodedata.category(one) != "Cf").strip()
