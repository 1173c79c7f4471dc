"""The checks of `casebus doctor`: the machine first, then the stack if it runs.

Owns the needs of a machine and the state of its processes; the rest is `operations.doctor`. Touches
onebox, sdk and operations, with psutil.
"""

from __future__ import annotations

from casebus.sdk.doctor import Check
from onebox.doctor.machine import examine_machine
from onebox.doctor.running import examine_stack
from onebox.options import Options

__all__ = ["Check", "examine"]


def examine(options: Options) -> list[Check]:
    """Every check, in the order in which a person would look."""
    return [*examine_machine(options), *examine_stack(options)]
