"""What is said of a duty's headroom and outlook, in both languages, with its assumption."""

from typing import Final, NamedTuple

from earnest.assessment.duty_lines import Counted, Lines
from earnest.assessment.running import Outlook, Running
from earnest.kernel.words import NOTHING, Words
from earnest.measures.headroom import direction_of, rate_text


class Cases(NamedTuple):
    """What a duty counts: a case against the party (``bad``), and one in its favour (``good``).

    In Chinese a counting word and what follows it, in English one of them and several.
    """

    unit_zh: str
    bad_zh: str
    good_zh: str
    bad_en: tuple[str, str]
    good_en: tuple[str, str]

    def bad(self, count: int) -> Words:
        """Say so many cases against the party."""
        return Words(
            f"{count:,} {self.unit_zh}{self.bad_zh}", f"{count:,} {self.bad_en[count != 1]}"
        )

    def good(self, count: int) -> Words:
        """Say so many cases in the party's favour."""
        return Words(
            f"{count:,} {self.unit_zh}{self.good_zh}", f"{count:,} {self.good_en[count != 1]}"
        )


CASES: Final = {
    "shipping48h": Cases(
        "单", "迟发", "按时揽收",
        ("late order", "late orders"),
        ("order picked up in time", "orders picked up in time"),
    ),
    "quality_refund30d": Cases(
        "单", "品质退款", "签收后无品质退款",
        ("quality refund", "quality refunds"),
        ("signed-for order without a quality refund", "signed-for orders without a quality refund"),
    ),
    "after_sales": Cases(
        "笔", "超时", "按时处理",
        ("late request", "late requests"),
        ("request handled in time", "requests handled in time"),
    ),
    "reply3min": Cases(
        "次", "响应超时", "按时响应",
        ("late answer", "late answers"),
        ("answer in time", "answers in time"),
    ),
    "catalogue": Cases(
        "次", "变动迟报", "变动及时告知",
        ("change told late", "changes told late"),
        ("change told in time", "changes told in time"),
    ),
    "interface": Cases(
        "次", "调用不合格", "调用合格",
        ("failing call", "failing calls"),
        ("call in order", "calls in order"),
    ),
    "complaints": Cases(
        "次", "投诉介入", "服务无投诉",
        ("complaint intervention", "complaint interventions"),
        ("case without a complaint", "cases without a complaint"),
    ),
}  # fmt: skip
"""By the beginning of the measure's name; the longest that fits counts."""
OTHER: Final = Cases(
    "例", "不合格", "合格",
    ("case that fails", "cases that fail"),
    ("case that passes", "cases that pass"),
)  # fmt: skip


def cases_of(measure: str) -> Cases:
    """Return what a measure counts."""
    fitting = [name for name in CASES if measure.startswith(name)]
    return CASES[max(fitting, key=len)] if fitting else OTHER


def headroom_words(what: Counted, lines: Lines) -> Words:
    """Say how many more bad cases would break the line, or how many good ones are missing."""
    if lines.left is None:
        return NOTHING
    cases = cases_of(what.measure)
    spare, missing = lines.left.spare, lines.left.missing
    if missing is None:
        return Words(
            "本期已无法抵消，下期重新考核",
            "this period cannot be made good, the next one starts anew",
        )
    if missing:
        good = cases.good(missing)
        return Words(f"还差 {good.zh}才能回到目标", f"short of the target by {good.en}")
    if spare:
        bad = cases.bad(spare)
        return Words(
            f"还可再有 {bad.zh}，第 {spare + 1:,} {cases.unit_zh}起不达标",
            f"room for {bad.en}; the next one breaks the line",
        )
    bad = cases.bad(1)
    return Words(f"没有余量：再有 {bad.zh}即不达标", f"no room: {bad.en} more breaks the line")


def outlook_words(running: Running) -> Words:
    """Say in how many days the line is broken, or made good again, if things go on as they are."""
    outlook = running.outlook
    if outlook is None:
        return NOTHING
    if running.lines.left is not None and running.lines.left.missing != 0:
        return _back(outlook)
    days, left = outlook.breach_in, outlook.days_left
    if days is None:
        return Words("按近日节奏，本期不会不达标", "at the present pace the line holds this period")
    if days > left:
        return Words(
            f"按近日节奏，本期余下 {left} 天内不会不达标",
            f"at the present pace the line holds for the {left} day(s) that are left",
        )
    return Words(
        f"按近日节奏，约 {days} 天后不达标",
        f"at the present pace the line breaks in about {days} day(s)",
    )


def _back(outlook: Outlook) -> Words:
    days, left = outlook.recover_in, outlook.days_left
    if days is None:
        return NOTHING
    if days > left:
        return Words(
            f"按近日的量且此后全部达标，约需 {days} 天；本期只余 {left} 天，来不及补回",
            f"at the present volume and without a further bad case that takes about {days} "
            f"day(s), and only {left} are left",
        )
    return Words(
        f"按近日的量且此后全部达标，约 {days} 天可回到目标",
        f"at the present volume and without a further bad case that takes about {days} day(s)",
    )


def assumption_words(running: Running) -> Words:
    """Say what the outlook assumes: that days go on like the last ones whose cases are due."""
    outlook = running.outlook
    if outlook is None:
        return Words(
            "近日没有到期的数据，无法推算", "nothing fell due of late, so nothing can be projected"
        )
    pace, window = outlook.pace, outlook.window
    bad = cases_of(running.what.measure).bad(pace.bad)
    if running.lines.limit is None:
        end = rate_text(*outlook.ends_at, direction_of(running.what.measure))
        came = Words(f"{pace.total:,} 笔中 {bad.zh}", f"{bad.en} of {pace.total:,}")
    else:
        end = f"{-(-outlook.ends_at[0] // pace.days):,}"
        came = bad
    kept = Words("达标", "met") if outlook.ends_met else Words("未达标", "not met")
    return Words(
        f"假设此后每天都与 {window.first} 至 {window.last} 这 {pace.days} 天相同"
        f"（{came.zh}），期末为 {end}，{kept.zh}；"
        "仅供参考，不作判定依据",
        f"assumes that each day goes on like the {pace.days} days from {window.first} to "
        f"{window.last} ({came.en}); the period then ends at {end}, "
        f"{kept.en}. For information, nobody is judged by it",
    )
