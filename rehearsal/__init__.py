"""Rehearsals: storylines and a synthetic year, played on a running bus.

Owns the plays and their expected results. Touches the bus from outside, as agencies do, and onebox
and operations to start one, to give it agencies and to wait until it is quiet; no table and no
service.
"""
