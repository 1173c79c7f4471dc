"""The faults of a filled-in form or of a YAML file, in our own words.

Pydantic and the YAML parser use a programmer's terms. This module puts each kind of fault into
plain words. For a kind that is not listed it says only that the value is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_UNKNOWN = "a value is not of its form"
_WHOLE_NUMBER, _NUMBER = "a whole number is expected", "a number is expected"
_DAY = "a day is expected, as 2026-03-02"
_MOMENT = "a moment with its zone is expected, as 2026-03-02T09:30:00+08:00"
_LIST, _FIELDS = "a list is expected", "fields with their values are expected"
_UUID, _ADDRESS = "a UUID is expected", "an address with its scheme is expected"
_FEW, _MANY = "at least {min_length} are expected", "at most {max_length} are taken"
#: By pydantic's name of the fault. The limit is in braces.
BY_FAULT: Mapping[str, str] = {
    "missing": "it is missing",
    "extra_forbidden": "no such field",
    "none_required": "nothing may stand here",
    "string_type": "a text is expected",
    "string_unicode": "a text is in another encoding",
    "string_too_short": "at least {min_length} characters are expected",
    "string_too_long": "at most {max_length} characters are taken",
    "string_pattern_mismatch": "it is not of the form {pattern}",
    "literal_error": "{expected} is expected",
    "enum": "{expected} is expected",
    "bool_type": "true or false is expected",
    "bool_parsing": "true or false is expected",
    "int_type": _WHOLE_NUMBER,
    "int_parsing": _WHOLE_NUMBER,
    "int_from_float": _WHOLE_NUMBER,
    "int_parsing_size": "the number is too large",
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "decimal_type": _NUMBER,
    "decimal_parsing": _NUMBER,
    "finite_number": _NUMBER,
    "greater_than": "more than {gt} is expected",
    "greater_than_equal": "{ge} or more is expected",
    "less_than": "less than {lt} is expected",
    "less_than_equal": "{le} or less is expected",
    "date_type": _DAY,
    "date_parsing": _DAY,
    "date_from_datetime_parsing": _DAY,
    "date_from_datetime_inexact": _DAY,
    "datetime_type": _MOMENT,
    "datetime_parsing": _MOMENT,
    "datetime_from_date_parsing": _MOMENT,
    "datetime_object_invalid": _MOMENT,
    "timezone_aware": _MOMENT,
    "list_type": _LIST,
    "tuple_type": _LIST,
    "set_type": _LIST,
    "frozen_set_type": _LIST,
    "iterable_type": _LIST,
    "too_short": _FEW,
    "too_long": _MANY,
    "dict_type": _FIELDS,
    "mapping_type": _FIELDS,
    "model_type": _FIELDS,
    "model_attributes_type": _FIELDS,
    "dataclass_type": _FIELDS,
    "union_tag_not_found": "it does not say its {discriminator}",
    "union_tag_invalid": "{discriminator} is one of {expected_tags}",
    "json_invalid": "it is no JSON",
    "json_type": "it is no JSON",
    "uuid_type": _UUID,
    "uuid_parsing": _UUID,
    "url_type": _ADDRESS,
    "url_parsing": _ADDRESS,
    "url_scheme": _ADDRESS,
    "recursion_loop": "it holds itself",
}
_INDENTED = "it is not indented as the lines above, or stands behind closing quotes"
_OPEN = "a bracket that is not closed, or a comma that is missing"
#: By the words of the YAML parser, from either of its two readers.
_BY_PROBLEM: Mapping[str, str] = {
    "values are not allowed": "a colon where none may stand: put a text in quotes, or indent it",
    "could not find expected ':'": "a name without its colon",
    "cannot start any token": "a character that begins no value; put the text in quotes, no tabs",
    "',' or": _OPEN,
    "end of stream": "quotes or a bracket that do not close",
    "end of document": "quotes or a bracket that do not close",
    "<block end>": _INDENTED,
    "expected '-' indicator": _INDENTED,
    "expected key": _INDENTED,
    "undefined alias": "an alias (*) of which there is no anchor (&)",
    "unhashable key": "a list or fields as a name",
    "for merging": "<<: takes fields of another place, and nothing else",
    "constructor for the tag": "a tag (!) that is not read here",
    "escape character": "an escape (\\) that YAML does not know",
    "another document": "a second document (---)",
    "document start": "a value behind the whole",
    "second occurrence": "an anchor (&) that stands twice",
}


def said_of(row: Mapping[str, Any]) -> str:
    """The fault of one field as pydantic tells it, or in the words of our own check."""
    context: Mapping[str, Any] = row.get("ctx") or {}
    own = context.get("error")
    if isinstance(own, ValueError):
        return str(own)
    try:
        return BY_FAULT.get(row["type"], _UNKNOWN).format_map(context)
    except KeyError:
        return _UNKNOWN


def said_of_yaml(problem: str | None) -> str:
    """The text at which the parser stopped."""
    found = (says for words, says in _BY_PROBLEM.items() if words in (problem or ""))
    return next(found, "cannot be read")
