"""Drop a value wherever the hunt claims to look, so that a test can see the hunt find it there."""

from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.core.mail import send_mail
from django.db import connection
from kombu import Connection

from caseapp.vault.models import Tombstone
from caseapp.vault.router import KEYRING


def everywhere(value: str) -> None:
    """Called in the web process, as if a hundred careless lines had been written."""
    send_mail("A client", f"{value} was recorded", None, ["leak@clinic.example"])
    with Connection(settings.BROKER_URL) as broker:
        broker.SimpleQueue("leak").put({"name": value})
    Tombstone.objects.using(KEYRING).create(
        key_id=uuid4().bytes[:8], clinic_id=uuid4(), subject_pseudonym=b"", reason=value, generation=1
    )
    with connection.cursor() as cursor:
        cursor.execute(f"DO $$ BEGIN RAISE LOG '{value}'; END $$")
    files = Path(settings.FILES_DIR)
    files.mkdir(exist_ok=True)
    (files / "leak").write_text(value)
