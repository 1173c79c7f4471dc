"""The words of forms: titles of a schema's places in both languages, and our own words around them.

A schema's `doc` is "中文: english"; for an enum it is "SYMBOL 中文, SYMBOL 中文". `symbols.yaml`
has the English of the symbols, by symbol, and by its Chinese if one symbol means several things.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from casebus import shipped
from casebus.events.avro_types import EnumType
from gateway.console.forms.fields import FieldOption
from gateway.console.languages import Language

_HERE = Path(__file__).parent
_HAN = re.compile("[一-鿿]")
#: `letter_no 移送书文号`: a possible word of a text, with its Chinese.
_SUGGESTED = re.compile(r"([A-Za-z][A-Za-z_]*) ([一-鿿][一-鿿/]*)")
_SYMBOL = re.compile(r", (?=[A-Z][A-Z0-9_]* )")
#: Words that the input itself shows, or that do not help the person who fills it in.
_DROPPED = re.compile(r",? ?(YYYY-MM-DD|RFC 3339|lower-case hex)$|[,;] (null|empty) .*$")


@dataclass(frozen=True, slots=True)
class TextTitle:
    label: str
    hint: str
    suggestions: tuple[FieldOption, ...]
    #: The English of the doc, if it gives the form of a text.
    english: str


def title_of(name: str, doc: str, language: Language) -> TextTitle:
    chinese, _, english = doc.partition(": ")
    suggestions = tuple(FieldOption(*found) for found in _SUGGESTED.findall(english))
    plain = english[: _first_suggestion(english)] if _HAN.search(english) else english
    words, _, more = _DROPPED.sub("", plain.strip(" ,:")).partition("; ")
    if language == "zh":
        return TextTitle(chinese or name, "", suggestions, english)
    label = words.partition(", as ")[0]
    hint = "; ".join(filter(None, (words[len(label) :].strip(" ,"), _DROPPED.sub("", more))))
    own = _words().get(f"label.{name}", {}).get("en")
    label = own or _capital(label or name.replace("_", " "))
    return TextTitle(label, _capital(hint), _in_english(suggestions), english)


def symbols_of(enum: EnumType, language: Language) -> dict[str, str]:
    """Symbol -> its words, in the order of the schema."""
    chinese = dict(part.split(" ", 1) for part in _SYMBOL.split(enum.doc) if " " in part)
    if language == "zh":
        return {symbol: chinese.get(symbol, symbol) for symbol in enum.symbols}
    return {one: _english(one, chinese.get(one, "")) for one in enum.symbols}


def say(key: str, language: Language, **values: Any) -> str:
    """A text of `words.yaml`, filled in."""
    return _words()[key][language].format(**values)


def yes_no(language: Language) -> tuple[FieldOption, FieldOption]:
    return FieldOption("true", say("yes", language)), FieldOption("false", say("no", language))


def _english(symbol: str, chinese: str) -> str:
    known = english_symbols().get(symbol, symbol)
    return known if isinstance(known, str) else known.get(chinese, symbol)


def _first_suggestion(english: str) -> int:
    found = _SUGGESTED.search(english)
    return found.start() if found else len(english)


def _in_english(suggestions: tuple[FieldOption, ...]) -> tuple[FieldOption, ...]:
    return tuple(FieldOption(one.value, one.value.replace("_", " ")) for one in suggestions)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


@lru_cache
def english_symbols() -> dict[str, str | dict[str, str]]:
    found: dict[str, str | dict[str, str]] = _read("symbols.yaml")
    return found


@lru_cache
def _words() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = _read("words.yaml")
    return found


def _read(name: str) -> Any:
    return shipped.parse((_HERE / name).read_text("utf-8"))
