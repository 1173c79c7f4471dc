"""CLI: one module for each command, thin over the SDK and the floors below it.

Owns the commands, their options, the printed output and the end of each command. Touches the
terminal, files and the environment, and every room below it, with click, rich and, to compare
schemas, Apache's avro. It finds the commands of the server part by entry points and imports none of
them.
"""
