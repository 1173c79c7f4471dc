"""The manifest: what case the bundle is of, and the digest of each of its files."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from typing import Any

from casebus.evidence import lines

FORMAT = "casebus evidence v1"


def manifest_of(case: str, files: Mapping[str, bytes]) -> bytes:
    """The manifest's own digest is over its canonical text without that field."""
    digests = {name: hashlib.sha256(body).hexdigest() for name, body in files.items()}
    said: dict[str, Any] = {"format": FORMAT, "case": case, "files": digests}
    return lines.canonical(said | {"digest": _digest(said)}) + b"\n"


def read_manifest(body: bytes) -> tuple[str, dict[str, str]]:
    """The case and the digests of the files; raises LineError."""
    if not body.endswith(b"\n"):
        raise lines.LineError("no line")
    said = lines.read(body[:-1])
    digest = said.pop("digest", None)
    if digest != _digest(said):
        raise lines.LineError("the text is not that of its digest")
    if set(said) != {"format", "case", "files"} or said["format"] != FORMAT:
        raise lines.LineError(f"the format is not {FORMAT}")
    case, files = said["case"], said["files"]
    if not isinstance(files, dict) or not _is_stream(case):
        raise lines.LineError("not the fields of a manifest")
    return case, files


def _digest(said: Mapping[str, Any]) -> str:
    return hashlib.sha256(lines.canonical(said)).hexdigest()


def _is_stream(text: Any) -> bool:
    try:
        return isinstance(text, str) and str(uuid.UUID(text)) == text
    except ValueError:
        return False
