"""casebus: what an agency installs. The kernel (events, law, trust, cases), the SDK and the CLI.

Owns, beside its rooms, small modules that many of them need. They touch YAML, pydantic,
pydantic-settings and openpyxl. No room here touches a package of the server part.
"""
