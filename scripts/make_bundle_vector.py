"""Writes docs/vectors/bundle.zip and its root: a referral, one of its events without its body.

Its keys and ids are new each time, so the file is made once; tests check the committed file.
"""

from __future__ import annotations

from pathlib import Path

from tests.installation import referred

_FILE = Path(__file__).parent.parent / "docs" / "vectors" / "bundle.zip"


def main() -> None:
    made = referred()
    last = max(made.records)
    _FILE.write_bytes(made.bundle(lambda at: at != last, state=None, law=None))
    _FILE.with_suffix(".root").write_text(made.root + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
