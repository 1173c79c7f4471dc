"""The gateway as its description says: asked by a generator of requests that knows nothing else.

Every operation is asked with what fits its description and with what does not; every answer has a
documented status, media type and body, and no answer is an error of the server. That what fits is
also taken is not asked: no description says which cursor was given, or which words the law has.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import negative_data_rejection, positive_data_acceptance
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.generation import GenerationMode

from onebox.testing import Stack

pytestmark = [pytest.mark.long, pytest.mark.connected, pytest.mark.timeout(300)]

#: It has no system of its own, and no other test watches it.
AGENCY = "cn-330105-amr"
#: Its `null` reaches a query as text; tests/unit/gateway/test_parameters.py refuses what is wrong.
LEFT_OUT = [negative_data_rejection, positive_data_acceptance]
#: Of each operation, of what fits and of what does not.
EXAMPLES = 2 if os.environ.get("CASEBUS_QUICK") else 25


@pytest.fixture(scope="module")
def api(stack: Stack) -> Any:
    return schemathesis.openapi.from_url(f"{stack.gateway_url}/openapi.json")


@pytest.fixture
def headers(stack: Stack) -> dict[str, str]:
    return {"Authorization": f"Bearer {stack.api_key(AGENCY)}"}


def test_every_operation_answers_as_its_description_says(api: Any, headers: dict[str, str]) -> None:
    wrong: list[str] = []
    operations = [one.ok() for one in api.get_all_operations()]
    for operation in operations:
        for mode in GenerationMode:
            try:
                _ask(operation, mode, headers)
            except (Failure, FailureGroup) as failure:
                wrong.append(f"{operation.label} {mode.name}: {_said(failure)}")
    assert not wrong, "\n".join(wrong)
    assert len(operations) > 40


def _ask(operation: Any, mode: GenerationMode, headers: dict[str, str]) -> None:
    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[*HealthCheck])
    def answered(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(headers=headers, excluded_checks=LEFT_OUT)

    with suppress(Unsatisfiable):
        # An operation without parameters has nothing that could be wrong.
        answered()


def _said(failure: Any) -> str:
    found = getattr(failure, "exceptions", [failure])
    return "; ".join(f"{one.title}: {one.message}" for one in found)
