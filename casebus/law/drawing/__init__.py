"""Procedures drawn as statecharts (SVG). Pure: the same law always gives the same text.

The layout is our own: libraries that lay out layered graphs are binaries or not maintained.

Owns the layout and the text of a drawing. Touches law alone.
"""

from __future__ import annotations

from casebus.law.drawing.chart import draw

__all__ = ["draw"]
