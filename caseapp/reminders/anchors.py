"""Send the directors the day's signed root of their trail, so that it is kept where the database is not."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMessage

from caseapp.access.models import Clinic, User
from caseapp.audit import anchors
from caseapp.audit.models import Anchor
from caseapp.audit.signing import SigningKeyRefused

logger = logging.getLogger(__name__)

# After weeks without a mail server, a message stays short. The file holds every root.
MOST_IN_A_MESSAGE = 31


def anchor_trails(*, now: datetime) -> int:
    """Anchor each clinic's trail for its day, write the file, mail what is owed; return how many are new."""
    new = 0
    for clinic in Clinic.objects.order_by("pk").only("id", "time_zone"):
        try:
            new += anchors.anchor(clinic.id, day=now.astimezone(ZoneInfo(clinic.time_zone)).date(), at=now)
        except SigningKeyRefused as refused:
            logger.error("the audit trail is not anchored: %s", type(refused).__name__)
        anchors.write_down(clinic.id)
        _mail(clinic.id, now=now)
    return new


def _mail(clinic_id: UUID, *, now: datetime) -> None:
    owed = anchors.unmailed(clinic_id)
    directors = User.objects.filter(clinic_id=clinic_id, is_active=True, role=User.Role.DIRECTOR)
    addresses = list(directors.order_by("pk").values_list("email", flat=True))
    if owed and addresses and all(_send(address, owed[-MOST_IN_A_MESSAGE:]) for address in addresses):
        anchors.record_mailed(owed, at=now)


def _send(address: str, owed: Sequence[Anchor]) -> bool:
    mail = EmailMessage(
        subject="Keep this: the root of the audit trail",
        body=body(owed),
        to=[address],
        headers={"Auto-Submitted": "auto-generated"},
    )
    try:
        return mail.send() == 1
    except OSError as problem:
        logger.warning("roots stay owed, the mail server did not take them: %s", type(problem).__name__)
        return False


def body(owed: Sequence[Anchor]) -> str:
    """Return the text: days, counts, hashes and signatures, and nothing that says whose they are."""
    said = [
        "Keep this message. With it, anyone can show later that the audit trail was not cut or rewritten.",
        "",
    ]
    for each in owed:
        said += [
            f"day        {each.day.isoformat()}",
            f"entries    {each.size}",
            f"root       {bytes(each.root).hex()}",
            f"signature  {bytes(each.signature).hex()}",
            f"key        {bytes(each.public_key).hex()}",
            "",
        ]
    return "\n".join([*said, f"How to compare it: docs/certificates.md. {settings.PUBLIC_URL}", ""])
