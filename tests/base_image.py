"""The smallest base on which the Dockerfile builds, from this machine's own files.

Nothing is pulled. It holds a Python with its venv, a shell, the two programs that the Dockerfile
calls, the libraries that all of these load, and the authorities that this machine trusts.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

PROGRAMS = ("sh", "env", "install", "useradd", "mkdir", "rm", "cat", "chmod", "chown")
FILES = ("/etc/passwd", "/etc/group", "/etc/login.defs", "/etc/nsswitch.conf", "/etc/pip.conf")
#: The libraries on which every wheel for Linux may count (PEP 600), in any image.
WHEELS_LOAD = (
    *("libc.so.6", "libm.so.6", "libdl.so.2", "librt.so.1", "libpthread.so.0", "libutil.so.1"),
    *("libresolv.so.2", "libgcc_s.so.1", "libstdc++.so.6", "libz.so.1"),
)
#: Modules that Python does not need to run and to make environments.
_LEFT_OUT = shutil.ignore_patterns("test", "tests", "site-packages", "__pycache__", "idlelib")


def make_base(root: Path) -> Path:
    """Lay the base into an empty folder."""
    for name in ("usr/bin", "usr/sbin", "usr/lib", "usr/lib64", "tmp", "etc", "proc", "sys", "dev"):
        (root / name).mkdir(parents=True, exist_ok=True)
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / name).symlink_to(f"usr/{name}")
    (root / "tmp").chmod(0o1777)
    programs = [Path(found) for name in PROGRAMS if (found := shutil.which(name))]
    for program in programs:
        _lay(root, Path("/usr/bin") / program.name, program)
    for file in (Path(name) for name in FILES):
        if file.is_file():
            _lay(root, file, file)
    shutil.copytree("/etc/ssl/certs", root / "etc/ssl/certs", symlinks=False)
    loading = [*programs, *_python(root)]
    for library in [*_for_wheels(), *_libraries([*loading, *_for_wheels()])]:
        _lay(root, library, library)
    return root


def _python(root: Path) -> list[Path]:
    """Python where it lies here, and as `python`; returns what of it loads libraries."""
    stdlib = Path(sysconfig.get_path("stdlib"))
    program = Path(sys.base_prefix) / "bin" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
    shutil.copytree(stdlib, _inside(root, stdlib), ignore=_LEFT_OUT, dirs_exist_ok=True)
    _lay(root, program, program.resolve())
    (root / "usr/bin/python").unlink(missing_ok=True)
    (root / "usr/bin/python").symlink_to(program)
    # Its folder may be one that only its owner enters, as root's home.
    for folder in _inside(root, stdlib).relative_to(root).parents:
        (root / folder).chmod(0o755)
    return [program, *stdlib.glob("lib-dynload/*.so")]


def _for_wheels() -> list[Path]:
    known = subprocess.run(["/sbin/ldconfig", "-p"], check=True, capture_output=True, text=True)
    found = dict(reversed(re.findall(r"^\t(\S+) .* => (\S+)$", known.stdout, re.MULTILINE)))
    return [Path(found[name]) for name in WHEELS_LOAD if name in found]


def _libraries(loading: Iterable[Path]) -> list[Path]:
    """All that the dynamic loader would load for these, and the loader."""
    told = subprocess.run(
        ["ldd", *map(str, loading)], check=False, capture_output=True, text=True
    ).stdout
    return sorted(
        {Path(name) for name in re.findall(r"(?:=> |^\t)(/\S+) \(0x", told, re.MULTILINE)}
    )


def _lay(root: Path, place: Path, content: Path) -> None:
    target = _inside(root, place)
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():
        shutil.copy2(content.resolve(), target)


def _inside(root: Path, place: Path) -> Path:
    return root / place.relative_to("/")
