"""Mail with the link to respondents who have an address: one for each link, and one reminder.

What is to be mailed is seen from the invitations, so it is neither forgotten nor written twice. The
letter is made when it is sent: a kept one would hold a secret link. Whoever sends comes from above;
like everything that goes out it is taken up for a while, sent outside of any transaction, and
written down.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from earnest.kernel.ids import uuid7_for
from earnest.market.queries import party_names
from earnest.surveys.commands import last_day
from earnest.surveys.links import link_again
from earnest.surveys.models import (
    CLOSED,
    DROPPED,
    FAILED,
    LINK,
    OPEN,
    REMINDER,
    SENT,
    WAITING,
    WITHDRAWN,
    Campaign,
    Invitation,
    InvitationMail,
)
from earnest.surveys.telling import PROVIDER

NO_ADDRESS, BOUNCED = "no_address", "bounced"


def mails_look(tenant_id: str, now: datetime) -> int:
    """Write a mail for every link, and every first reminder, that has none yet; how many.

    What waits for somebody who is not asked any more is dropped.
    """
    waiting = InvitationMail.objects.filter(tenant_id=tenant_id, state=WAITING)
    present = Q(link_no=F("invitation__link_no"))
    waiting.exclude(present & _still_asked("invitation__", now)).update(state=DROPPED)
    asked = Invitation.objects.filter(_still_asked("", now), tenant_id=tenant_id)
    asked = asked.exclude(address="")
    mails = InvitationMail.objects.filter(invitation=OuterRef("pk"))
    sent = mails.filter(what=LINK, link_no=OuterRef("link_no"), state=SENT)
    links = asked.exclude(Exists(mails.filter(what=LINK, link_no=OuterRef("link_no"))))
    reminders = asked.filter(Exists(sent), reminders__gt=0).exclude(
        Exists(mails.filter(what=REMINDER))
    )
    made = [_mail(each, LINK, now) for each in links]
    made += [_mail(each, REMINDER, now) for each in reminders]
    return len(InvitationMail.objects.bulk_create(made, ignore_conflicts=True))


def _still_asked(prefix: str, now: datetime) -> Q:
    conditions = {
        "excluded": "",
        "answered_at": None,
        "campaign__state": OPEN,
        "campaign__closes_at__gt": now,
    }
    return Q(**{f"{prefix}{name}": value for name, value in conditions.items()})


def _mail(invitation: Invitation, what: str, now: datetime) -> InvitationMail:
    key = (str(invitation.id), what, str(invitation.link_no))
    return InvitationMail(
        id=uuid7_for(now, invitation.tenant_id, "invitation mail", *key),
        invitation=invitation,
        tenant_id=invitation.tenant_id,
        what=what,
        link_no=invitation.link_no,
        made_at=now,
    )


@dataclass(frozen=True)
class MailTurn:
    """A mail taken up once; ``number`` tells turns apart."""

    mail: InvitationMail
    number: int

    @property
    def address(self) -> str:
        """Where it goes."""
        return self.mail.invitation.address


@transaction.atomic(durable=True)
def mail_take_up(tenant_id: str, at: datetime, now: datetime, lease: timedelta) -> MailTurn | None:
    """Take the next mail that is due; another sender may after the lease.

    Takes:
        at: the real time, by which tries wait.
        now: the marketplace's, by which campaigns close.
    """
    ready = Q(next_try_at=None) | Q(next_try_at__lte=at)
    due = InvitationMail.objects.filter(
        ready, _still_asked("invitation__", now), tenant_id=tenant_id, state=WAITING,
        invitation__link_no=F("link_no"),
    ).exclude(invitation__address="")  # fmt: skip
    rows = due.select_for_update(skip_locked=True, of=("self",))
    mail = rows.select_related("invitation__campaign").order_by("id").first()
    if mail is None:
        return None
    mail.turn += 1
    mail.next_try_at = at + lease
    mail.save(update_fields=["turn", "next_try_at"])
    return MailTurn(mail, mail.turn)


def letter_of(mail: InvitationMail) -> tuple[str, str]:
    """Return the title and the text of a mail, Chinese first: a respondent's language is not known.

    Raises:
        Conflict: the marketplace's key has changed since the link was made.
    """
    invitation, campaign = mail.invitation, mail.invitation.campaign
    subject = (PROVIDER, invitation.provider_id)
    name = party_names(mail.tenant_id, [subject]).get(subject, invitation.provider_id)
    again = mail.what == REMINDER
    link = f"{settings.PUBLIC_URL}/survey/{link_again(invitation)}/"
    last = last_day(campaign)
    title = (
        f"{'提醒：' if again else ''}请评价服务商“{name}” / "
        f"{'Reminder: p' if again else 'P'}lease rate {name}"
    )
    only_zh = "这是唯一一次邮件提醒。" if again else ""
    only_en = " No other reminder is mailed." if again else ""
    text = (
        f"您好！{campaign.name_zh}邀请您为服务商“{name}”打分，约需两分钟。请最迟于 {last} 打开"
        "下面的链接作答。链接只供您本人使用，请勿转发；答卷按化名统计，服务商看不到单份答卷。"
        f"{only_zh}\n\n{link}\n\n"
        f"{campaign.name_en}: please score the provider {name}; it takes about two minutes. Open "
        f"the link above by {last}, that day included. It is yours alone, so do not pass it on. "
        f"Answers are counted under a pseudonym; the provider never sees a single one.{only_en}"
    )
    return title, text


@transaction.atomic(durable=True)
def mail_write_down(turn: MailTurn, outcome: str, at: datetime, wait: timedelta | None) -> str:
    """Write down what came of a try; return the outcome, or ``late`` for an earlier turn.

    Takes:
        wait: until the next try; None to give it up.
    """
    mail = InvitationMail.objects.select_for_update().get(pk=turn.mail.pk)
    if mail.turn != turn.number or mail.state != WAITING:
        return "late"
    mail.tries, mail.outcome, mail.next_try_at = mail.tries + 1, outcome, None
    if outcome == SENT:
        mail.state, mail.sent_at = SENT, at
    elif outcome == BOUNCED or wait is None:
        mail.state = FAILED
    else:
        mail.next_try_at = at + wait
    mail.save(update_fields=["state", "outcome", "tries", "next_try_at", "sent_at"])
    return outcome


def addresses_forget(tenant_id: str, now: datetime) -> int:
    """Take out the addresses of campaigns that are over for as many days as the settings say."""
    before = now - timedelta(days=settings.SURVEY_ADDRESS_DAYS)
    over = Campaign.objects.filter(
        tenant_id=tenant_id, state__in=(CLOSED, WITHDRAWN), closed_at__lte=before
    )
    kept = Invitation.objects.filter(campaign__in=over).exclude(address="")
    return kept.update(address="")


def mail_states(invitations: Iterable[Invitation]) -> dict[UUID, InvitationMail]:
    """Return the newest mail of each invitation that has any, by the invitation's id."""
    rows = InvitationMail.objects.filter(invitation__in=[each.id for each in invitations])
    return {each.invitation_id: each for each in rows.order_by("link_no", "made_at", "id")}


def mail_counts(campaign: Campaign) -> Counter[str]:
    """Count the invitations of a campaign by how the mail with their present link stands.

    The states of the mail, and ``no_address`` for those who are mailed nothing.
    """
    counts: Counter[str] = Counter()
    invited: QuerySet[Invitation] = campaign.invitations.filter(excluded="")
    mails = InvitationMail.objects.filter(
        invitation__in=invited, what=LINK, link_no=F("invitation__link_no")
    )
    counts.update(mails.values_list("state", flat=True))
    without = invited.filter(address="").exclude(mails__what=LINK)
    counts[NO_ADDRESS] = without.count()
    return +counts
