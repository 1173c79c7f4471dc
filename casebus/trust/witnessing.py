"""The number of witnesses that a head needs: policies/witnesses.yaml. Pure except for `load`."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from casebus import shipped


class Witnessing(BaseModel):
    """The policy of an installation; a holder of receipts may ask for more."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    needed: int = Field(ge=0)
    #: How long receipts on an agency's own topic wait for so many witnesses.
    wait_seconds: float = Field(ge=0)

    @classmethod
    def load(cls, policies: Path) -> Witnessing:
        """Raises OSError, yaml.YAMLError or pydantic's ValidationError: nothing starts without."""
        text = (policies / "witnesses.yaml").read_text(encoding="utf-8")
        return cls.model_validate(shipped.parse(text))
