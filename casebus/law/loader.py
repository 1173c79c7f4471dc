"""Files of policies/law: read, parsed safely, and checked against their models."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from pydantic import ValidationError

from casebus.forms import said_of
from casebus.law import models
from casebus.law.reading import LawError, line_of, read_yaml

__all__ = ["LawError", "parse", "parse_all", "placed", "read"]

_M = TypeVar("_M", bound=models.LawModel)
#: Rules are YAML. The table of divisions is CSV, the usual form of exchange.
_SUFFIXES = frozenset({".yaml", ".csv"})


def read(folder: Path) -> dict[str, bytes]:
    """The files of the law below a folder, by relative POSIX names.

    Raises LawError if there are none.
    """
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.suffix in _SUFFIXES
    }
    if not files:
        raise LawError("law_missing", f"no *.yaml below {folder}")
    return files


def parse(files: Mapping[str, bytes], name: str, model: type[_M]) -> _M:
    """One file as its model. Raises LawError."""
    if name not in files:
        raise LawError("law_missing", name)
    parsed: _M = _parsed(name, files[name], model)
    return parsed


# Versions of a law differ in few files, and each file is read for several purposes. The result is
# frozen, so all readers may share it.
@lru_cache(maxsize=512)
def _parsed(name: str, text: bytes, model: type[_M]) -> _M:
    read = read_yaml(name, text)
    try:
        return model.model_validate(read)
    except ValidationError as error:
        raise LawError("law_invalid", f"{name}: {_reasons(error, read, text)}") from error


def parse_all(files: Mapping[str, bytes], folder: str, model: type[_M]) -> dict[str, _M]:
    """The files of one folder, by name. Raises LawError."""
    names = [name for name in sorted(files) if PurePosixPath(name).parent.as_posix() == folder]
    return {name: parse(files, name, model) for name in names}


def placed(error: LawError, files: Mapping[str, bytes]) -> LawError:
    """The same error with the line of its place, if it names a place in a file."""
    name, *path = error.at or ("",)
    text = files.get(str(name))
    if text is None:
        return error
    line = f"{name}: line {line_of(text, path)}: "
    return LawError(error.code, error.detail.replace(f"{name}: ", line, 1))


def _reasons(error: ValidationError, read: Any, text: bytes) -> str:
    return "; ".join(
        f"line {line_of(text, one['loc'])}: {_place(one['loc'], read)}: {said_of(one)}"
        for one in error.errors(include_url=False)
    )


def _place(path: tuple[int | str, ...], read: Any) -> str:
    """The place in words, with the number (from 1) of each list row and its name."""
    words = []
    for part in path:
        word = str(part)
        try:
            read = read[part]
        except (LookupError, TypeError):
            read = None
        if isinstance(part, int):
            name = read.get("id") or read.get("event") if isinstance(read, dict) else None
            word = f"{part + 1} ({name})" if name else str(part + 1)
        words.append(word)
    return ".".join(words)
