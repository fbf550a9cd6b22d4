"""What happens to mail while no mail server is set: it stays owed."""

from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend


class MailNotConfigured(OSError):
    """No mail server is set. An OSError, like one that cannot be reached, so that the mail stays owed."""


class OwedBackend(BaseEmailBackend):
    """Refuse every message, so that nobody believes that it was sent."""

    def open(self) -> bool:
        """Refuse before there is a message: nothing was taken, for certain."""
        return bool(self.send_messages([]))

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        raise MailNotConfigured(
            "Mail was not sent: mail is not configured. Set AMPARO_SMTP_URL; what is owed goes out then."
        )
