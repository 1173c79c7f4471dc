"""Who somebody is here, by what an issuer says: data, and strictly read."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from casebus.errors import CasebusError
from casebus.law.reading import LawError
from casebus.settings import Settings
from gateway.console.signin.claims import Claims, Post
from gateway.console.signin.visitor import Role, Visitor

PSB = "cn-330106-psb"
OURS = Claims.load(Settings().policies_dir)
#: As an issuer of another house says it.
THEIRS = """\
name: {claim: [preferred_username]}
agency: {claim: [org, code], words: {"1101": cn-330106-psb, x: admin}}
unit: {claim: [org, department]}
roles: {claim: [realm_access, roles], words: {民警: officer, 督察: supervisor, 运维: ops}}
"""


def token(**more: Any) -> dict[str, Any]:
    said = {"name": "王警官", "casebus_agency": PSB, "casebus_unit": "经侦大队"}
    return {**said, "casebus_roles": ["officer"], **more}


def claims(folder: Path, text: str) -> Claims:
    (folder / "console").mkdir()
    (folder / "console" / "claims.yaml").write_text(text, "utf-8")
    return Claims.load(folder)


def test_an_issuer_s_words_say_name_agency_unit_and_roles() -> None:
    expected = Post("王警官", PSB, "经侦大队", frozenset({Role.OFFICER}))
    assert OURS.place(token()) == expected
    both = OURS.place(token(casebus_roles=["officer", "supervisor", "canteen"]))
    assert both.roles == {Role.OFFICER, Role.SUPERVISOR}
    assert OURS.place(token(casebus_roles="officer")).roles == {Role.OFFICER}


def test_another_issuer_s_words_are_read_by_the_file_alone(tmp_path: Path) -> None:
    given = {
        "preferred_username": "w.wang",
        "org": {"code": "1101", "department": "经侦"},
        "realm_access": {"roles": ["民警", "offline_access", 7]},
    }
    place = claims(tmp_path, THEIRS).place(given)
    assert place == Post("w.wang", PSB, "经侦", frozenset({Role.OFFICER}))


def test_the_ops_engineer_is_of_no_agency_and_has_no_other_role() -> None:
    place = OURS.place(token(casebus_roles=["ops"]))
    assert place == Post("王警官", None, "经侦大队", frozenset({Role.OPS}))
    with pytest.raises(CasebusError, match="no_place"):
        OURS.place(token(casebus_roles=["ops", "officer"]))


@pytest.mark.parametrize("agency", ["", "admin", "bus", "root", "Admin", "a b", "../x", 7, None])
def test_nobody_is_of_no_agency_or_of_one_that_is_none(agency: Any) -> None:
    with pytest.raises(CasebusError, match=r"no_place.*casebus_agency"):
        OURS.place(token(casebus_agency=agency))


def test_no_word_of_a_file_makes_anybody_an_operator(tmp_path: Path) -> None:
    given = {"org": {"code": "x"}, "realm_access": {"roles": ["民警"]}}
    with pytest.raises(CasebusError, match="no_place"):
        claims(tmp_path, THEIRS).place(given)


@pytest.mark.parametrize("roles", [[], ["canteen"], None, {"officer": True}, [["officer"]], "x"])
def test_who_has_no_role_here_is_told_which_claim_lacks_it(roles: Any) -> None:
    with pytest.raises(CasebusError, match=r"no_place.*casebus_roles"):
        OURS.place(token(casebus_roles=roles))


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        ("supervisor: supervisor", "supervisor: boss", 21),
        ("claim: [name]", "claim: []", 7),
        ("claim: [casebus_unit]", "claims: [casebus_unit]", 14),
        ("unit:\n", "units:\n", 14),
    ],
)
def test_a_fault_of_the_file_is_told_with_its_line(
    before: str, after: str, line: int, tmp_path: Path
) -> None:
    shutil.copytree(Settings().policies_dir / "console", tmp_path / "console")
    file = tmp_path / "console" / "claims.yaml"
    file.write_text(file.read_text("utf-8").replace(before, after), "utf-8")
    with pytest.raises(LawError, match=rf"law_invalid: claims.yaml: .*line {line}\b"):
        Claims.load(tmp_path)


def test_a_visitor_speaks_for_its_agency_and_the_ops_engineer_for_none() -> None:
    def visitor(agency: str | None, role: Role) -> Visitor:
        about = ("7", "王警官", "P-7", agency, "", frozenset({role}))
        return Visitor(*about, "csrf", b"")

    officer, ops = visitor(PSB, Role.OFFICER), visitor(None, Role.OPS)
    assert (officer.principal.name, officer.principal.agency, officer.reader) == (PSB, PSB, PSB)
    assert (ops.principal.name, ops.principal.agency, ops.reader) == ("admin/P-7", None, "admin")
