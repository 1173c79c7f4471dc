"""Figures about cases: what the indicators are, what a shared view must not show, how it reads.

Pure: counts come from `storage.statistics` by way of the gateway, and `casebus.cli` writes files.
"""
