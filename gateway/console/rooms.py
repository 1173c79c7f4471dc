"""The rooms of the console, in the order that offices know: 待办, 已办, 督办, 查询, 统计."""

from __future__ import annotations

from typing import NamedTuple

from gateway.console.signin.visitor import Role, Visitor


class ConsoleRoom(NamedTuple):
    """`word` names its text; `key` opens it, after `g`."""

    word: str
    path: str
    key: str
    roles: frozenset[Role]


_EVERYBODY = frozenset(Role)
_AGENCIES = frozenset({Role.OFFICER, Role.SUPERVISOR})
ROOMS = (
    ConsoleRoom("todo", "/console/todo", "d", frozenset({Role.OFFICER})),
    ConsoleRoom("done", "/console/done", "y", frozenset({Role.OFFICER})),
    ConsoleRoom("oversight", "/console/oversight", "u", frozenset({Role.SUPERVISOR})),
    ConsoleRoom("search", "/console/search", "s", _EVERYBODY),
    ConsoleRoom("figures", "/console/figures", "t", _AGENCIES),
    ConsoleRoom("ops", "/console/ops", "o", frozenset({Role.OPS})),
)


def rooms_of(visitor: Visitor) -> list[ConsoleRoom]:
    """The rooms that one of the visitor's roles opens."""
    return [room for room in ROOMS if room.roles & visitor.roles]


def first_of(visitor: Visitor) -> ConsoleRoom:
    """A visitor's first page: the first room that is not everybody's."""
    return next(room for room in rooms_of(visitor) if room.roles != _EVERYBODY)
