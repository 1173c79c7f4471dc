"""Styles, scripts and pictures: ours from the package, htmx from its jar, each under its digest.

A file's address holds the digest of its bytes, so a browser keeps it for ever. Each is compressed
once, when the gateway begins.
"""

from __future__ import annotations

import gzip
import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path

from fastapi import Request, Response

from casebus.errors import CasebusError
from gateway.web.caching import FOR_EVER

_log = logging.getLogger(__name__)
_OURS = Path(__file__).with_name("static")
PREFIX = "/console/static"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is sent, plain and by gzip."""

    name: str
    plain: bytes
    zipped: bytes
    digest: str

    @property
    def url(self) -> str:
        return f"{PREFIX}/{self.digest}/{self.name}"


class Assets:
    """Those of the package, and those that a folder holds: libraries out of their jars."""

    def __init__(self, libraries: Path | None = None) -> None:
        self._known = {one.name: one for one in map(_read, sorted(_OURS.iterdir()))}
        if libraries is not None and libraries.is_dir():
            self._known |= {one.name: one for one in map(_read, sorted(libraries.iterdir()))}
        else:
            _log.warning("the console's libraries are not here: pages work, slower, without them")

    def url(self, name: str) -> str | None:
        """The address; None for a library that is missing."""
        return self._known[name].url if name in self._known else None

    def answer(self, request: Request, digest: str, name: str) -> Response:
        """Raises CasebusError `not_found` for a name or a digest that is not ours."""
        asset = self._known.get(name)
        if asset is None or asset.digest != digest:
            raise CasebusError("not_found")
        headers = {**FOR_EVER, "Vary": "Accept-Encoding"}
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            return Response(asset.zipped, headers=headers, media_type=_type(name))
        return Response(asset.plain, headers=headers, media_type=_type(name))


def _read(path: Path) -> Asset:
    plain = path.read_bytes()
    digest = hashlib.sha256(plain).hexdigest()[:16]
    return Asset(path.name, plain, gzip.compress(plain, mtime=0), digest)


def _type(name: str) -> str:
    return _TYPES.get(Path(name).suffix, "application/octet-stream")
