"""CLI: one module a command, thin over the SDK.

Owns what is printed; touches the terminal and nothing that the SDK does not give it.
"""
