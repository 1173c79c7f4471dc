from __future__ import annotations

from pathlib import Path
from typing import Any

from casebus.trust.keys import SigningKey
from onebox import credentials, environment
from onebox.credentials import Credentials
from onebox.options import Options
from onebox.places import Home, home_at


def known() -> Credentials:
    made = Credentials(cluster_id="c", postgres="p'/@", root_digest="00")
    made.kafka_password("cn-330106-amr")
    made.api_key("cn-330106-amr")
    made.api_key("cn-330106-psb")
    return made


def test_a_foreign_client_gets_all_it_needs(tmp_path: Path) -> None:
    options, secrets = Options(tmp_path, 20000), known()
    exports = environment.exports(options, secrets, "cn-330106-amr", tmp_path / "k.properties")
    assert exports["SCHEMA_REGISTRY_URL"] == "http://127.0.0.1:20000/registry"
    assert exports["KAFKA_BOOTSTRAP_SERVERS"] == "127.0.0.1:20001"
    assert "PGPASSWORD" not in exports
    assert exports["CASEBUS_API_KEY"] == secrets.api_keys["cn-330106-amr"]
    properties = environment.client_properties(exports)
    assert "sasl.mechanism=SCRAM-SHA-512\n" in properties
    assert secrets.kafka["cn-330106-amr"] in properties


def test_who_signs_for_itself_is_told_the_name_of_its_key(tmp_path: Path) -> None:
    options, secrets, key = Options(tmp_path, 20000), known(), SigningKey.generate()
    key.save(environment.keys_dir(options) / "cn-330106-amr.pem")
    exports = environment.exports(options, secrets, "cn-330106-amr", tmp_path / "k.properties")
    assert exports["CASEBUS_KEYID"] == key.keyid
    hosted = environment.exports(options, secrets, "cn-330106-psb", tmp_path / "k.properties")
    assert "CASEBUS_KEYID" in environment.left_over(hosted, exports)


def test_a_hosted_agency_has_an_api_key_and_no_kafka_user(tmp_path: Path) -> None:
    exports = environment.exports(
        Options(tmp_path, 20000), known(), "cn-330106-psb", tmp_path / "k.properties"
    )
    assert exports["CASEBUS_AGENCY"] == "cn-330106-psb"
    assert "CASEBUS_KAFKA_USERNAME" not in exports
    assert "KAFKA_CLIENT_PROPERTIES" not in exports


def test_whoever_a_shell_was_before_leaves_nothing_behind(tmp_path: Path) -> None:
    options, secrets = Options(tmp_path, 20000), known()

    def of(user: str) -> dict[str, str]:
        return environment.exports(options, secrets, user, tmp_path / "k.properties")

    own, hosted, admin = of("cn-330106-amr"), of("cn-330106-psb"), of("admin")
    assert admin["PGPASSWORD"] == "p'/@"
    for before in (own, hosted, admin):
        for after in (own, hosted, admin):
            unset = set(environment.left_over(after, before))
            assert set(before) - set(after) <= unset
            assert not unset & set(after)


def test_credentials_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    home: Home = home_at(tmp_path)
    made = credentials.load(home)
    credentials.save(home, made)
    assert home.credentials.stat().st_mode & 0o777 == 0o600
    assert credentials.load(home) == made


def test_a_java_client_finds_a_certificate_below_any_folder(tmp_path):
    exported = {
        "CASEBUS_KAFKA_BOOTSTRAP": "127.0.0.1:1",
        "CASEBUS_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "CASEBUS_TLS_CA": r"/案件\𠮷/ca.pem",
    }
    text = environment.client_properties(exported)
    assert text.isascii()
    assert r"ssl.truststore.location=/\u6848\u4ef6\\\ud842\udfb7/ca.pem" in text


def test_the_embedded_database_is_plain_whatever_the_shell_says_of_another(tmp_path):
    exports = environment.exports(Options(tmp_path, 20000), known(), "admin", tmp_path / "k")
    assert exports["PGSSLMODE"] == "disable"


def test_only_a_stack_of_this_machine_signs_people_in_itself(tmp_path: Path) -> None:
    """What is provisioned for a container's gateway names no issuer: it listens to everybody."""
    provisioned = environment.of_user(Options(tmp_path, 20000), known(), "gateway")
    assert not [name for name in provisioned if name.startswith("CASEBUS_CONSOLE_")]
    secrets = known()
    assert environment.of_console(secrets)["CASEBUS_CONSOLE_KEY"] == ""
    secrets.api_key("admin")
    key = environment.of_console(secrets)["CASEBUS_CONSOLE_KEY"]
    assert len(key) == 64
    assert key not in secrets.api_keys.values()


def test_an_issuer_that_the_shell_names_is_the_one(monkeypatch: Any) -> None:
    monkeypatch.setenv("CASEBUS_CONSOLE_ISSUER", "https://login.example.org")
    given = environment.of_console(known())
    assert given["CASEBUS_CONSOLE_ISSUER"] == "https://login.example.org"
    assert "CASEBUS_CONSOLE_KEY" not in given
