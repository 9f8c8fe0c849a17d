"""Sending one mail with Django's mail backend: plain text, with a number of its own."""

import smtplib
import time
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage

from earnest.deliveries.letters import letter_read
from earnest.deliveries.wire import ANSWER_BYTES_MAX, Answer

MailWire = Callable[[str, str, bytes], Answer]
"""Sends a kept mail (its body) to an address under an id, and tells what came of it."""

NO_MAILBOX: Final = frozenset({550, 551, 553})
"""Codes that say that there is no such mailbox; every other refusal is tried again."""


def django_mail(address: str, delivery_id: str, body: bytes) -> Answer:
    """Send a mail; its Message-ID is the delivery's, so that a repeat is known as one."""
    began = time.monotonic()
    title, text = letter_read(body)
    host = urlsplit(settings.PUBLIC_URL).hostname or "localhost"
    message = EmailMessage(
        title,
        text,
        to=[address],
        headers={"Message-ID": f"<{delivery_id}@{host}>", "Auto-Submitted": "auto-generated"},
    )
    try:
        message.send()
    except smtplib.SMTPRecipientsRefused as refusal:
        code, said = next(iter(refusal.recipients.values()), (0, b""))
        outcome = "bounced" if code in NO_MAILBOX else "refused"
        return Answer(outcome, _since(began), status=code, said=_said(said))
    except smtplib.SMTPResponseException as refusal:
        said_by_server = _said(refusal.smtp_error)
        return Answer("refused", _since(began), status=refusal.smtp_code, said=said_by_server)
    except ValueError as error:  # a title or an address that no mail can carry
        return Answer("refused", _since(began), said=_said(f"{type(error).__name__}: {error}"))
    except (smtplib.SMTPException, OSError) as error:
        return Answer("no_answer", _since(began), said=f"{type(error).__name__}: {error}")
    return Answer("sent", _since(began))


def _since(began: float) -> int:
    return int((time.monotonic() - began) * 1000)


def _said(said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return text[:ANSWER_BYTES_MAX]
