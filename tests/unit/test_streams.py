"""What is printed and cannot be written is no success, of every command and in every way.

One process loads the commands and becomes each of them, in a copy with descriptors of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from casebus.cli.ends import DONE, REFUSED, UNREAD
from tests import commands

ROOT = Path(__file__).parents[2]
#: A command that answers without anything around it.
KEY = ["keys", "new", "cn-330106-amr"]
#: A way to lose a stream -> how a command ends, and how its one line begins.
WAYS = {
    "full": (REFUSED, "output_not_written: standard output: no space left"),
    "unread": (UNREAD, ""),
    "closed": (REFUSED, "output_not_written: standard output: bad file descriptor"),
    "full, unbuffered": (REFUSED, "output_not_written: standard output: no space left"),
    "unread, unbuffered": (UNREAD, ""),
    "no input": (DONE, ""),
    "no errors": (DONE, ""),
    "errors full": (DONE, ""),
}
WALK = """
import io, json, os, sys
from casebus.cli import streams
from casebus.cli.main import main
from tests import commands

def unread():
    reads, writes = os.pipe()
    os.close(reads)
    os.dup2(writes, 1)

WAYS = {
    "full": lambda: os.dup2(os.open("/dev/full", os.O_WRONLY), 1),
    "unread": unread,
    "closed": lambda: os.close(1),
    "no input": lambda: os.close(0),
    "no errors": lambda: os.close(2),
    "errors full": lambda: os.dup2(os.open("/dev/full", os.O_WRONLY), 2),
}

def become(way, words, errors):
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    words = [one.replace("{at}", f"{os.getpid()}") for one in words]
    os.dup2(os.open(errors, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
    what, _, how = way.partition(", ")
    WAYS[what]()
    if how:
        sys.stdout = io.TextIOWrapper(io.FileIO(1, "w", closefd=False), write_through=True)
    for name, number in (("stdin", 0), ("stdout", 1), ("stderr", 2)):
        try:
            os.fstat(number)
        except OSError:
            setattr(sys, name, None)
    streams.hold()
    try:
        main(words)
    except SystemExit as end:
        os._exit(end.code)
    os._exit(99)

def walk(asked, errors):
    for words, ways in asked:
        for way in ways:
            child = os.fork()
            if not child:
                become(way, words, errors)
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            yield words, way, code, open(errors).read()

asked, errors, found = sys.argv[1:]
list(commands.every())
with open(found, "w") as out:
    json.dump(list(walk(json.loads(asked), errors)), out)
"""


Walked = tuple[list[str], str, int, str]


def walked(asked: list[tuple[list[str], list[str]]], folder: Path) -> list[Walked]:
    """Commands and the ways in which each loses a stream -> how each ended, and what it said."""
    found = folder / "found.json"
    given = [json.dumps(asked), str(folder / "errors"), str(found)]
    done = subprocess.run(
        [sys.executable, "-c", WALK, *given],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "CASEBUS_HOME": str(folder)},
    )
    assert done.returncode == 0, done.stderr
    return [tuple(one) for one in json.loads(found.read_text(encoding="utf-8"))]


@pytest.mark.slow
def test_no_command_says_that_it_is_done_where_its_output_is_not_written(tmp_path: Path) -> None:
    """Each by its help; a table, JSON and a text that is echoed in every way."""
    every = [
        [*words, "--help"]
        for words in sorted(set(commands.every()))
        # The others of its words are one command.
        if words[0] != "work" or words[1] in {"list", "show", "accept"}
    ]
    assert len(every) > 70
    out = ["--out", str(tmp_path / "{at}.pem")]
    answering = [[*KEY, *out], [*KEY, *out, "--json"], ["--version"], ["ferry", "--help"]]
    asked = [(words, ["full"]) for words in every]
    asked += [(words, list(WAYS)) for words in answering]
    found = walked(asked, tmp_path)
    assert len(found) == len(every) + len(answering) * len(WAYS)
    for one in found:
        _assert_ends(*one)


def _assert_ends(words: list[str], way: str, code: int, says: str) -> None:
    expected, begins = WAYS[way]
    assert code == expected, (words, way, code, says)
    assert len(says.splitlines()) == bool(begins), (words, way, says)
    assert says.startswith(begins)


def test_a_file_that_is_opened_does_not_get_the_number_of_a_closed_stream(tmp_path: Path) -> None:
    """A store that got it would hold, among its pages, what is printed."""
    opening = "import sys; from casebus.cli import streams; streams.hold();"
    opening += "sys.exit(open(sys.argv[1], 'w').fileno())"
    shell = f'exec "{sys.executable}" -c "$0" "$1" <&- >&- 2>&-'
    store = str(tmp_path / "store")
    done = subprocess.run(["sh", "-c", shell, opening, store], check=False, cwd=ROOT)
    assert done.returncode > 2


def test_what_another_program_writes_to_a_full_disk_is_no_success() -> None:
    """The whole way, as a shell calls it."""
    command = [str(Path(sys.executable).with_name("casebus")), "--version"]
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(command, check=False, stdout=full, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr.count("\n")) == (REFUSED, 1)
    assert done.stderr.startswith("output_not_written:")
