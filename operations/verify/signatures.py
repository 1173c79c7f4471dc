"""The journal's signatures, each checked by the keys and delegates of its admission's time.

Bytes, leaves and roots can be changed alike on both sides. A signature cannot be changed without
its key.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from casebus.errors import CasebusError
from casebus.events.envelope import agency_of
from casebus.events.framing import Parted
from casebus.events.schemas import Schemas
from casebus.events.stamps import DIRECTORY
from casebus.events.topics import JOURNAL
from casebus.rejections import Reason
from casebus.trust.signing import SignatureCheck
from casebus.trust.titles import History, require_entitled, taken_at, valid_key
from operations.verify.comparing import RecordBatch
from operations.verify.records import leaf_of
from operations.verify.report import VerifyReport

#: The counters, in the words of the report.
SIGNATURES = "signatures checked"


class _Signed(NamedTuple):
    signature: str | None
    sigproof: str | None


class Signatures:
    """Takes Kafka's records batch by batch, in any order of partitions."""

    def __init__(self, report: VerifyReport, schemas: Schemas, history: History) -> None:
        self._report, self._schemas, self._history = report, schemas, history
        self._check = SignatureCheck()

    def take(self, partition: int, records: Sequence[Any]) -> RecordBatch:
        for record in records:
            try:
                self._require_signed(record)
            except CasebusError as error:
                self._wrong(partition, record, error.code)
            except (KeyError, ValueError):
                self._wrong(partition, record, Reason.MALFORMED_HEADERS)
        self._report.count(SIGNATURES, len(records))
        return RecordBatch(
            partition, len(records), sum(len(one.value or b"") for one in records), []
        )

    def _require_signed(self, record: Any) -> None:
        """Raises CasebusError, or KeyError or ValueError for headers that admission never makes."""
        parted = Parted.of(record.headers)
        headers = dict(parted.items())
        said = {name: headers[name].decode() for name in _READ if name in headers}
        titles = self._history.after(int(said[DIRECTORY]))
        key = valid_key(titles, said["ce_keyid"], taken_at(headers))
        signed = _Signed(said.get("ce_signature"), said.get("ce_sigproof"))
        leaf = leaf_of(self._schemas, record.value, parted)
        if not self._check(leaf, signed, algorithm=key.algorithm, public=key.public):
            raise CasebusError(Reason.BAD_SIGNATURE)
        agency = agency_of(said["ce_source"])
        require_entitled(titles, key, agency, said["ce_type"], said.get("ce_signedby"))

    def _wrong(self, partition: int, record: Any, code: str) -> None:
        self._report.problem("not_signed", f"{JOURNAL} {partition}/{record.offset}: {code}")


_READ = (
    "ce_source",
    "ce_type",
    "ce_keyid",
    "ce_signedby",
    "ce_signature",
    "ce_sigproof",
    DIRECTORY,
)
