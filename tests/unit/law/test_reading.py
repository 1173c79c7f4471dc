"""Files of the law that cannot be read: refused with file, line and reason."""

from __future__ import annotations

import pytest
import yaml

from casebus.law import Law, LawError, loader
from casebus.law.reading import line_of, read_yaml
from tests.case_events import ROOT

FILES = loader.read(ROOT / "policies/law")
CLOCKS = "clocks/referral.yaml"
PROCEDURE = "procedures/referral.yaml"


def bomb() -> bytes:
    lines = ["a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [
        f"{chr(at)}: &{chr(at)} [{', '.join(f'*{chr(at - 1)}' for _ in range(9))}]"
        for at in range(98, 110)
    ]
    return "\n".join(lines).encode()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"a: 1\nb: 2\na: 3\n", "x.yaml: line 3: a stands twice"),
        ("a: 1\nb: 移送\n".encode("gb18030"), "x.yaml: line 2: not UTF-8"),
        ("a: 移送".encode("utf-16"), "x.yaml: line 1: not UTF-8"),
        (b"a: [1\nb: {", "line 2, column 2: a bracket that is not closed"),
        (b"a: 1\nday: 2026-02-30\n", "a day that no calendar has"),
        (
            b"!!python/object/apply:os.system [ls]",
            "line 1, column 1: a tag (!) that is",
        ),
        (b"a: 1\nb: " + b"[" * 200_000, "x.yaml: line 2: over 100 levels deep"),
        (b"a: 1\nb:\n  " + b"- " * 200_000, "x.yaml: line 3: over 100 levels deep"),
        (b"\n".join(b" " * at + b"a:" for at in range(3_000)), "line 201: over 100 levels deep"),
        (bomb(), "aliases written out"),
        (b"a: \x00", "control characters"),
    ],
)
def test_a_file_that_is_no_sound_yaml_is_refused_with_line_and_reason(
    text: bytes, said: str
) -> None:
    with pytest.raises(LawError) as caught:
        read_yaml("x.yaml", text)
    assert said in str(caught.value)
    assert str(caught.value).startswith("law_unreadable: x.yaml")


def changed(name: str, old: str, new: str) -> dict[str, bytes]:
    text = FILES[name].decode()
    assert old in text
    return {**FILES, name: text.replace(old, new, 1).encode()}


def line_with(name: str, text: str) -> int:
    lines = FILES[name].decode().splitlines()
    return next(at for at, line in enumerate(lines, 1) if text in line)


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        (CLOCKS, "    amount: 3\n    unit: d\n", "    amount: 3\n", "amount, unit and count_rule"),
        (CLOCKS, "    article: 第五条第一款\n", "", "article: it is missing"),
        (PROCEDURE, "starts: [T02]", "starts: [T99]", "unknown clock T99"),
        (PROCEDURE, "opens: [decide_transfer]", "opens: [decide_nothing]", "unknown duty"),
    ],
)
def test_a_rule_that_does_not_hold_is_refused_with_the_line_of_its_row(
    name: str, old: str, new: str, said: str
) -> None:
    with pytest.raises(LawError) as caught:
        Law(changed(name, old, new))
    told = str(caught.value)
    assert said in told
    file, line = told.removeprefix("law_invalid: ").split(": ")[:2]
    assert file == name
    row = int(line.removeprefix("line "))
    first = line_with(name, old.splitlines()[0].strip())
    assert first - 8 <= row <= first


def test_two_versions_of_a_clock_in_force_at_once_are_refused_with_a_line() -> None:
    parsed = yaml.safe_load(FILES[CLOCKS])
    parsed["clocks"].append(parsed["clocks"][0])
    files = {**FILES, CLOCKS: yaml.safe_dump(parsed, allow_unicode=True).encode()}
    with pytest.raises(LawError, match=r"clocks/referral\.yaml: line \d+: two versions of T01"):
        Law(files)


def test_a_place_has_the_line_of_the_nearest_thing_around_it() -> None:
    text = b"a:\n  - b: 1\n  - b: 2\n    c: 4\n"
    assert line_of(text, ("a", 1, "c")) == 4
    assert line_of(text, ("a", 1, "missing")) == 3
    assert line_of(text, ()) == 1
