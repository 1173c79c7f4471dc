from __future__ import annotations

import re
from pathlib import Path

from casebus.rejections import Reason
from casebus.sdk.gateway import codes_by_status
from casebus.trust import witness
from casebus.trust.note import NoteError

ROOT = Path(__file__).parents[2]
RAISED = re.compile(
    r'(?:(?:CasebusError|AwayError|FileError|CodecError|LawError)\(\s*|locked\([^\n]*?, )"(\w+)"'
)
SECTION = re.compile(r"^## SDK and command line\n(.*?)(?=^## )", re.MULTILINE | re.DOTALL)
#: Raised below the SDK, where only services and operators' commands come.
OF_OPERATORS = {"directory_unread"}
#: The command `casebus schemas` says what it finds in sentences of its own.
ELSEWHERE = {"schemas.py"}


def test_each_code_that_the_sdk_and_the_cli_raise_is_explained_and_no_other() -> None:
    rooms = ("sdk", "cli", "kafka", "signing")
    sources = [path for room in rooms for path in (ROOT / "casebus" / room).rglob("*.py")]
    sources.append(ROOT / "casebus/files.py")
    raised = {
        code
        for path in sources
        if path.name not in ELSEWHERE
        for code in RAISED.findall(path.read_text(encoding="utf-8"))
    }
    raised |= {"gateway_failed", "module_missing", *codes_by_status().values()}
    section = SECTION.search((ROOT / "docs/reason-codes.md").read_text(encoding="utf-8"))
    assert section
    explained = set(re.findall(r"^\| `(\w+)` \|", section[1], re.MULTILINE))
    assert raised >= OF_OPERATORS
    assert raised - OF_OPERATORS - set(Reason) == explained


def test_each_code_that_a_check_of_receipts_and_a_witness_say_is_explained() -> None:
    text = (ROOT / "docs/reason-codes.md").read_text(encoding="utf-8")
    section = re.search(
        r"^## Receipts and witnesses\n(.*?)(?=^## )", text, re.MULTILINE | re.DOTALL
    )
    assert section
    receipts = (ROOT / "casebus/trust/receipt.py").read_text(encoding="utf-8")
    said = set(re.findall(r'ReceiptError\("(\w+)"', receipts)) | {NoteError("").code}
    said |= {witness.FORKED, witness.ROLLED_BACK, witness.MISSING, witness.UNSIGNED}
    assert set(re.findall(r"^\| `(\w+)` \|", section[1], re.MULTILINE)) == said


def test_each_code_explained_to_operators_is_raised_by_what_they_run() -> None:
    text = (ROOT / "docs/reason-codes.md").read_text(encoding="utf-8")
    section = re.search(r"^## Operator's commands\n(.*?)(?=^## )", text, re.MULTILINE | re.DOTALL)
    assert section
    explained = set(re.findall(r"^\| `(\w+)` \|", section[1], re.MULTILINE))
    rooms = [
        path
        for room in ("onebox", "operations", "rehearsal", "storage", "services")
        for path in (ROOT / room).rglob("*.py")
    ]
    raised = {code for path in rooms for code in RAISED.findall(path.read_text(encoding="utf-8"))}
    assert explained
    assert explained <= raised | OF_OPERATORS
