"""Checks on arrival. They warn; no finding holds anything back (T06)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from casebus.trust.directory import Agency
from services.intake.rules import CheckRule

Check = dict[str, Any]
"""name, passed, detail: as the schema of `intake.received` has it."""


def run_checks(
    rules: Iterable[CheckRule], data: dict[str, Any], author: Agency | None, recipient: Agency
) -> list[Check]:
    """The outcome of each rule that applies to the event's body."""
    return [
        _outcome(rule, _lacking(rule, data, author, recipient))
        for rule in rules
        if rule.when is None or data.get(rule.when)
    ]


def unreadable() -> Check:
    """A body that this intake's schemas do not know yet. It is delivered as well."""
    return {"name": "readable", "passed": False, "detail": "无法读取正文：本机缺少该版本的结构"}


def _outcome(rule: CheckRule, lacking: list[str]) -> Check:
    detail = f"缺：{'、'.join(lacking)}（{rule.citation}）" if lacking else rule.title
    return {"name": rule.name, "passed": not lacking, "detail": detail}


def _lacking(
    rule: CheckRule, data: dict[str, Any], author: Agency | None, recipient: Agency
) -> list[str]:
    if rule.enclosed is not None:
        there = _kinds(data)
        return [title for kind, title in rule.enclosed.items() if kind not in there]
    if rule.given is not None:
        return [title for field, title in rule.given.items() if not data.get(field)]
    same = author is not None and author.level == recipient.level
    return [] if same else [rule.title]


def _kinds(data: dict[str, Any]) -> set[str]:
    """Kinds of the enclosed documents, whether the event has one or several."""
    documents = [*data.get("documents", ()), data.get("document")]
    return {document["kind"] for document in documents if document}
