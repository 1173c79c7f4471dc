"""Known advisories against requirements.lock, from data on this disk: no service is asked.

There are two sources. The package safety-db has the newest database that comes in a package; it
ends in July 2021. scripts/advisories.yaml has later advisories that a person has read.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import yaml
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parent.parent
_PIN = re.compile(r"^([\w.-]+)==([\w.!+-]+)", re.MULTILINE)
Advisories = Mapping[str, Iterable[Mapping[str, Any]]]


def locked(text: str) -> dict[str, str]:
    """Name and version of each pin, names as registries compare them."""
    return {_plain(name): version for name, version in _PIN.findall(text)}


def found(pins: Mapping[str, str], advisories: Advisories) -> Iterator[str]:
    """A line for each pin that an advisory names."""
    for name, rows in advisories.items():
        version = pins.get(_plain(name))
        for row in rows if version else ():
            if any(SpecifierSet(spec).contains(version, prereleases=True) for spec in row["specs"]):
                yield f"{name} {version}: {row['id']}: {row['advisory'][:160]}"


def packaged() -> Advisories:
    """The package's data; the package itself cannot be imported from another directory."""
    place = distribution("safety-db").locate_file("safety_db/insecure_full.json")
    rows = json.loads(Path(str(place)).read_text(encoding="utf-8"))
    return {name: its for name, its in rows.items() if not name.startswith("$")}


def own() -> Advisories:
    read: Advisories = yaml.safe_load((ROOT / "scripts/advisories.yaml").read_text("utf-8"))
    return read


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def main() -> int:
    pins = locked((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    lines = [line for source in (packaged(), own()) for line in found(pins, source)]
    sys.stderr.write("".join(f"{line}\n" for line in lines))
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
