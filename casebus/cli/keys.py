"""`casebus keys`: key pairs on this machine, and the public ones in the directory."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from casebus.cli import parsing
from casebus.cli.connect import load_schemas, settings_for
from casebus.cli.groups import CommandGroup
from casebus.cli.output import answer, json_option, table
from casebus.cli.wording import local_time
from casebus.errors import CasebusError
from casebus.later import later
from casebus.now import now_from
from casebus.settings import Settings
from casebus.signing.keyring import Keyring
from casebus.trust.directory import ROOT, Directory, PublicKey
from casebus.trust.keys import SigningKey

# Loaded late: they load Kafka's protocol, which most of these commands do not need.
if TYPE_CHECKING:
    from casebus.kafka import directory as directories
    from casebus.sdk import registrar
else:
    directories = later("casebus.kafka.directory")
    registrar = later("casebus.sdk.registrar")

#: An Ed25519 public key.
_PUBLIC_BYTES = 32
_SIGNER = click.option(
    "--signer", default=ROOT, show_default=True, help="Root, or a registrar that root names."
)
_SIGNER_KEY = click.option(
    "--signer-key",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The signer's PEM. Default: SIGNER.pem among the keys or beside their folder.",
)


@click.group("keys", cls=CommandGroup)
def command() -> None:
    """Make keys; list, add and revoke keys and delegations in the directory."""


@command.command()
@click.argument("agency")
@click.option("--out", type=click.Path(path_type=Path), help="Default: AGENCY.pem among the keys.")
@json_option
def new(agency: str, out: Path | None, *, as_json: bool) -> None:
    """Make a key pair for AGENCY here; the private key never leaves the file."""
    path = out or Keyring(Settings().keys_dir).path(agency)
    if path.exists():
        raise CasebusError("key_exists", f"{path} is there already: move it away first")
    key = SigningKey.generate()
    key.save(path)
    told = {"agency": agency, "keyid": key.keyid, "public": key.public.hex(), "file": str(path)}
    answer(told, as_json=as_json, show=lambda console: console.print(_pairs(told)))


@command.command("list")
@click.option("--agency", help="Only of this agency.")
@json_option
def listed(agency: str | None, *, as_json: bool) -> None:
    """List the directory's keys."""
    keys = [one for one in _directory(settings_for()).keys.values() if agency in (None, one.agency)]
    rows = [_told(one) for one in sorted(keys, key=lambda one: (one.agency, one.valid_from))]
    headers = ("agency", "key", "valid from", "state")
    cells = (
        (one["agency"], one["keyid"], local_time(one["valid_from"]), one["state"]) for one in rows
    )
    answer(rows, as_json=as_json, show=lambda console: console.print(table(headers, cells)))


@command.command()
@click.argument("keyid")
@json_option
def show(keyid: str, *, as_json: bool) -> None:
    """Show one key of the directory by its KEYID (or the beginning of it)."""
    told = _told(_find(_directory(settings_for()), keyid))
    answer(told, as_json=as_json, show=lambda console: console.print(_pairs(told)))


@command.command()
@click.argument("agency")
@click.option("--public", help="The raw public key in hex. Default: of AGENCY.pem here.")
@click.option("--valid-from", help="From when it may sign. Default: now.")
@click.option("--note", default="")
@_SIGNER
@_SIGNER_KEY
@json_option
def add(
    agency: str,
    *,
    public: str | None,
    valid_from: str | None,
    note: str,
    signer: str,
    signer_key: Path | None,
    as_json: bool,
) -> None:
    """Add a public key of AGENCY to the directory."""
    settings = settings_for()
    raw = _hex(public) if public else Keyring(settings.keys_dir).key(agency).public
    directory = _directory(settings)
    if directory.agency(agency) is None:
        raise CasebusError("unknown_agency", f"the directory has no agency {agency}")
    now = now_from(settings)()
    since = parsing.legal_time(valid_from)
    registrar = _registrar(settings, signer, signer_key)
    entry = registrar.add_key(
        agency,
        raw,
        valid_from=since.moment().astimezone(UTC) if since else now,
        now=now,
        note=note,
    )
    place = registrar.send(directory, entry)
    told = {"agency": agency, "position": place}
    answer(told, as_json=as_json, show=lambda console: console.print(f"added as entry {place}"))


@command.command()
@click.argument("keyid")
@click.option("--reason", required=True, help="Why; the directory is public.")
@_SIGNER
@_SIGNER_KEY
@json_option
def revoke(keyid: str, reason: str, signer: str, signer_key: Path | None, *, as_json: bool) -> None:
    """Revoke a key: from now on nothing that it signs is admitted."""
    settings = settings_for()
    directory = _directory(settings)
    key = _find(directory, keyid)
    registrar = _registrar(settings, signer, signer_key)
    entry = registrar.revoke_key(key, reason=reason, now=now_from(settings)())
    place = registrar.send(directory, entry)
    told = {"agency": key.agency, "keyid": key.keyid, "position": place}
    answer(told, as_json=as_json, show=lambda console: console.print(f"revoked by entry {place}"))


