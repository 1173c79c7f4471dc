"""The console's two languages: its words are data (`words.yaml`), one entry in both."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, Protocol, get_args

from casebus import shipped

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
COOKIE = "casebus-language"
_WORDS = Path(__file__).with_name("words.yaml")
_REMEDIES = Path(__file__).with_name("remedies.yaml")
_HEADER = "accept-language"


class LanguageChoice(Protocol):
    """What a request tells of its reader's language."""

    @property
    def cookies(self) -> Mapping[str, str]: ...

    @property
    def headers(self) -> Mapping[str, str]: ...


class PageWords:
    """`words("todo")` is the text of a key in one language; `{name}` in it is filled in."""

    def __init__(self, language: Language, texts: Mapping[str, Mapping[str, str]]) -> None:
        self.language, self._texts = language, texts

    def __call__(self, key: str, /, **values: Any) -> str:
        return self._texts[key][self.language].format(**values)

    def of(self, kind: str, value: str) -> str:
        """The word for a value of data, as `state.running`; the value itself if there is none."""
        texts = self._texts.get(f"{kind}.{value}")
        return texts[self.language] if texts else value

    def pick(self, chinese: str, english: str) -> str:
        """For a title of the law or a schema in both languages. If there is only one, Chinese."""
        return (english or chinese) if self.language == "en" else (chinese or english)


@lru_cache
def words(language: Language) -> PageWords:
    return PageWords(language, texts())


@lru_cache
def texts() -> dict[str, dict[str, str]]:
    """Every entry: key -> language -> text."""
    found: dict[str, dict[str, str]] = shipped.parse(_WORDS.read_text("utf-8"))
    return found


@lru_cache
def remedies() -> dict[str, str]:
    """In Chinese, by reason: the cause of a refusal, and the remedy."""
    found: dict[str, str] = shipped.parse(_REMEDIES.read_text("utf-8"))
    return found


def language_of(request: LanguageChoice) -> Language:
    """The reader's choice, or the browser's first language, or Chinese."""
    chosen = request.cookies.get(COOKIE)
    if chosen in LANGUAGES:
        return chosen
    asked = request.headers.get(_HEADER, "").lower().split(",")
    spoken = (one.strip()[:2] for one in asked)
    return next((one for one in spoken if one in LANGUAGES), "zh")
