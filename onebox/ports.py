"""Free ports for stacks that may be in any folder."""

from __future__ import annotations

import random

from casebus.errors import CasebusError
from onebox.places import EPHEMERAL, is_free

LOWEST = 20000
APART = 10


def free_port_base() -> int:
    """Six free ports in a row, below the system's ports for outgoing connections.

    Raises CasebusError `no_free_ports`.
    """
    bases = range(LOWEST, EPHEMERAL - APART, APART)
    for base in random.sample(bases, len(bases)):
        if all(is_free(port) for port in range(base, base + 6)):
            return base
    raise CasebusError("no_free_ports", f"no six in a row between {LOWEST} and {EPHEMERAL}")
