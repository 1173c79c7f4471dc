"""CLI: one module for each command, thin over the SDK.

Owns the printed output; touches the terminal, and otherwise only what the SDK gives it.
"""
