"""The QR code of a paper: it leads to its event, and names the digest that the paper claims."""

from __future__ import annotations

from urllib.parse import quote

import segno
from markupsafe import Markup

#: Modules of white around the code, as ISO/IEC 18004 requires.
_QUIET_ZONE = 4


def address(origin: str, event_id: str, digest: str) -> str:
    """The search for the event; the digest comes after `#`, which no browser sends."""
    found = f"{origin}/console/search?text={quote(event_id, safe='')}"
    return f"{found}#leaf={digest}" if digest else found


def drawn(text: str, label: str) -> Markup:
    """SVG without a size of its own; `label` describes it for readers who cannot see it."""
    code = segno.make(text, error="m", micro=False)
    drawing = code.svg_inline(omitsize=True, border=_QUIET_ZONE, title=label)
    return Markup(drawing)  # noqa: S704 - the library escapes label and text
