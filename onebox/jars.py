"""Kafka's jars by coordinates: read from `kafka.lock`, fetched once, checked by SHA-256.

The lock names coordinates only. The machine decides where they come from: Maven Central, or the
mirror the user's Maven settings name.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import ssl
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from casebus.errors import CasebusError
from casebus.later import later
from casebus.words import in_words

# Needed on the first start only.
if TYPE_CHECKING:
    import certifi
    import httpx
    from jgo import constants

    from casebus.sdk import http
else:
    certifi = later("certifi")
    httpx = later("httpx")
    constants = later("jgo.constants")
    http = later("casebus.sdk.http")

LOCK = Path(__file__).with_name("kafka.lock")
DOWNLOADS = 8
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Jar:
    """One jar of the lock: its coordinates and the digest its bytes must have."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def filename(self) -> str:
        return f"{self.artifact}-{self.version}.jar"

    @property
    def path(self) -> str:
        """Its path in every Maven repository."""
        group = self.group.replace(".", "/")
        return f"{group}/{self.artifact}/{self.version}/{self.filename}"

    @property
    def coordinates(self) -> str:
        return f"{self.group}:{self.artifact}:{self.version}"


def read_lock(path: Path = LOCK) -> tuple[Jar, ...]:
    """The jars in class-path order; lines that start with `#` are comments."""
    lines = (line.split("#", 1)[0].split() for line in path.read_text("utf-8").splitlines())
    rows = ((*line[0].split(":"), line[1]) for line in lines if line)
    return tuple(Jar(*row) for row in rows)


def cache_dir(lock: Path = LOCK) -> Path:
    """One directory for each lock, so that archives for one class path never meet another."""
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()[:12]
    return platformdirs.user_cache_path("casebus") / f"{lock.stem}-{digest}"


def class_path(progress: Progress = lambda _line: None, lock: Path = LOCK) -> list[Path]:
    """The jars of a lock on disk, fetched if the cache lacks any.

    Raises CasebusError `jar_not_fetched` or `jar_digest_differs`.
    """
    jars, home = read_lock(lock), cache_dir(lock)
    missing = [jar for jar in jars if not (home / jar.filename).is_file()]
    if missing:
        home.mkdir(parents=True, exist_ok=True)
        with _exclusive(home / ".lock"):
            _fetch([jar for jar in missing if not (home / jar.filename).is_file()], home, progress)
    return [home / jar.filename for jar in jars]


def _fetch(jars: list[Jar], home: Path, progress: Progress) -> None:
    repository = _repository()
    with (
        http.client(repository, verify=_trust(), timeout=60, follow_redirects=True) as client,
        ThreadPoolExecutor(DOWNLOADS) as pool,
    ):

        def fetch(jar: Jar) -> Jar:
            try:
                content = client.get(f"{repository}/{jar.path}").raise_for_status().content
            except httpx.HTTPError as error:
                says = f"{jar.coordinates}: {in_words(error)}"
                raise CasebusError("jar_not_fetched", says) from error
            _store(jar, content, home / jar.filename)
            return jar

        for done, jar in enumerate(pool.map(fetch, jars), 1):
            progress(f"jar {done}/{len(jars)}: {jar.filename}")


def _store(jar: Jar, content: bytes, path: Path) -> None:
    digest = hashlib.sha256(content).hexdigest()
    if digest != jar.sha256:
        raise CasebusError(
            "jar_digest_differs", f"{jar.coordinates}: the lock says {jar.sha256}, got {digest}"
        )
    fresh = path.with_suffix(".new")
    fresh.write_bytes(content)
    fresh.replace(path)


def _trust() -> ssl.SSLContext:
    """The machine's own authorities (including a company's) and those that came by package."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


def _repository() -> str:
    """Maven Central, or the mirror that the user's Maven settings name for it."""
    settings = Path(os.environ.get("MAVEN_SETTINGS", "~/.m2/settings.xml")).expanduser()
    mirror = mirror_of_central(settings.read_text("utf-8")) if settings.is_file() else None
    return mirror or str(constants.MAVEN_CENTRAL_URL)


def mirror_of_central(settings: str) -> str | None:
    """The URL of the first mirror of `central` in a Maven `settings.xml`."""
    root = ET.fromstring(settings)  # noqa: S314 - the user's own file
    for mirror in root.iterfind(".//{*}mirrors/{*}mirror"):
        url = mirror.findtext("{*}url")
        patterns = (mirror.findtext("{*}mirrorOf") or "").split(",")
        names = {pattern.strip() for pattern in patterns}
        if url and "!central" not in names and names & {"*", "central", "external:*"}:
            return url.strip().rstrip("/")
    return None


@contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    """For two first starts at once: the second waits and finds the jars there."""
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
