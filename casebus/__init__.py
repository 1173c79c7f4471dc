"""casebus: what an agency installs. The kernel (events, law, trust, cases), the SDK and the CLI."""
