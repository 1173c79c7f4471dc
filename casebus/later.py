"""Modules that are loaded at their first use: heavy ones, and those that an install may lack.

A module says which ones it means, and then uses them as any other:

    if TYPE_CHECKING:
        from casebus.sdk import publisher
    else:
        publisher = later("casebus.sdk.publisher")

What reads types, and the contracts of the imports, see the first branch; the second one runs.
`tests/unit/test_imports.py` holds that both name the same, and that no function imports by itself.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from casebus.errors import CasebusError


class ModuleMissingError(CasebusError):
    """A module is not installed here that only some uses of the bus need."""


class _Later:
    """Stands for a module until somebody asks for a name of it."""

    def __init__(self, module: str) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        # Python and its tools ask every object for these names. That is no use of the module.
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(loaded(self._module), name)


def later(module: str) -> Any:
    """The module, loaded when a name of it is asked for; then raises as `loaded` does."""
    return _Later(module)


def loaded(module: str) -> Any:
    """The module, now; raises ModuleMissingError `module_missing` where the install lacks it."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        says = f"{error.name} is not installed here: scripts/bootstrap brings it in a checkout"
        raise ModuleMissingError("module_missing", says) from error
