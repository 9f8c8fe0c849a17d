"""From when on a month's scores are final: what a decision rests on is not changed any more."""

from datetime import datetime

from earnest.kernel.calendar import Month
from earnest.kernel.errors import Conflict
from earnest.measures.recorded import figures_recorded
from earnest.rulebooks.packs import SUPPLY_MARKET, pack_of
from earnest.rulebooks.switches import month_final_at
from earnest.surveys.models import Campaign

MEASURE = "nps_composite"


def scores_final_at(campaign: Campaign) -> datetime:
    """Return the instant at which the month of a campaign is final: none of it changes later."""
    return month_final_at(pack_of(SUPPLY_MARKET), Month.parse(campaign.month))


def scores_open_check(campaign: Campaign, provider_id: str, now: datetime) -> None:
    """Refuse what would change a provider's score once it is final, or has been assessed.

    A score that is final is corrected by an appeal only: whoever hears it says what the figure
    should have been, and everything that rested on it is judged anew (S0-2.2.5-scope).

    Raises:
        Conflict: code ``scores_final``.
    """
    final_at, month = scores_final_at(campaign), Month.parse(campaign.month)
    on = month.last_day
    assessed = figures_recorded(
        campaign.tenant_id, MEASURE,
        subject_kind="provider", first=on, last=on, subject=provider_id,
    )  # fmt: skip
    if now < final_at and not assessed:
        return
    raise Conflict(
        "scores_final",
        where=f"{campaign.number} {provider_id}",
        zh=f"{month} 的评分已定稿并作为考核依据，不能再增减计入的答卷。确有错误的，由服务商对"
        "处罚单所列月份申诉，复核人更正得分后相关处罚重新认定。",
        en=f"the scores of {month} are final and what the month is assessed by, so nobody is left "
        "out or counted again now; where one is wrong the provider appeals against the month on "
        "its ticket, and who hears that corrects the score and all that rested on it",
    )
