"""The words of mails, in the reader's language, as plain text."""

import json
from collections.abc import Sequence
from datetime import date
from typing import Final

from django.conf import settings

from earnest.deliveries.happenings import Letter
from earnest.kernel.words import Words
from earnest.notices.models import Notice

TITLE_LENGTH_MAX = 150
_FOOT: Final = Words(
    "这封邮件由系统自动发送。要更改或停用接收邮件的地址，请登录后打开“邮件与接口”页面。",
    "This mail was sent by the system. To change or stop the address, sign in and open the page "
    "“Mail and webhooks”.",
)
_OPEN: Final = Words("查看详情与依据", "Details and reasons")
_VERIFY_TITLE: Final = Words("请确认接收通知的邮箱", "Please confirm the mailbox for notices")
_VERIFY: Final = Words(
    "有人为 {party} 登记了这个邮箱，用来接收平台通知。如果是您，请打开下面的链接并按“确认”，"
    "链接 {days} 日内有效。如果不是，请忽略这封邮件，不会再有邮件寄来。",
    "Somebody entered this mailbox for notices to {party}. If that was you, open the link below "
    "and press “Confirm”; it is good for {days} days. If not, ignore this mail: no other follows.",
)
_DIGEST_TITLE: Final = Words("{day} 的 {count} 条通知", "{count} notices of {day}")


def notice_letter(letter: Letter, path: str, language: str) -> tuple[str, str]:
    """Return the title and the text of a mail about a notice, with the link to its statement."""
    parts = (
        letter.body.said(language),
        f"{_OPEN.said(language)}: {settings.PUBLIC_URL}{path}",
        _FOOT.said(language),
    )
    return letter.title.said(language), "\n\n".join(parts)


def verify_letter(party: str, token: str, days: int, language: str) -> tuple[str, str]:
    """Return the title and the text of the mail whose link verifies a mailbox."""
    said = _VERIFY.said(language).format(party=party, days=days)
    return _VERIFY_TITLE.said(language), f"{said}\n\n{settings.PUBLIC_URL}/mail/verify/{token}/"


def digest_letter(notices: Sequence[Notice], day: date, language: str) -> tuple[str, str]:
    """Return the title and the text of a day's digest."""
    title = _DIGEST_TITLE.said(language).format(day=day, count=len(notices))
    titles = [each.title_zh if language == "zh" else each.title_en for each in notices]
    lines = "\n".join(f"{number}. {said}" for number, said in enumerate(titles, 1))
    link = f"{_OPEN.said(language)}: {settings.PUBLIC_URL}/inbox/"
    return title, "\n\n".join((lines, link, _FOOT.said(language)))


def work_letter(title: str, lines: Sequence[str], language: str) -> tuple[str, str]:
    """Return the title and the text of a member's daily mail: a line for each thing that waits."""
    return title, "\n\n".join(("\n".join(lines), _FOOT.said(language)))


def letter_bytes(title: str, text: str) -> bytes:
    """Return a mail as it is kept; no line break gets into its title."""
    one_line = " ".join(title.split())[:TITLE_LENGTH_MAX]
    return json.dumps({"title": one_line, "text": text}, ensure_ascii=False).encode()


def letter_read(body: bytes) -> tuple[str, str]:
    """Return the title and the text of a kept mail."""
    kept = json.loads(body)
    return kept["title"], kept["text"]
