"""What each room's `__init__` and docs/architecture.md say of rooms is what the code imports."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOTS = ("casebus", "storage", "services", "gateway", "operations", "onebox", "rehearsal")
#: How a sentence names a package, where not as code does.
SPOKEN = {
    "avro": "Apache's avro",
    "kafka": "kafka-python",
    "opentelemetry": "OpenTelemetry",
    "prometheus_client": "prometheus-client",
    "pydantic_settings": "pydantic-settings",
    "pythonjsonlogger": "python-json-logger",
}
#: What a room on the left may call the rooms that it leans on.
ALL_BELOW = re.compile(r"(every|the) rooms? (of the gateway )?below")
PAGE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")


def rooms() -> list[Path]:
    """Every package of ours."""
    return sorted({path.parent for root in ROOTS for path in (ROOT / root).rglob("*.py")})


def name_of(room: Path) -> str:
    return room.relative_to(ROOT).as_posix()


NAMES = [name_of(room) for room in rooms()]


@cache
def sentence_of(name: str) -> str:
    module = ast.parse((ROOT / name / "__init__.py").read_text(encoding="utf-8"))
    return " ".join((ast.get_docstring(module) or "").split())


@cache
def imported(name: str) -> frozenset[str]:
    """The dotted names that the modules of a package import; its packages' apart."""
    found: set[str] = set()
    for path in (ROOT / name).glob("*.py"):
        found.update(_names(ast.parse(path.read_text(encoding="utf-8"))))
    return frozenset(found)


def _names(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports are not read here"
            yield from (f"{node.module}.{one.name}" for one in node.names)


@cache
def packages_of(name: str) -> set[str]:
    """Third-party packages."""
    tops = {one.split(".")[0] for one in imported(name)}
    return tops - set(sys.stdlib_module_names) - set(ROOTS)


def leans_on(name: str) -> set[str]:
    """Rooms of ours that the room imports: `storage`, `casebus/events`, `gateway/runtime`."""
    found = set()
    for one in imported(name):
        path = one.replace(".", "/").split("/")
        room = "/".join(path[:2])
        if path[0] in ROOTS and (ROOT / room).is_dir():
            found.add(room)
        elif path[0] in ROOTS and path[0] != "casebus":
            found.add(path[0])
    own = "/".join(name.split("/")[:2])
    return {one for one in found if one != own and not own.startswith(f"{one}/")}


def says(sentence: str, word: str) -> bool:
    return bool(re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", sentence, re.IGNORECASE))


@pytest.mark.slow
def test_rooms_are_found() -> None:
    assert {"casebus/events", "gateway/console/forms", "storage", "rehearsal/year"} <= set(NAMES)
    assert packages_of("casebus/events") == {"fastavro", "stdnum"}
    assert {"casebus/events", "casebus/law"} <= leans_on("casebus/cases")


def test_a_room_says_what_it_owns_and_touches() -> None:
    for name in NAMES:
        assert (ROOT / name / "__init__.py").exists(), f"{name} has no __init__.py"
        assert re.search(r"\b[Oo]wns?\b", sentence_of(name)), f"{name} does not say what it owns"
        assert re.search(r"\b[Tt]ouch(es)?\b", sentence_of(name)), f"{name}: what it touches"


@pytest.mark.slow
def test_a_room_names_each_package_that_it_imports() -> None:
    unnamed = {name: packages_of(name) - named_in(name) for name in NAMES}
    assert {name: sorted(which) for name, which in unnamed.items() if which} == {}


@pytest.mark.slow
def test_a_room_names_no_package_that_it_does_not_import() -> None:
    foreign = {name: named_in(name) - at_hand(name) for name in NAMES}
    assert {name: sorted(which) for name, which in foreign.items() if which} == {}


@pytest.mark.slow
def test_a_room_names_each_room_that_it_leans_on() -> None:
    # The layers hold what leans on all below; telemetry is everybody's.
    own = [name for name in NAMES if not ALL_BELOW.search(sentence_of(name))]
    unnamed = {
        name: {
            one
            for one in leans_on(name) - {"casebus/telemetry"}
            if not any(says(sentence_of(name), word) for word in words_for(one, name))
        }
        for name in own
    }
    assert len(own) > 30
    assert {name: sorted(which) for name, which in unnamed.items() if which} == {}


@cache
def every_package() -> frozenset[str]:
    return frozenset(package for name in NAMES for package in packages_of(name))


def named_in(name: str) -> set[str]:
    """The packages that a room's sentence names."""
    sentence = sentence_of(name)
    return {one for one in every_package() if says(sentence, SPOKEN.get(one, one))}


def at_hand(name: str) -> set[str]:
    """What the room and the rooms in it import, and what the reader of our YAML files brings."""
    within = [one for one in NAMES if one == name or one.startswith(f"{name}/")]
    found = {package for one in within for package in packages_of(one)}
    if any("casebus.shipped" in imported(one) for one in within):
        found.add("yaml")
    return found


def words_for(needed: str, name: str) -> set[str]:
    """A room is named by its own name, or as one of those of another part of the house."""
    root, _, inner = needed.partition("/")
    return {inner or root} if root == name.partition("/")[0] else {root, inner or root}


def layers(container: str | None) -> list[list[str]]:
    """The floors of a container in pyproject.toml, lowest first."""
    linter = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    wanted = [container] if container else []
    (found,) = (
        one["layers"]
        for one in linter["importlinter"]["contracts"]
        if one["type"] == "layers" and one.get("containers", []) == wanted
    )
    return [[part.strip() for part in layer.split("|")] for layer in reversed(found)]


def rows(heading: str) -> list[str]:
    """The rooms of a table, in its order, as their modules are called."""
    part = PAGE.split(f"{heading}\n", 1)[1].split("\n#", 1)[0]
    cells = [line.split("|")[1] for line in part.splitlines() if line.startswith("| `")]
    named = [one for cell in cells for one in re.findall(r"`([^`]+)`", cell)]
    return [one.removesuffix(".py") for one in named]


def test_the_table_of_rooms_has_the_floors_of_casebus() -> None:
    ours = rows("## The rooms")
    after = ours.index("storage")
    assert_same([one.removeprefix("casebus/") for one in ours[:after]], layers("casebus"))


def test_the_table_of_rooms_has_the_rooms_in_their_order() -> None:
    ours = rows("## The rooms")
    outer = ours[ours.index("storage") :]
    services = [one for one in outer if one.startswith("services/")]
    folders = {name for name in NAMES if name.count("/") == 1 and name.startswith("services/")}
    assert sorted(services) == sorted(folders)
    seen = dict.fromkeys(["casebus", *(one.split("/")[0] for one in outer)])
    assert_same(list(seen), layers(None))


@pytest.mark.parametrize("container", ["gateway", "operations"])
def test_the_table_of_a_containers_rooms_has_its_floors(container: str) -> None:
    table = rows(f"### The rooms of {'the ' if container == 'gateway' else ''}{container}")
    assert_same([one.removeprefix(f"{container}/") for one in table], layers(container))


def assert_same(table: list[str], floors: list[list[str]]) -> None:
    """The table has each room of the floors once, and none above one that it may lean on."""
    floor_of = {room: number for number, floor in enumerate(floors) for room in floor}
    assert sorted(table) == sorted(floor_of)
    for upper, lower in pairwise(table):
        assert floor_of[upper] <= floor_of[lower], f"{lower} stands below {upper} in the table"
