"""Procedures drawn as statecharts (SVG). Pure: the same law always gives the same text.

A layout of our own: the libraries that lay out layered graphs are binaries or not kept.
"""

from __future__ import annotations

from casebus.law.drawing.chart import draw

__all__ = ["draw"]