@command.command()
@click.argument("agency")
@json_option
def delegates(agency: str, *, as_json: bool) -> None:
    """List the delegates that may sign for AGENCY."""
    named = _directory(settings_for()).delegates(agency)
    rows = [{"delegate": name, "types": list(types)} for name, types in sorted(named.items())]
    cells = ((str(one["delegate"]), " ".join(one["types"])) for one in rows)
    show = table(("delegate", "types"), cells)
    answer(rows, as_json=as_json, show=lambda console: console.print(show))


@command.command()
@click.argument("agency")
@click.argument("delegate")
@click.option("--type", "types", multiple=True, required=True, help="casebus.intake.*, say.")
@click.option("--note", default="")
@_SIGNER
@_SIGNER_KEY
@json_option
def delegate(
    agency: str,
    delegate: str,
    *,
    types: tuple[str, ...],
    note: str,
    signer: str,
    signer_key: Path | None,
    as_json: bool,
) -> None:
    """Let DELEGATE sign events of these types for AGENCY."""
    settings = settings_for()
    directory = _directory(settings)
    for name in (agency, delegate):
        if directory.agency(name) is None:
            raise CasebusError("unknown_agency", f"the directory has no agency {name}")
    registrar = _registrar(settings, signer, signer_key)
    entry = registrar.name_delegate(agency, delegate, types, now=now_from(settings)(), note=note)
    place = registrar.send(directory, entry)
    told = {"agency": agency, "delegate": delegate, "position": place}
    answer(told, as_json=as_json, show=lambda console: console.print(f"named by entry {place}"))


@command.command()
@click.argument("agency")
@click.argument("delegate")
@click.option("--reason", required=True, help="Why; the directory is public.")
@_SIGNER
@_SIGNER_KEY
@json_option
def withdraw(
    agency: str,
    delegate: str,
    *,
    reason: str,
    signer: str,
    signer_key: Path | None,
    as_json: bool,
) -> None:
    """Withdraw a delegation: from now on nothing that DELEGATE signs for AGENCY is admitted."""
    settings = settings_for()
    directory = _directory(settings)
    if delegate not in directory.delegates(agency):
        raise CasebusError("delegate_not_found", f"{delegate} does not sign for {agency}")
    registrar = _registrar(settings, signer, signer_key)
    entry = registrar.withdraw_delegate(agency, delegate, reason=reason, now=now_from(settings)())
    place = registrar.send(directory, entry)
    told = {"agency": agency, "delegate": delegate, "position": place}
    answer(told, as_json=as_json, show=lambda console: console.print(f"withdrawn by entry {place}"))


def _registrar(settings: Settings, signer: str, signer_key: Path | None) -> registrar.Registrar:
    path = signer_key or _signer_path(settings, signer)
    return registrar.Registrar(settings, load_schemas(settings), signer, SigningKey.load(path))


def _signer_path(settings: Settings, signer: str) -> Path:
    """The root's key is kept apart from those of the services, beside their folder."""
    among = Keyring(settings.keys_dir).path(signer)
    return among if among.is_file() else settings.keys_dir.parent / f"{signer}.pem"


def _directory(settings: Settings) -> Directory:
    return directories.read_directory(settings, load_schemas(settings))


def _find(directory: Directory, keyid: str) -> PublicKey:
    found = [one for one in directory.keys.values() if one.keyid.startswith(keyid)]
    if len(found) != 1:
        raise CasebusError(
            "key_not_found", f"{len(found)} keys of the directory begin with {keyid}"
        )
    return found[0]


def _told(key: PublicKey) -> dict[str, Any]:
    return {
        "agency": key.agency,
        "keyid": key.keyid,
        "algorithm": key.algorithm,
        "public": key.public.hex(),
        "valid_from": key.valid_from.isoformat(),
        "valid_to": key.valid_to.isoformat() if key.valid_to else None,
        "revoked_at": key.revoked_at.isoformat() if key.revoked_at else None,
        "state": "revoked" if key.revoked_at else "valid",
    }


def _pairs(told: dict[str, Any]) -> Any:
    return table(("", ""), ((name, value) for name, value in told.items() if value))


def _hex(text: str) -> bytes:
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        raw = b""
    if len(raw) != _PUBLIC_BYTES:
        raise CasebusError("key_not_found", "a public key is 64 hex digits")
    return raw
