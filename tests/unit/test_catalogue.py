from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from casebus.cli.catalogue import INDEX, SHARED
from casebus.cli.schemas import catalogue_of, command
from casebus.events.schemas import Schemas

ROOT = Path(__file__).parents[2]
FOLDER, LAW, PAGES = ROOT / "schemas", ROOT / "policies/law", ROOT / "docs/catalogue"


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return catalogue_of(FOLDER, LAW)


@pytest.mark.docs
def test_the_committed_catalogue_is_what_schemas_and_law_say(pages: dict[str, str]) -> None:
    written = {path.name: path.read_text(encoding="utf-8") for path in PAGES.glob("*.md")}
    stale = {name for name in {*pages, *written} if pages.get(name) != written.get(name)}
    assert not stale, "`casebus schemas docs` was not run"


def test_each_type_has_its_heading_on_its_domain_s_page(pages: dict[str, str]) -> None:
    for schema in Schemas.load(FOLDER):
        _, domain, event, _ = schema.ce_type.split(".")
        assert f"## {domain}.{event} " in pages[f"{domain}.md"]


def test_a_type_says_its_fields_its_authors_and_its_readers(pages: dict[str, str]) -> None:
    text = pages["penalty.md"].partition("## penalty.annulled ")[2].partition("\n## ")[0]
    assert "- Emitted by: administrative, customs, court.\n" in text
    assert "- Read by: penalty " in text
    assert "| annulled_on | string | PUBLIC | 撤销日期: date it was annulled, YYYY-MM-DD |" in text
    assert f"| fine | [Money]({SHARED}#money) or null | PUBLIC |" in text
    assert "RECONSIDERATION 行政复议" in text


def test_what_many_types_have_is_said_once(pages: dict[str, str]) -> None:
    whole = "\n".join(pages.values())
    assert pages[INDEX].count("| work_version | ") == 1
    assert whole.count("| copy_count | ") < 5
    assert "### " not in whole


def test_a_record_of_a_type_s_own_is_described_with_it(pages: dict[str, str]) -> None:
    assert "| unpunished.goods_value | [Money]" in pages["prior_sanctions.md"]


def test_every_type_may_be_emitted_by_somebody(pages: dict[str, str]) -> None:
    assert "Emitted by: nobody" not in "\n".join(pages.values())


def test_pages_of_domains_that_are_gone_are_removed(tmp_path: Path) -> None:
    (tmp_path / "navy.md").write_text("gone", encoding="utf-8")
    arguments = ["docs", "--folder", str(FOLDER), "--law", str(LAW), "--to", str(tmp_path)]
    done = CliRunner().invoke(command, [*arguments, "--json"])
    written = {path.name for path in tmp_path.iterdir()}
    assert json.loads(done.output)["pages"] == len(written)
    assert "navy.md" not in written
