from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from casebus.cases.matching import PROPOSED, Profile, compare, profile

CODE, OTHER_CODE = "91330106MA2TEX7081", "91330108MA2TEX8122"


def lead(name: str, *, code: str = "", right: str = "12345678", address: str = "") -> Profile:
    data: dict[str, Any] = {
        "suspects": [
            {"role": "SUSPECT", "name": name, "organisation": {"name": name, "uscc": code}}
        ],
        "rights": [{"kind": "TRADEMARK", "number_raw": right, "title": "翠屿"}],
        "address": address,
    }
    return profile(data)


def test_the_same_organisation_and_right_are_proposed_as_one_with_the_reasons() -> None:
    found = compare(lead("西溪茗汇茶叶经营部", code=CODE), lead("茗汇茶叶", code=CODE))
    assert found.proposed
    kinds = {reason.kind: (reason.left, reason.right) for reason in found.reasons}
    assert kinds["same_organisation_code"] == (CODE, CODE)
    assert kinds["same_right"] == ("12345678", "12345678")


def test_a_seller_without_a_code_is_found_by_name_and_address() -> None:
    one = lead("杭州市西湖区西溪茗汇茶叶经营部", address="文三路 478 号 1 楼")
    other = lead("西溪茗汇茶叶店", right="第12345678号", address="文三路478号1楼")
    found = compare(one, other)
    assert found.proposed
    assert {reason.kind for reason in found.reasons} >= {"similar_name", "similar_address"}


def test_another_code_is_another_organisation_whatever_its_name() -> None:
    found = compare(lead("西溪茗汇", code=CODE), lead("西溪茗汇", code=OTHER_CODE))
    assert found.score == 0.0


def test_the_same_seller_of_another_right_is_another_matter() -> None:
    one, other = lead("西溪茗汇", code=CODE), lead("西溪茗汇", code=CODE, right="87654321")
    data = profile({"rights": [{"kind": "TRADEMARK", "number_raw": "87654321", "title": "松涛"}]})
    assert compare(one, other).seller > PROPOSED
    assert not compare(one, Profile(codes=one.codes, rights=data.rights)).proposed


def test_a_right_holder_is_no_seller() -> None:
    data = {"parties": [{"role": "RIGHT_HOLDER", "name": "翠屿茶业", "organisation": None}]}
    assert profile(data) == Profile()


def test_a_body_of_any_form_gives_a_profile() -> None:
    assert profile({"suspects": "text", "rights": [1, None], "urls": {"a": 1}}) == Profile()


_words = st.frozensets(st.sampled_from(["茗汇茶叶", "西溪茗汇", "翠屿", "12345678"]), max_size=3)
_profiles = st.builds(
    Profile, codes=st.just(frozenset()), names=_words, rights=_words, titles=_words
)


@given(one=_profiles, other=_profiles)
def test_the_score_is_the_same_either_way_round_and_between_0_and_1(
    one: Profile, other: Profile
) -> None:
    assert compare(one, other).score == compare(other, one).score
    assert 0 <= compare(one, other).score <= 1
