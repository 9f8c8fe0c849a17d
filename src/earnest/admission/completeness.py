"""Whether everything that admission asks for is there."""

from collections.abc import Sequence
from datetime import datetime

from earnest.admission.figures import asked_of
from earnest.admission.filing import pack_of_application
from earnest.admission.models import Application
from earnest.admission.requirements import ACCEPTED, group_words, groups_lacking
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import RuleRefused


def lacking_check(application: Application, states: Sequence[str], now: datetime) -> None:
    """Let an application go on only where every requirement is in one of some states.

    Raises:
        RuleRefused: ``evidence_lacking``, with those that are not.
    """
    rows = list(application.evidence.all())
    asked = asked_of(application)
    lacking = groups_lacking(asked, rows, states, day_of(now))
    if not lacking:
        return
    pack = pack_of_application(application)
    words = [group_words(pack, asked, each) for each in lacking]
    zh, en = "以下要求尚未提交", "nothing was brought yet for"
    if tuple(states) == (ACCEPTED,):
        zh, en = "以下要求尚未通过或已过期", "not accepted, or run out"
    raise RuleRefused(
        "evidence_lacking",
        where=application.number,
        zh=f"{zh}：" + "、".join(each.zh for each in words) + "。",
        en=f"{en}: " + ", ".join(each.en for each in words),
    )
