"""What reaches the database is typed: mypy checks nothing of what is done with an `Any`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("storage", "services", "gateway", "operations")
#: What a handle of the database is called, whatever it is.
NAMES = frozenset({"db", "connection", "pool", "database", "handle", "live", "looking", "owner"})


def untyped(text: str) -> Iterator[str]:
    """The names in a module that are handles by their name and `Any` by their annotation."""
    tree = ast.parse(text)
    any_ = {"Any", *_aliases(tree)}
    for node in ast.walk(tree):
        name, said = _annotated(node)
        if name.strip("_") in NAMES and said is not None and _names(said) & any_:
            yield f"{name}: {ast.unparse(said)}"


def _aliases(tree: ast.Module) -> Iterator[str]:
    """`Database = Any`, with or without its own annotation."""
    for node in tree.body:
        given = node.targets if isinstance(node, ast.Assign) else []
        given = [node.target] if isinstance(node, ast.AnnAssign) else given
        value = getattr(node, "value", None)
        if isinstance(value, ast.expr) and ast.unparse(value).strip("'\"") == "Any":
            yield from (one.id for one in given if isinstance(one, ast.Name))


def _annotated(node: ast.AST) -> tuple[str, ast.expr | None]:
    """A parameter, an attribute, a variable, or a function by what it gives."""
    match node:
        case ast.arg(arg=name, annotation=said):
            return name, said
        case ast.AnnAssign(target=ast.Name(id=name) | ast.Attribute(attr=name), annotation=said):
            return name, said
        case (
            ast.FunctionDef(name=name, returns=said) | ast.AsyncFunctionDef(name=name, returns=said)
        ):
            return name, said
    return "", None


def _names(said: ast.expr) -> set[str]:
    """All names in an annotation, those in a quoted one too."""
    tree: ast.AST = said
    if isinstance(said, ast.Constant) and isinstance(said.value, str):
        tree = ast.parse(said.value, mode="eval")
    return {one.id for one in ast.walk(tree) if isinstance(one, ast.Name)}


@pytest.mark.parametrize(
    "text",
    [
        "async def read(db: Any) -> None: ...",
        "Database = Any\nasync def read(db: Database, at: int) -> None: ...",
        "Database: TypeAlias = Any\nasync def read(*, database: Database) -> None: ...",
        "Connection = Any\nasync def read(connection: Connection | None) -> None: ...",
        "class Reader:\n    _pool: Any",
        "class Reader:\n    def __init__(self) -> None:\n        self._pool: 'Any' = None",
        "class Gateway:\n    async def database(self) -> Any: ...",
        "def log(database: Callable[[], Awaitable[Any]]) -> None: ...",
        "@asynccontextmanager\nasync def owner(url: str) -> AsyncIterator[Any]: ...",
    ],
)
def test_a_handle_that_is_any_is_found(text: str) -> None:
    assert list(untyped(text)) != []


def test_a_typed_handle_is_let_be() -> None:
    text = "async def read(db: Handle, pool: asyncpg.Pool[Row], *values: Any) -> Any: ..."
    assert list(untyped(text)) == []


@pytest.mark.parametrize("room", ROOMS)
def test_no_handle_of_the_database_is_any(room: str) -> None:
    files = sorted((ROOT / room).rglob("*.py"))
    assert len(files) > 20
    found = [
        f"{path.relative_to(ROOT)}: {one}"
        for path in files
        for one in untyped(path.read_text(encoding="utf-8"))
    ]
    assert found == []
