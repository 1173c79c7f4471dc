from __future__ import annotations

import re

import pytest

from casebus.errors import CasebusError
from onebox import jars
from onebox.jars import Jar

SETTINGS = """<settings xmlns="http://maven.apache.org/SETTINGS/1.2.0"><mirrors>
<mirror><id>other</id><url>https://other.example/m2</url><mirrorOf>snapshots</mirrorOf></mirror>
<mirror><id>ours</id><url>https://mirror.example/m2/</url><mirrorOf>{of}</mirrorOf></mirror>
</mirrors></settings>"""


def test_the_lock_names_coordinates_and_digests_and_no_address() -> None:
    for jar in jars.read_lock():
        assert re.fullmatch(r"[0-9a-f]{64}", jar.sha256), jar
    assert "://" not in jars.LOCK.read_text("utf-8")


def test_the_lock_holds_kafka_and_one_log_binding() -> None:
    names = [jar.artifact for jar in jars.read_lock()]
    assert "kafka_2.13" in names
    assert [name for name in names if name.startswith("log4j-slf4j")] == ["log4j-slf4j-impl"]


@pytest.mark.parametrize("of", ["central", "*", "external:*", "snapshots, central"])
def test_a_mirror_in_the_maven_settings_is_honoured(of: str) -> None:
    assert jars.mirror_of_central(SETTINGS.format(of=of)) == "https://mirror.example/m2"


@pytest.mark.parametrize("of", ["snapshots", "*,!central"])
def test_a_mirror_of_something_else_is_not(of: str) -> None:
    assert jars.mirror_of_central(SETTINGS.format(of=of)) is None


def test_bytes_that_differ_from_the_lock_are_not_kept(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    path = tmp_path_factory.mktemp("jars") / "a-1.jar"
    with pytest.raises(CasebusError, match="jar_digest_differs"):
        jars._store(Jar("g", "a", "1", "0" * 64), b"not it", path)
    assert not path.exists()
