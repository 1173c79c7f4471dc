"""The console's words: each in both languages, none missing, none that nobody shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import gateway.console
from casebus.rejections import WHY
from gateway.console.languages import LANGUAGES, remedies, texts
from gateway.console.rendering import environment

ROOM = Path(gateway.console.__file__).parent
TEMPLATES = sorted(ROOM.rglob("templates/*.html"))
#: The forms of acts have words of their own, beside them.
PAGES = [path for path in TEMPLATES if path.name != "forms.html"]
_USED = re.compile(r"\bt\('([a-z_.]+)'[,)]")


def test_each_entry_stands_in_both_languages() -> None:
    for key, entry in texts().items():
        assert isinstance(key, str), key
        assert entry.keys() == set(LANGUAGES), key
        assert all(isinstance(text, str) and text for text in entry.values()), key


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_a_template_uses_words_that_are_there(template: Path) -> None:
    used = set(_USED.findall(template.read_text("utf-8")))
    assert used <= texts().keys()


@pytest.mark.parametrize("template", PAGES, ids=lambda path: path.name)
def test_a_template_has_no_words_of_its_own(template: Path) -> None:
    """Whatever a person reads is data in both languages."""
    code = r"{#.*?#}|{%-? *block body_attributes.*?endblock %}|{%.*?%}|{{.*?}}"
    text = re.sub(code, "", template.read_text("utf-8"), flags=re.DOTALL)
    text = re.sub(r"<[^>]*>", "", text)
    own = re.sub(r"openapi\.json|casebus|JSON|GET \S*|&\w+;", "", text)
    assert not re.search(r"[A-Za-z\u4e00-\u9fff]{2,}", own), own


def test_each_reason_of_a_reject_has_its_remedy_in_chinese() -> None:
    assert remedies().keys() == {str(reason) for reason in WHY}


def test_a_page_says_a_remedy_in_its_language_and_one_that_it_lacks_in_english() -> None:
    said = vars(environment().get_template("macros.html").module)["remedy"]
    known = {"reason": "unsigned", **WHY["unsigned"]._asdict()}
    assert remedies()["unsigned"] in said(known, "zh")
    assert WHY["unsigned"].remedy in said(known, "en")
    assert 'lang="en"' in said(known | {"reason": "of another release"}, "zh")
