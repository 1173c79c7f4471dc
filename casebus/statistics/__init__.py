"""Figures about cases: the indicators, the cells that a shared view hides, and their wording.

Owns the definitions, the hiding of small cells and the text of a report. Pure: counts come from
`storage.statistics` by way of the gateway, and `casebus.cli` writes files. Touches law and events,
with pydantic, jinja2 and openpyxl. Reads a file only for the definitions and the report's template.
"""
