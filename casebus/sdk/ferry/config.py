"""The setup of one side of a ferry: `ferry.yaml` in its home, its key, the other side's keys."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from casebus.errors import CasebusError
from casebus.ferry.lane import Direction
from casebus.ferry.sealed import LARGEST, SMALLEST
from casebus.files import naming, write_text
from casebus.trust.keys import SigningKey, key_id
from casebus.words import in_words

FILE = "ferry.yaml"
_KEY = "carrier.pem"


class Config(BaseModel):
    """The settings of one side. Relative folders lie in the ferry's home."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    agency: str
    side: Literal["office", "bus"]
    outbox: Path = Path("outbox")
    inbox: Path = Path("inbox")
    #: Raw public keys of the other side, in hex.
    peers: tuple[Annotated[str, Field(pattern="^[0-9a-f]{64}$")], ...] = ()
    #: The agency's sector, for which the office signs (`events.<sector>`).
    sector: str = ""
    #: The largest file that the carrier takes.
    limit_bytes: int = Field(default=8 * 1024 * 1024, ge=SMALLEST, le=LARGEST)
    #: Words of a command that looks at each file. The file comes last, or in place of `{}`.
    scanner: tuple[str, ...] = ()
    #: Seconds without an answer after which a bundle is put out again.
    patience_seconds: float = Field(default=600.0, gt=0)
    #: Seconds for which an unreadable file may still be under construction.
    settle_seconds: float = Field(default=30.0, ge=0)

    @property
    def sends(self) -> Direction:
        return Direction.UP if self.side == "office" else Direction.DOWN

    def peer_keys(self) -> dict[str, bytes]:
        raw = [bytes.fromhex(one) for one in self.peers]
        return {key_id(one): one for one in raw}


def config_of(given: Any) -> Config:
    """Raises CasebusError `bad_ferry`, which names the field."""
    try:
        return Config.model_validate(given)
    except ValidationError as error:
        raise CasebusError("bad_ferry", in_words(error)) from error


def read_config(home: Path) -> Config:
    """Raises CasebusError `no_ferry` or `bad_ferry`."""
    path = home / FILE
    try:
        return config_of(yaml.safe_load(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise CasebusError("no_ferry", f"{path} is missing: casebus ferry init") from None
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise CasebusError("bad_ferry", f"{path}: {in_words(error)}") from error


def write_config(home: Path, config: Config) -> None:
    with naming(home):
        home.mkdir(parents=True, exist_ok=True)
    said = config.model_dump(mode="json")
    write_text(home / FILE, yaml.safe_dump(said, sort_keys=False))


def carrier_key(home: Path) -> SigningKey:
    """The side's own key, made at the first call. It proves only which side packed a file."""
    path = home / _KEY
    if not path.exists():
        SigningKey.generate().save(path)
    return SigningKey.load(path)
