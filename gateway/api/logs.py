"""The logs: signed heads and hash tiles, as tools for C2SP tlog-tiles fetch them, and cosignatures.

Anyone who reaches the gateway may read them, without a key. A head gives the number of records. A
hash tells nothing to anyone without the record. There are no entry tiles, because entries name
recipients.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from pydantic import Field

from casebus.errors import CasebusError
from casebus.events.doors import BUS
from casebus.trust.head import LogName, cosigned_at, log_key, with_cosignature, witness_key
from casebus.trust.note import NoteError, NoteSignature, SignedNote
from casebus.trust.receipt import entry_to_json
from casebus.trust.tiles import Tile
from gateway.identity.caller import Caller
from gateway.problems import documented
from gateway.route import ServedRoute
from gateway.runtime.context import Context, Gateway
from gateway.shapes import MOST_INTEGER, Shape
from gateway.web.caching import FOR_EVER
from storage import heads, journal

router = APIRouter(route_class=ServedRoute, prefix="/v1/log", tags=["log"])

_ORIGIN = f"casebus/{'0b' * 32}/log/1/0"
_NOTE = f"""{_ORIGIN}
4711
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— {_ORIGIN} Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeM…
"""
_TEXT_OF_A_HEAD: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/plain": {"schema": {"type": "string"}, "example": _NOTE}}}
}
_BYTES: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            "application/octet-stream": {
                "schema": {"type": "string", "format": "binary"},
                "example": "32 bytes a hash, as many as the tile is wide",
            }
        }
    }
}
_NEVER = {"Cache-Control": "no-store"}
_TEXT = "text/plain; charset=utf-8"

Epoch = Annotated[int, Path(ge=0, le=MOST_INTEGER)]
Partition = Annotated[int, Path(ge=0, le=MOST_INTEGER)]


class LogOf(Shape):
    """One log: the name in its heads, the size of the last, the keys that may have signed."""

    epoch: int = Field(examples=[1])
    partition: int = Field(examples=[0])
    origin: str = Field(examples=[_ORIGIN])
    size: int = Field(examples=[4711])
    keys: list[str] = Field(
        examples=[[f"{_ORIGIN}+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"]],
        description="Verifier keys, as C2SP signed-note writes them.",
    )


class Logs(Shape):
    items: list[LogOf]
    witnesses_needed: int = Field(examples=[1])
    directory: list[dict[str, Any]] = Field(
        examples=[[]],
        description="The directory's entries of the bus's keys, for a caller that has only the "
        "pinned root.",
    )


class Cosigning(Shape):
    """A witness's line below the head of this size."""

    size: int = Field(ge=1, le=2**63 - 1)
    line: str = Field(max_length=500, examples=["— cn-330106-pro Bk2v…\n"])


class Cosigned(Shape):
    """The line stands below the head."""

    size: int = Field(examples=[4711])
    witness: str = Field(examples=["cn-330106-pro"])


@router.get("", responses=documented("directory_unavailable", "database_unavailable"))
async def logs(gateway: Context) -> Logs:
    """Every log of the installation: one for each partition of the journal, in this epoch."""
    directory = gateway.directory()
    keys = [key for key in directory.keys.values() if key.agency == BUS]
    items = []
    for log, size in await heads.logs(await gateway.database()):
        origin = str(LogName(gateway.settings.root_digest, *log))
        named = [str(log_key(origin, key.public)) for key in keys if key.revoked_at is None]
        items.append(LogOf(epoch=log[0], partition=log[1], origin=origin, size=size, keys=named))
    entries = directory.entries_of(key.keyid for key in keys)
    return Logs(
        items=items,
        witnesses_needed=gateway.witnessing.needed,
        directory=[entry_to_json(at, one) for at, one in sorted(entries.items())],
    )


@router.get(
    "/{epoch}/{partition}/checkpoint",
    responses=_TEXT_OF_A_HEAD | documented("not_found", "database_unavailable"),
    response_class=Response,
)
async def checkpoint(epoch: Epoch, partition: Partition, gateway: Context) -> Response:
    """The last signed head, with the cosignatures there are (C2SP tlog-checkpoint)."""
    head = await heads.last(await gateway.database(), (epoch, partition))
    if head is None:
        raise CasebusError("not_found")
    return Response(str(head.note), media_type=_TEXT, headers=_NEVER)


@router.get(
    "/{epoch}/{partition}/tile/{tile:path}",
    responses=_BYTES | documented("not_found", "log_altered", "database_unavailable"),
    response_class=Response,
)
async def hash_tile(epoch: Epoch, partition: Partition, tile: str, gateway: Context) -> Response:
    """A tile of hashes (C2SP tlog-tiles), as far as a signed head covers it."""
    wanted, log = Tile.parse(tile), (epoch, partition)
    database = await gateway.database()
    head = await heads.last(database, log)
    if wanted is None or head is None or not wanted.is_within(head.size):
        raise CasebusError("not_found")
    hashes = await heads.tile(database, log, wanted)
    if len(hashes) != wanted.width:
        if epoch != await journal.current_epoch(database):
            # Its records are in the log of the next epoch.
            raise CasebusError("not_found")
        raise CasebusError("log_altered", f"tile {wanted} has gaps")
    return Response(b"".join(hashes), media_type="application/octet-stream", headers=FOR_EVER)


@router.post(
    "/{epoch}/{partition}/cosignatures",
    responses=documented(
        "unauthenticated", "not_found", "cosignature_refused", "directory_unavailable"
    ),
)
async def cosign(
    epoch: Epoch, partition: Partition, given: Cosigning, agency: Caller, gateway: Context
) -> Cosigned:
    """Hand in that the caller, as a witness, saw the log grow to this head."""
    database, log = await gateway.database(), (epoch, partition)
    note = await heads.note_of(database, log, given.size)
    if note is None:
        raise CasebusError("not_found", "no head of that size was signed")
    line = _line(given.line)
    if line.name != agency or not _fits(gateway, agency, note, line):
        raise CasebusError("cosignature_refused", "not by a key of yours that is valid now")
    await heads.cosign(database, log, given.size, agency, line)
    return Cosigned(size=given.size, witness=agency)


def _line(text: str) -> NoteSignature:
    try:
        return NoteSignature.parse(text.removesuffix("\n"))
    except NoteError as error:
        raise CasebusError("cosignature_refused", error.detail) from error


def _fits(gateway: Gateway, agency: str, note: SignedNote, line: NoteSignature) -> bool:
    signed = with_cosignature(note, line)
    return any(
        cosigned_at(signed, witness_key(agency, key.public)) is not None
        for key in gateway.directory().keys.values()
        if key.agency == agency and key.revoked_at is None
    )
