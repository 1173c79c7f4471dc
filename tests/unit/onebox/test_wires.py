"""What speaks plain is said once, and is wrong where it leaves the machine."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from casebus.settings import Settings
from onebox import certificates, environment
from onebox.credentials import Credentials
from onebox.options import Options, read_options
from onebox.places import home_at
from operations.doctor.wires import examine_wires

PLAIN = {
    "kafka_security_protocol": "SASL_PLAINTEXT",
    "kafka_bootstrap": "127.0.0.1:1",
    "database_url": "postgresql://casebus@127.0.0.1:2/casebus",
    "gateway_url": "http://127.0.0.1:3",
    "probe_url": "http://127.0.0.1:4",
}
AWAY = {
    "kafka_bootstrap": "10.0.0.1:1,10.0.0.2:1",
    "database_url": "postgresql://casebus@db.example/casebus",
    "gateway_url": "http://gateway.example",
    "probe_url": "http://10.0.0.3:4",
}


def test_what_is_plain_on_this_machine_is_said_once() -> None:
    found = examine_wires(Settings.model_validate(PLAIN))
    assert (found.verdict, found.says.partition(";")[0]) == (
        "ok",
        "plain: brokers, database, gateway, probes",
    )


@pytest.mark.parametrize("name", AWAY)
def test_what_is_plain_beyond_this_machine_is_wrong(name: str) -> None:
    found = examine_wires(Settings.model_validate(PLAIN | {name: AWAY[name]}))
    assert (found.verdict, bool(found.remedy)) == ("wrong", True)


def test_with_tls_on_all_but_the_embedded_database_is_encrypted(tmp_path: Path) -> None:
    options = read_options(tmp_path, 21230, (), {"CASEBUS_TLS": "on"})
    assert Options.from_json(options.to_json()) == options
    settings = environment.admin_settings(options, Credentials())
    assert examine_wires(settings).says == "plain: database; on this machine only"
    elsewhere = {"database_url": "postgresql://db.example/casebus?sslmode=verify-full"}
    whole = examine_wires(settings.model_copy(update=elsewhere))
    assert whole.says == "brokers, database, gateway and probes speak TLS"
    exported = environment.exports(options, Credentials(), "router", tmp_path / "p")
    assert "ssl.truststore.location" in environment.client_properties(exported)


def test_the_development_certificate_is_made_once_and_names_this_machine(tmp_path: Path) -> None:
    home = home_at(tmp_path).make()
    certificates.ensure(home)
    first = home.tls_certificate.read_bytes()
    certificates.ensure(home)
    assert home.tls_certificate.read_bytes() == first
    assert {path.stat().st_mode & 0o077 for path in (home.tls, home.tls_key)} == {0}
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(home.tls_certificate, home.tls_key)
    client = Settings(tls_ca=home.tls_ca).tls_context()
    assert (client.verify_mode, client.check_hostname) == (ssl.CERT_REQUIRED, True)
    _shake_hands(client, server, "127.0.0.1")
    with pytest.raises(ssl.SSLCertVerificationError):
        _shake_hands(client, server, "127.0.0.2")


def _shake_hands(client: ssl.SSLContext, server: ssl.SSLContext, name: str) -> None:
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(to_client, to_server, server_hostname=name)
    theirs = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(4):
        for one in (ours, theirs):
            try:
                one.do_handshake()
            except ssl.SSLWantReadError:
                continue
