"""What happens to mail while no mail server is set: it stays owed."""

from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend


class MailNotConfigured(OSError):
    """There is no mail server yet. An OSError, like a server that cannot be reached, so the mail stays owed."""


class OwedBackend(BaseEmailBackend):
    """Refuse every message, so that nobody believes that it was sent."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        raise MailNotConfigured(
            "Mail was not sent: no mail server is configured. Set AMPARO_SMTP_URL; what is owed goes out then."
        )
