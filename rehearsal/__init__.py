"""Rehearsals: storylines and a synthetic year, played on a running bus.

Owns what is played and what has to come out. Touches the bus from outside, as agencies do.
"""
