"""The commands of the server part: one module each, found by the CLI through entry points."""

from __future__ import annotations
