"""The computation of an assessment in words, one pair of Chinese and English for each step."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator

from casebus.law.assessment import AssessedMatter, FineRange, StandardOutcome, Weighed
from casebus.law.limits import Barred
from casebus.law.threshold_models import FACTS, MONEY, UNITS, ThresholdFile
from casebus.law.threshold_readings import MetricReading

#: Chinese, English.
Step = tuple[str, str]

METRICS: dict[str, Step] = {
    "illegal_business_amount": ("非法经营数额", "illegal business amount"),
    "illegal_gains": ("违法所得", "illegal gains"),
    "service_gains": ("服务违法所得", "gains from services"),
    "all_gains": ("商品与服务违法所得合计", "gains from goods and services"),
    "sales_amount": ("销售金额", "sales amount"),
    "goods_value": ("尚未销售货值金额", "value of unsold goods"),
    "loss_amount": ("损失数额", "loss"),
    "item_count": ("标识数量", "labels"),
    "unsold_count": ("尚未销售数量", "unsold pieces"),
    "copy_count": ("复制件数量", "copies"),
    "work_count": ("作品数量", "works"),
    "download_count": ("下载次数", "downloads"),
    "click_count": ("点击次数", "clicks"),
    "member_count": ("注册会员人数", "members"),
    "owner_closed": ("直接导致权利人破产、倒闭", "the owner's business was closed by it"),
    "conduct": ("实施该行为", "the act itself"),
}
#: Used if the law in force names no ground for it.
_VERDICTS = {
    "MUST_TRANSFER": ("应当移送", "must be transferred"),
    "TRANSFER_ON_SUSPICION": (
        "有嫌疑，仅提示本单位查明",
        "a suspicion: its own agency alone is asked",
    ),
    "WATCH": ("继续关注", "to be watched"),
}
_UNKNOWN = {
    "act": ("行为方式", "what was done"),
    "several": ("符合哪一罪名", "which of several offences it is"),
}
_TIERS = {0: ("未达标准", "no standard"), 1: ("第一档", "tier 1"), 2: ("第二档", "tier 2")}
_FEN = 100


def no_standard(offence: str | None) -> Step:
    name = offence or "-"
    return f"没有适用于第{name}条的标准", f"no standard is known for article {name}"


class AssessmentWords:
    """Writes assessments with the words of one law."""

    def __init__(self, files: Collection[ThresholdFile]) -> None:
        self._grounds = [row for file in files for row in file.verdicts]
        elements = {word: title for file in files for word, title in file.elements.items()}
        self._unknown = _UNKNOWN | {word: (one.zh, one.en) for word, one in elements.items()}

    def steps(
        self, weighed: Weighed, verdict: str, fine: FineRange | None, barred: Barred | None
    ) -> list[Step]:
        """Version, figures, punishments, verdict and fine, in the order of their use."""
        outcome, matter = weighed.outcome, weighed.matter
        said = [_version(outcome, matter)]
        if outcome.lighter:
            said.append(_lighter(outcome, matter))
        said += [_reading(one) for one in outcome.readings]
        if outcome.tier > 1 and outcome.reading is not None:
            said.append(_reading(outcome.reading))
        if outcome.sanctions:
            said.append(_repeated(outcome))
        if outcome.tier:
            said += self._how_sure(weighed)
        if barred is not None:
            said.append(_barred(barred, matter))
        said.append(self._so(verdict, outcome.tier, matter.today))
        if fine is not None and barred is None:
            said.append(_fine(fine))
        return said

    def _how_sure(self, weighed: Weighed) -> Iterator[Step]:
        if weighed.unknown:
            found = [self._unknown.get(one, (one, one)) for one in weighed.unknown]
            zh, en = "、".join(one[0] for one in found), ", ".join(one[1] for one in found)
            yield f"罪名未定，尚不清楚：{zh}", f"the offence is open; not known: {en}"
        elif weighed.by_items and not weighed.is_named:
            yield (
                "各项明细及已知要件仅符合此一罪名，视同已列明罪名",
                "items and known elements fit this offence alone: it counts as named",
            )

    def _so(self, verdict: str, tier: int, day: dt.date) -> Step:
        zh, en = _VERDICTS[verdict]
        for row in self._grounds:
            until = row.effective_to or dt.date.max
            if row.verdict == verdict and row.effective_from <= day <= until:
                text = f"{row.source}{row.article}"
                zh, en = f"{row.title.zh}（{text}）", f"{row.title.en} ({text})"
        tier_zh, tier_en = _TIERS[tier]
        return f"结论：{zh}，{tier_zh}", f"So: {en}, {tier_en}"


def _repeated(outcome: StandardOutcome) -> Step:
    days = ", ".join(str(one.decided_on) for one in outcome.sanctions)
    return (
        f"此前曾受处罚（{days}），期限内再次实施",
        f"done again within the years that count, after a punishment ({days})",
    )


def _barred(barred: Barred, matter: AssessedMatter) -> Step:
    last = matter.acts.last
    zh = (
        f"行为终了于 {last}，法定最高刑 {barred.term} 年，追诉期限 {barred.years} 年，"
        f"至 {barred.until} 已过（{barred.citation}）；已立案或者逃避侦查的除外（第八十八条）"
    )
    en = (
        f"acts ended on {last}; highest term {barred.term} years; barred after {barred.years} "
        f"years, since {barred.until} ({barred.citation}); not of who was filed on or fled"
    )
    return zh, en


def shown(metric: str, value: int) -> str:
    """A value with its unit: `189,000.00元`, `500份`, `是`."""
    if metric in MONEY:
        yuan, fen = divmod(value, _FEN)
        return f"{yuan:,}.{fen:02d}元"
    return UNITS[metric] if metric in FACTS else f"{value:,}{UNITS[metric]}"


def _version(outcome: StandardOutcome, matter: AssessedMatter) -> Step:
    standard, acts = outcome.standard, matter.acts
    since = standard.effective_from
    text = f"{standard.source} {standard.article}"
    zh = f"行为 {acts.first} 至 {acts.last}，适用 {since} 起的标准：{standard.title.zh}，{text}"
    en = f"acts {acts.first} to {acts.last}, by the standard since {since}: {standard.title.en}"
    return zh, f"{en}, {text}"


def _lighter(outcome: StandardOutcome, matter: AssessedMatter) -> Step:
    mine, other = _TIERS[outcome.tier], _TIERS[outcome.other]
    day = matter.acts.last
    return {
        "old": (
            f"从旧兼从轻：行为时标准（{mine[0]}）不重于现行标准（{other[0]}），适用行为时标准",
            f"the law of the act ({mine[1]}) is no heavier than today's ({other[1]}): it applies",
        ),
        "new": (
            f"从旧兼从轻：现行标准（{mine[0]}）轻于行为时标准（{other[0]}），适用现行标准",
            f"today's law ({mine[1]}) is lighter than that of the act ({other[1]}): it applies",
        ),
        "unknown": (
            f"没有 {day} 当时的标准，以已知最早的标准代替",
            f"no standard of {day} is known; the first known one stands in",
        ),
        "no_offence": (
            f"{day} 当时刑法尚无此规定",
            f"on {day} the Criminal Law did not know this offence",
        ),
    }[outcome.lighter]


def _reading(one: MetricReading) -> Step:
    zh, en = METRICS[one.metric]
    if one.rule == "half":
        both = METRICS[one.beside]
        zh, en = f"{both[0]}与{zh}分别达到一半，{zh}", f"{both[1]} and {en} each by half, {en}"
    elif one.beside:
        both = METRICS[one.beside]
        zh, en = f"{both[0]}不足标准，与{zh}合计", f"{both[1]} below its standard, with {en}"
    sign = ("≥", ">=") if one.reached else ("＜", "<")
    value, needed = shown(one.metric, one.value), shown(one.metric, one.needed)
    return (
        f"{zh} {value} {sign[0]} {needed}（{one.article}）",
        f"{en} {value} {sign[1]} {needed} ({one.article})",
    )


def _fine(fine: FineRange) -> Step:
    low, high = shown("illegal_gains", fine.low), shown("illegal_gains", fine.high)
    zh, en = METRICS[fine.basis] if fine.basis else ("数额均无法查清", "no amount known")
    return (
        f"罚金一般为 {low} 至 {high}（依据：{zh}；{fine.citation}）",
        f"the fine is usually {low} to {high} (from: {en}; {fine.citation})",
    )
