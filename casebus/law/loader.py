"""Files of policies/law: read, parsed safely, checked against their models."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import TypeVar

import yaml
from pydantic import ValidationError

from casebus.errors import CasebusError
from casebus.law import models

_M = TypeVar("_M", bound=models.Model)


class LawError(CasebusError):
    """The law files do not say something that can be used; the text names file and reason."""


def read(folder: Path) -> dict[str, bytes]:
    """The YAML files below a folder by their relative POSIX names; raises LawError if none."""
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*.yaml"))
    }
    if not files:
        raise LawError("law_missing", f"no *.yaml below {folder}")
    return files


def parse(files: Mapping[str, bytes], name: str, model: type[_M]) -> _M:
    """One file as its model; raises LawError."""
    if name not in files:
        raise LawError("law_missing", name)
    try:
        # CSafeLoader is the same safe schema, an order of magnitude faster.
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        return model.model_validate(yaml.load(files[name], Loader=loader))  # noqa: S506
    except yaml.YAMLError as error:
        raise LawError("law_unreadable", f"{name}: {error}") from error
    except ValidationError as error:
        raise LawError("law_invalid", f"{name}: {_reasons(error)}") from error


def parse_all(files: Mapping[str, bytes], folder: str, model: type[_M]) -> dict[str, _M]:
    """The files of one folder by name; raises LawError."""
    names = [name for name in sorted(files) if PurePosixPath(name).parent.as_posix() == folder]
    return {name: parse(files, name, model) for name in names}


def _reasons(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors()
    )
