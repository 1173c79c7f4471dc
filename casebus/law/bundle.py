"""Law bundles: the files of one law as bytes, addressed by their content and kept for ever."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from casebus.law.loader import LawError
from casebus.words import in_words


def digest(files: Mapping[str, bytes]) -> str:
    """SHA-256 (hex) over the sorted file names and bytes, each with its length before it."""
    whole = hashlib.sha256()
    for name in sorted(files):
        for part in (name.encode(), files[name]):
            whole.update(len(part).to_bytes(8, "big"))
            whole.update(part)
    return whole.hexdigest()


def pack(files: Mapping[str, bytes]) -> bytes:
    """The files as one canonical JSON object; the same files always give the same bytes."""
    texts = {name: files[name].decode() for name in sorted(files)}
    return json.dumps(texts, ensure_ascii=False, separators=(",", ":")).encode()


def unpack(body: bytes) -> dict[str, bytes]:
    """The files of a bundle; raises LawError."""
    try:
        texts = json.loads(body)
        return {str(name): text.encode() for name, text in texts.items()}
    except (ValueError, AttributeError) as error:
        raise LawError("law_unreadable", f"bundle: {in_words(error)}") from error
