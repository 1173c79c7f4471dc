"""What a rule is silenced for is rare, and says why."""

from __future__ import annotations

import re

from tests import tree

#: At most so many in the whole tree.
MOST = 40
_SILENCED = re.compile(r"# noqa\b(?P<rest>[^\n]*)")
#: `: RULE - why`.
_WITH_A_REASON = re.compile(r": [A-Z]+\d+ - \w.*")


def silenced() -> dict[str, str]:
    """By place: what stands behind the word."""
    return {
        f"{name}:{number}": found["rest"]
        for name, text in tree.files()
        if name != "tests/unit/test_noqa.py"
        for number, line in enumerate(text.splitlines(), 1)
        if (found := _SILENCED.search(line))
    }


def test_few_rules_are_silenced() -> None:
    found = silenced()
    assert 0 < len(found) <= MOST, sorted(found)


def test_each_says_why() -> None:
    bare = [place for place, rest in silenced().items() if not _WITH_A_REASON.fullmatch(rest)]
    assert bare == []
