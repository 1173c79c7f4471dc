"""The query parameters of the registry's clients: Confluent's, for Java and Python, and Karapace's.

Each name is accepted where their registry accepts it, with the same effect. If it is about a thing
that never exists here (nothing is deleted, nothing tagged, no text refers to another), it changes
no answer. The client for Python writes some names in its own way. Any other name is refused, as on
every route.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, TypeVar

from fastapi import Depends, Query

from gateway.shapes import MOST_INTEGER

T = TypeVar("T")
_NEVER_DELETED = "Nothing is ever deleted."


def of_confluents_clients(
    *,
    form: Annotated[
        Literal["", "default", "resolved"],
        Query(alias="format", description="A text holds all that it uses: they are one."),
    ] = "",
    reference: Annotated[
        str, Query(alias="referenceFormat", description="No text refers to another.")
    ] = "",
    reference_in_python: Annotated[
        str, Query(alias="reference_format", description="The same as `referenceFormat`.")
    ] = "",
    tags: Annotated[
        list[str] | None, Query(alias="findTags", description="Nothing is tagged.")
    ] = None,
    tags_in_python: Annotated[
        list[str] | None, Query(alias="find_tags", description="The same as `findTags`.")
    ] = None,
    deleted: Annotated[bool, Query(description=_NEVER_DELETED)] = False,
    normalize: Annotated[bool, Query(description="Texts are compared by what they say.")] = False,
) -> None:
    """Parameters that they may use anywhere and that change no answer here."""


def _of_an_id(
    subject: Annotated[str, Query(description="Ids are the whole registry's.")] = "",
) -> None:
    """Parameters beside an id."""


def _as_negative(
    *,
    negative: Annotated[bool, Query(alias="deletedAsNegative", description=_NEVER_DELETED)] = False,
) -> None:
    """Parameters beside a list of versions."""


def _deleted_only(
    *,
    only: Annotated[bool, Query(alias="deletedOnly", description=_NEVER_DELETED)] = False,
    only_in_python: Annotated[
        bool, Query(alias="deleted_only", description="The same as `deletedOnly`.")
    ] = False,
) -> bool:
    return only or only_in_python


def _max_id(
    *,
    wanted: Annotated[
        bool, Query(alias="fetchMaxId", description="Answer with the highest id as `maxId`.")
    ] = False,
    wanted_in_python: Annotated[
        bool, Query(alias="fetch_max_id", description="The same as `fetchMaxId`.")
    ] = False,
) -> bool:
    return wanted or wanted_in_python


@dataclass(frozen=True, slots=True)
class Part:
    """The wanted part of a list."""

    offset: int
    limit: int

    def of(self, rows: Sequence[T]) -> list[T]:
        end = None if self.limit < 0 else self.offset + self.limit
        return list(rows[self.offset : end])


def _part(
    offset: Annotated[int, Query(ge=0, le=MOST_INTEGER)] = 0,
    limit: Annotated[
        int, Query(ge=-MOST_INTEGER, le=MOST_INTEGER, description="Below 0: all.")
    ] = -1,
) -> Part:
    return Part(offset, limit)


AS_NEGATIVE = [Depends(_as_negative)]
BESIDE_AN_ID = [Depends(_of_an_id)]
DeletedOnly = Annotated[bool, Depends(_deleted_only)]
MaxId = Annotated[bool, Depends(_max_id)]
Paged = Annotated[Part, Depends(_part)]
OfSubject = Annotated[str, Query(description="Only this subject's.")]
