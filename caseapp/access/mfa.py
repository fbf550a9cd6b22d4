"""Keep the secrets of authenticator apps and recovery codes sealed, bound to the person they are of."""

from __future__ import annotations

import base64
import binascii
from typing import Final
from uuid import UUID

from allauth.account.internal.stagekit import LOGIN_SESSION_KEY
from allauth.account.utils import url_str_to_user_pk
from django.http import HttpRequest

from caseapp.access.models import User
from caseapp.vault import keyring
from caseapp.vault.cipher import TEXT, SealFormat, SealTampered, field_place, key_id_of

# These values stand inside a JSON column of allauth's, so they are sealed by hand. The registry of
# sealed columns leaves the number 900 to them.
PLACE: Final = field_place(900, 1)
MARK: Final = "sf1"


def user_at(request: HttpRequest) -> User | None:
    """Return who is signed in, or who has given the first step and is being asked for the second."""
    if request.user.is_authenticated:
        return request.user
    pending = request.session.get(LOGIN_SESSION_KEY) or {}
    if not pending.get("user_pk"):
        return None
    return User.objects.filter(pk=url_str_to_user_pk(pending["user_pk"])).first()


def seal(text: str, *, whose: User | None) -> str:
    """Return the text sealed for this person: mark, clinic, person and box, joined by colons."""
    if whose is None:
        raise RuntimeError("A second step's secret is somebody's. Ask for it while someone is signed in.")
    key = keyring.field_key(whose.clinic_id, whose.clinic_id)
    box = key.seal(text.encode(), TEXT, PLACE, whose.id.bytes)
    return ":".join((MARK, str(whose.clinic_id), str(whose.id), base64.b64encode(box).decode()))


def is_sealed(text: str) -> bool:
    return text.startswith(f"{MARK}:")


def unseal(stored: str, *, whose: User | None) -> str:
    """Return what was sealed.

    Raises SealFormat for anything we did not seal, SealTampered for another person's secret, or SealLocked.
    """
    try:
        mark, clinic, person, box_text = stored.split(":")
        clinic_id, person_id, box = UUID(clinic), UUID(person), base64.b64decode(box_text, validate=True)
    except (ValueError, binascii.Error):
        raise SealFormat("A second step's secret is not in the form we keep them in.") from None
    if mark != MARK:
        raise SealFormat("A second step's secret is not in the form we keep them in.")
    if whose is None or (whose.id, whose.clinic_id) != (person_id, clinic_id):
        raise SealTampered("A second step's secret was found with someone it does not belong to.")
    key = keyring.key_by_id(clinic_id, clinic_id, key_id_of(box))
    opened = key.open(box, TEXT, PLACE, person_id.bytes)
    return "" if opened is None else opened.decode()
