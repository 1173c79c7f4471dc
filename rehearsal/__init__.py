"""Rehearsals: storylines and a synthetic year, played on a running bus.

Owns what is played and what has to come out. Touches the bus from outside, as agencies do, and
onebox and operations to start one, to give it agencies and to wait until it is quiet; no table and
no service.
"""
