"""`casebus demo` and `casebus year`, found by the CLI through entry points."""
