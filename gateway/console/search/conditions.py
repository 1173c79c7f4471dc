"""The fields of the search in the API's form, and the fields that it does not take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

from pydantic import ValidationError, create_model

from casebus.trust.directory import Agency
from gateway.api.searching import Filters
from gateway.console.search.box import named
from gateway.problems import RefusedError

#: Fields for the page itself. Everything else in its address belongs to the search.
CONDITIONS = tuple(Filters.model_fields)
#: The search in its address, without the reader's place in the result.
ADDRESS = (*CONDITIONS, "text", "sort", "columns")
Pairs = Iterable[tuple[str, str]]
#: The fields as a person types them: each fault is shown beside its field, not in place of the
#: page.
_TYPED: dict[str, Any] = dict.fromkeys(("text", *CONDITIONS), (str, ""))
Typed = create_model("Typed", **_TYPED)


@dataclass(frozen=True, slots=True)
class Conditions:
    #: The typed values.
    given: Mapping[str, str]
    #: The values in the API's form.
    meant: Mapping[str, str]
    #: Impossible fields -> the word for the reason.
    wrong: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, typed: Mapping[str, str], agencies: Iterable[Agency]) -> Conditions:
        """Empty fields are no conditions. An agency may be given by its name."""
        given = {name: typed[name].strip() for name in CONDITIONS if typed.get(name, "").strip()}
        if "agency" not in given:
            return cls(given, given)
        fits = named(given["agency"], agencies)
        if len(fits) == 1:
            return cls(given, {**given, "agency": fits[0].id})
        return cls(given, given, {"agency": "search.wrong.agencies" if fits else _word("agency")})

    def filters(self, more: Mapping[str, str]) -> Filters | None:
        """With the meaning of the box; None if a field is wrong."""
        try:
            found = Filters(**{**self.meant, **more})
        except ValidationError as error:
            self.refuse(str(one["loc"][0]) for one in error.errors())
        return None if self.wrong else found

    def refused(self, error: RefusedError) -> None:
        """Faults that the search itself refuses.

        Raises any fault that is not about a field of the form.
        """
        names = [one["pointer"].removeprefix("/query/") for one in error.errors]
        if not names or not set(names) <= set(CONDITIONS):
            raise error
        self.refuse(names)

    def refuse(self, names: Iterable[str]) -> None:
        for name in names:
            self.wrong.setdefault(name, _word(name))


def address(pairs: Pairs) -> str:
    """The search alone, as an address to keep or to send: nothing empty, no place in its pages."""
    return urlencode([(name, one) for name, one in pairs if name in ADDRESS and one])


def cleaned(query: str) -> str:
    return address(parse_qsl(query))


def _word(name: str) -> str:
    return f"search.wrong.{name}"
