"""A case's evidence in one file, and its check by whoever holds the file and the pinned root."""

from __future__ import annotations
