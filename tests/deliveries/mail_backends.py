"""A mail backend that fails as a server would."""

from django.conf import settings
from django.core.mail.backends.base import BaseEmailBackend


class Failing(BaseEmailBackend):
    """Raises the error that the settings name."""

    def send_messages(self, _messages: object) -> int:
        """Fail."""
        raise settings.MAIL_ERROR
