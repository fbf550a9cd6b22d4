"""What was tried to keep the clinic safe, and whether it worked. About the machine, and about nobody."""

from uuid import uuid4

from django.db import models
from django.utils.translation import gettext_lazy as _


class Check(models.Model):
    """One try. Its code says in a word what went wrong; it never holds a path, a name or an error's text."""

    class Kind(models.TextChoices):
        BACKUP_DATA = "backup-data", _("Backup of the data")
        BACKUP_KEYRING = "backup-keyring", _("Backup of the keyring")
        RESTORE = "restore", _("Restore")
        RESTORE_DRILL = "restore-drill", _("Restore drill")
        RECOVERY_DRILL = "recovery-drill", _("Recovery drill")
        REKEY = "rekey", _("New key generation")
        REMINDERS = "reminders", _("Reminders looked at")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    kind = models.CharField(max_length=20, choices=Kind)
    at = models.DateTimeField()
    ok = models.BooleanField()
    code = models.CharField(max_length=40, blank=True, default="")

    class Meta:
        indexes = [
            # For the newest of each kind, on the health page and in every director's banner.
            models.Index(fields=["kind", "-at"], name="newest_checks"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} at {self.at:%Y-%m-%d %H:%M}"
