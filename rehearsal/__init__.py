"""Rehearsals: storylines and a synthetic year, played on a running bus.

Owns the plays and their expected results. Touches the bus from outside, as agencies do.
"""
