"""A journal of a test's own, with log, directory and heads: what bundles are made of."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from casebus.cases import FOLD_VERSION, Case, CaseEvent, fold
from casebus.cases.stamped import case_event
from casebus.events.envelope import Envelope, Record
from casebus.events.stamps import Stamps
from casebus.evidence.lines import Entry, JournalLine, Place
from casebus.evidence.making import Material, hidden, make_bundle, shown
from casebus.evidence.refolding import FoldTools, limits_digest
from casebus.trust.head import Head, LogName, sign_head
from casebus.trust.leaf import event_leaf, log_leaf
from casebus.trust.proofs import inclusion_path, root_of, subtrees
from tests.case_events import LAW
from tests.case_events import ROOT as REPOSITORY
from tests.world import AGENCIES, NOW, SCHEMAS, World

READING = FoldTools(SCHEMAS, (REPOSITORY / "policies" / "limits.yaml").read_text(encoding="utf-8"))
CASE = "01985f2e-7c1a-7b3e-9a55-1f0c6d2b4e01"
AMR, PSB, PRO = "cn-330106-amr", "cn-330106-psb", "cn-330106-pro"
_EPOCH, _PARTITION = 1, 2
Signed = tuple[Record, bytes]


@dataclass
class Installation:
    """An installation whose records go into one log; leaves of other cases are between them."""

    world: World = field(default_factory=World)
    leaves: list[bytes] = field(default_factory=list)
    #: Record and event leaf by log index.
    records: dict[int, Signed] = field(default_factory=dict)
    relays: dict[int, Signed] = field(default_factory=dict)
    hand_overs: list[dict[str, Any]] = field(default_factory=list)
    #: The signer of heads.
    signers: tuple[str, ...] = ("bus",)

    def say(self, name: str, source: str, to: tuple[str, ...] = (), **more: Any) -> Record:
        """An event of the case, signed by its source and journaled."""
        return self.journal(self.world.event(name, source, stream=CASE, to=to, **more))

    def journal(self, record: Record, to: tuple[str, ...] | None = None) -> Record:
        """The record at the end of the log, behind one of another case; `to` as stamped."""
        envelope = Envelope.from_headers(record.headers)
        stamped = Record(record.key, record.value, (*record.headers, *self._stamps(envelope, to)))
        self.leaves.append(hashlib.sha256(b"another case %d" % len(self.leaves)).digest())
        value = record.value or b""
        leaf = event_leaf(SCHEMAS.schema_of(value).digest, stamped.headers, value)
        taken = self.records if envelope.subject == CASE else self.relays
        taken[len(self.leaves)] = (stamped, leaf)
        self.leaves.append(log_leaf(leaf, stamped.headers))
        return stamped

    def _stamps(
        self, envelope: Envelope, to: tuple[str, ...] | None
    ) -> Iterable[tuple[str, bytes]]:
        names = envelope.to if to is None else to
        ms = round(NOW.timestamp() * 1000) + len(self.leaves)
        texts = {
            "cb-verdict": "admitted",
            "cb-recipients": " ".join(names),
            "cb-sectors": " ".join(AGENCIES[one][0] for one in names),
            "cb-flags": "",
            "cb-law": LAW.digest,
            "cb-directory": str(self.world.directory.position),
            "cb-admitted-at": (NOW + timedelta(seconds=len(self.leaves))).isoformat(),
            "cb-origin": f"events.{AGENCIES[envelope.agency][0]}/0/{len(self.leaves)}/{ms}",
        }
        return [(name, text.encode()) for name, text in texts.items()]

    def hand_over(self, step: str, event: Record, record: Record, agency: str = "") -> None:
        envelope = Envelope.from_headers(event.headers)
        said = {"step": step, "source": envelope.source, "id": envelope.id, "agency": agency}
        at = next(at for at, (one, _) in (self.records | self.relays).items() if one is record)
        self.hand_overs.append(said | _place(at).to_json())

    def case(self, *instead: CaseEvent) -> Case:
        """The case as casework folds it, if each event came once; given events replace its own."""
        events = {one.identity: one for one in map(journaled_event, self.records.items())}
        return fold((events | {one.identity: one for one in instead}).values(), LAW)

    def material(self, is_seen: Callable[[int], bool] = lambda _: True, **changes: Any) -> Material:
        """The known parts of the case; of an unseen record only the leaf."""
        case = self.case()
        state = {
            "digest": case.digest(),
            "status": case.status,
            "law": LAW.digest,
            "fold_version": FOLD_VERSION,
            "limits": limits_digest(READING.limits),
            "unsettled": "",
        }
        both = self.records | self.relays
        keyids = {dict(one.headers)["ce_keyid"].decode() for one, _ in both.values()}
        keyids |= {self.world.keys[one].keyid for one in self.signers}
        entries = self.world.directory.entries_of(keyids, AGENCIES)
        made: dict[str, Any] = {
            "case": CASE,
            "records": [_line(at, one, whole=is_seen(at)) for at, one in self.records.items()],
            "relays": [_line(at, one, whole=False) for at, one in self.relays.items()],
            "hand_overs": self.hand_overs,
            "paths": {_place(at): self._path(at) for at in both},
            "heads": {(_EPOCH, _PARTITION): self.head()},
            "entries": [
                Entry(at, one.headers, one.value or b"") for at, one in sorted(entries.items())
            ],
            "state": state,
            "law": LAW.bundle(),
        }
        return Material(**{**made, **changes})

    def bundle(self, *args: Any, **changes: Any) -> bytes:
        return make_bundle(self.material(*args, **changes), SCHEMAS)

    @property
    def root(self) -> str:
        return self.world.directory.root_digest

    def origin(self) -> str:
        return str(LogName(self.root, _EPOCH, _PARTITION))

    def head(self, signer: str = "bus") -> str:
        size = len(self.leaves)
        head = Head(self.origin(), size, root_of(size, subtrees(self.leaves)))
        return str(sign_head(head, self.world.keys[signer]))

    def _path(self, at: int) -> tuple[bytes, ...]:
        return inclusion_path(at, len(self.leaves), subtrees(self.leaves))


def journaled_event(recorded: tuple[int, Signed]) -> CaseEvent:
    at, (record, _) = recorded
    envelope, stamps = Envelope.from_headers(record.headers), Stamps.of(record.headers)
    return case_event(envelope, SCHEMAS.decode(record.value)[1], stamps, _place(at))


def _place(at: int) -> Place:
    return Place(_EPOCH, _PARTITION, at)


def _line(at: int, signed: Signed, *, whole: bool) -> JournalLine:
    record, leaf = signed
    if whole:
        return shown(_place(at), record.headers, record.value or b"", leaf)
    return hidden(_place(at), record.headers, leaf)


def referred() -> Installation:
    """A referral that was sent, relayed, received and accepted."""
    made = Installation()
    sent = made.say(
        "referral.sent", AMR, (PSB,), legal="2026-03-02", data={"title": "涉嫌假冒注册商标"}
    )
    made.hand_over("submitted", sent, sent)
    checkpoint = made.journal(
        made.world.event(
            "relay.checkpoint",
            "bus/router",
            data={"epoch": 1, "partition": 2, "first_offset": 0, "last_offset": 9, "records": 1},
        )
    )
    made.hand_over("relayed", sent, checkpoint)
    identity = Envelope.from_headers(sent.headers)
    about = {
        "agency": PSB,
        "event_source": AMR,
        "event_id": identity.id,
        "event_type": identity.type,
    }
    received = made.say("intake.received", PSB, legal="2026-03-02", data=about)
    made.hand_over("delivered", sent, received, PSB)
    made.say("referral.accepted", PSB, (AMR,), legal="2026-03-04", data={"note": "符合管辖规定"})
    return made
