"""How commands end: their exit codes, written once for the help, docs/exit-codes.md and tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

DONE = 0
REFUSED = 1
MISUSED = 2
PENDING = 3
AWAY = 4
#: 128 and the number of the signal, as a shell shows a process that a signal ended.
STOPPED, UNREAD, ENDED = 130, 141, 143

#: The codes that every command has.
MEANINGS: Mapping[int, str] = {
    DONE: "all that was asked for was done, and all that is to be printed was written",
    REFUSED: "something was refused, found wrong, or could not be done or written",
    MISUSED: "it was called wrongly, and did nothing",
    PENDING: "what was asked for is on its way, and what becomes of it is not known yet",
    AWAY: "what it needs is away; nothing is lost, and the same command may be given again",
    STOPPED: "Ctrl-C stopped it",
    UNREAD: "whoever reads its output closed the pipe before all was written",
    ENDED: "SIGTERM ended it",
}
_SPOKEN = "the event was rejected, or something above INFO was found about it"
#: The special meanings of 1 and 3 for a command; `work *` is every action on a work item.
OF: Mapping[str, Mapping[int, str]] = {
    "publish": {
        REFUSED: "an event was rejected, or something above INFO was found about one",
        PENDING: "one is not journaled within --wait (behind a ferry always)",
    },
    "import": {
        REFUSED: "a row was refused (the others are taken)",
        PENDING: "signed events are kept and cannot be sent",
    },
    "penalties ask": {REFUSED: "a row was refused, or nobody can be asked about it"},
    "recall": {REFUSED: _SPOKEN, PENDING: "the recall is not recorded yet"},
    "receipts": {
        REFUSED: "a receipt proves nothing",
        PENDING: "--proof: no signed head covers one of the steps yet",
    },
    "rejects redrive": {REFUSED: "one of PLACES cannot be sent again (the others may be)"},
    "work *": {
        REFUSED: _SPOKEN,
        PENDING: "not recorded within --wait (the same again tells)",
    },
    "ferry run": {REFUSED: "--once: a file was refused, or a person is needed"},
    "ferry status": {REFUSED: "a person is needed"},
    "witness": {REFUSED: "--once: a head was refused"},
    "verify": {REFUSED: "something does not agree"},
    "rebuild": {REFUSED: "rows differ, and nothing was switched"},
    "doctor": {REFUSED: "something is wrong (`careful` is not)"},
    "status": {REFUSED: "not all is ready, or something is overdue or waits for a person"},
    "demo": {REFUSED: "something came out otherwise than a storyline says"},
    "law check": {REFUSED: "there are problems"},
    "law casebook": {REFUSED: "a case comes out otherwise than its file says"},
    "law venue": {REFUSED: "no agency of the list has jurisdiction"},
    "schemas check": {REFUSED: "there are problems"},
}
#: The most important codes come last: one refusal among many pending events is a refusal.
_WORST = (DONE, PENDING, AWAY, REFUSED)


def worst(codes: Sequence[int]) -> int:
    """The code of a command that did several things; `done` if there was nothing to do."""
    return max(codes, key=_WORST.index, default=DONE)


def of(words: tuple[str, ...]) -> Mapping[int, str]:
    """The special codes of a command, found by its words."""
    named = " ".join(words)
    if named in OF:
        return OF[named]
    is_action = words[:1] == ("work",) and words[1:] and words[1] not in {"list", "show"}
    return OF["work *"] if is_action else {}


def told(words: tuple[str, ...]) -> str:
    """The same as a sentence below its help; empty if it has no special code."""
    said = [f"{code} where {why}" for code, why in of(words).items()]
    return f"Ends with {'; '.join(said)}; else as `casebus --help` says." if said else ""


def every() -> str:
    """The codes of all commands, as lines below the help of `casebus` itself."""
    rows = (f"  {code:3}  {meaning}" for code, meaning in MEANINGS.items())
    return "\n".join(("\b", "A command ends with", *rows))
