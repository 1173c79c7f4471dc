"""`casebus demo` and `casebus year`, found by the CLI through entry points.

Owns what they ask and print. Touches scenario and year, onebox, operations and casebus, with click
and rich.
"""
