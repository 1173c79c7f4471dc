"""Plays a storyline on a running stack, as people would: by CLI, gateway and work items.

Owns the reading of storylines and the order of their steps. The steps touch the bus from outside
alone. `playground` starts a stack (onebox) and verifies it (operations). `rehearse` foretells a
storyline without a stack, by casebus's own fold and gateway.access. With kafka-python, pydantic,
rich and YAML.
"""
