"""Figures as events: a supervision agency's statement about a period, made once.

A repeated statement is the same event.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5


def events_of(answer: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """`indicator.computed` per indicator, with its case and id: type, case, id, data.

    One case is an agency's figures of one period; the id also has the moment, so that the same
    figure published again is the same event. Cells that a shared view hides are not published.
    """
    period = {"from": answer["from"] or "", "to": answer["to"] or ""}
    about = (answer["agency"], answer["view"], answer["division"], period["from"], period["to"])
    case = uuid5(NAMESPACE_URL, "/".join(("casebus/stats", *about)))
    for one in answer["indicators"]:
        for row in one["rows"]:
            if row["value"] is None:
                continue
            dimensions = _dimensions(answer["by"], one, row)
            named = "/".join(f"{name}={value}" for name, value in sorted(dimensions.items()))
            yield {
                "type": "indicator.computed",
                "case": str(case),
                "id": str(uuid5(case, f"{one['id']}/{named}/{answer['as_of']}")),
                "data": {
                    "indicator": one["id"],
                    "title": one["title"],
                    "period": period,
                    "division": {"code": answer["division"], "name": ""},
                    "value": float(row["value"]),
                    "numerator": row.get("met") or (0 if "met" in row else row["count"] or 0),
                    "denominator": (row["count"] or 0) if "met" in row else 0,
                    "dimensions": dimensions,
                    "suppressed": sum(other["suppressed"] for other in one["rows"]),
                    "as_of": answer["as_of"],
                    "law": answer["law"],
                },
            }


def _dimensions(by: list[str], one: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, str]:
    names = ["value_of" if name == "value" else name for name in by]
    names += ["value_of"] if one["kind"] == "steps" and "value_of" not in names else []
    return {name: str(row[name] or "") for name in names if name in row}
