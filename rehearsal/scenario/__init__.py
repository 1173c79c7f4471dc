"""Plays a storyline on a running stack, as people would: by CLI, gateway and work items.

Owns the reading of storylines and the order of their steps. Touches the bus only from outside.
"""
