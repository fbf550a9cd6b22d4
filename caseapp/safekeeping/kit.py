"""The recovery kit at the clinic: drawn on paper first, and made only once the paper was read back.

Until then nothing of it is stored anywhere and the kit before it still counts. What a page carries from
one step to the next is the public half, which words will be asked, and keyed hashes of those words.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _

from caseapp.access import wall
from caseapp.access.models import User
from caseapp.access.rules import Act, check_may, may
from caseapp.audit import services as audit
from caseapp.audit.models import Entry
from caseapp.errors import Refused
from caseapp.vault import recovery, shares
from caseapp.vault.recovery import fingerprint

ASKED_OF_EACH: Final = 3
# The words before it say which kit and which sheet this is; most are the same on all three.
FIRST_OF_ITS_OWN: Final = 5
GOOD_FOR: Final = timedelta(hours=2)

# A sheet's number and the place of a word on it, both counted from 1.
Place = tuple[int, int]


class WrongWords(Refused):
    """What was typed back is not what is on the sheets. `at` says, in words, which."""

    def __init__(self, at: Mapping[Place, str]) -> None:
        super().__init__(_("Not every word is the one on the sheet. Nothing was changed."))
        self.at = at


@dataclass(frozen=True, slots=True)
class Standing:
    """What a director is told: when the kit was made, which one it is, whether a page may make one."""

    made_at: datetime | None
    fingerprint: str
    alone_here: bool


@dataclass(frozen=True, slots=True)
class Drawn:
    """Three sheets, to be shown once, and what comes back with the words that are asked."""

    sheets: list[list[str]]
    fingerprint: str
    offer: str


@dataclass(frozen=True, slots=True)
class Offer:
    """What was drawn for whom, in place of what, and how to tell that it was read back from paper."""

    recipient: str
    instead_of: str | None
    clinic: str
    by: str
    at: str
    # [sheet, place, hash] of each word to be asked.
    asked: list[tuple[int, int, str]]

    @property
    def places(self) -> list[Place]:
        return [(sheet, place) for sheet, place, _hash in self.asked]

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.recipient)

    def written(self) -> bytes:
        return json.dumps(asdict(self), sort_keys=True).encode()


def is_missing(user: User) -> bool:
    """Whether this person should be asked to make the first kit. One query, in the keyring."""
    return may(user, Act.MAKE_KIT) and recovery.made_at() is None


def standing(by: User) -> Standing:
    """Raises MayNot."""
    check_may(by, Act.MAKE_KIT)
    recipient = recovery.recipient()
    return Standing(
        made_at=recovery.made_at(),
        fingerprint=fingerprint(recipient) if recipient else "",
        alone_here=recovery.clinics() <= {by.clinic_id},
    )


def draw(by: User, *, now: datetime) -> Drawn:
    """Draw a new kit for the officers of the only clinic here. Stores nothing.

    Raises MayNot; Refused where other clinics have keys here, which the kit would open as well; SealLocked.
    """
    _check_alone(by)
    drawn = recovery.draw()
    sheets = [share.split() for share in drawn.shares]
    asked = [
        (number, place, _hash(drawn.recipient, (number, place), words[place - 1]))
        for number, words in enumerate(sheets, 1)
        for place in _some_places()
    ]
    offer = Offer(
        recipient=drawn.recipient,
        instead_of=recovery.recipient(),
        clinic=str(by.clinic_id),
        by=str(by.id),
        at=now.isoformat(),
        asked=asked,
    )
    return Drawn(sheets, fingerprint(drawn.recipient), _packed(offer))


def _check_alone(by: User) -> None:
    check_may(by, Act.MAKE_KIT)
    if not recovery.clinics() <= {by.clinic_id}:
        raise Refused(
            _(
                "Other clinics have their keys on this machine, and one kit opens all of them. Whoever runs"
                " the machine makes it, with the directors of all of them present: make_recovery_kit."
            )
        )


def _some_places() -> list[int]:
    return sorted(secrets.SystemRandom().sample(range(FIRST_OF_ITS_OWN, shares.WORDS + 1), ASKED_OF_EACH))


def _hash(recipient: str, place: Place, word: str) -> str:
    text = f"{recipient} {place[0]} {place[1]} {word}"
    return salted_hmac("amparo recovery kit", text, algorithm="sha256").hexdigest()


def _packed(offer: Offer) -> str:
    written = offer.written()
    parts = (written, recovery.vouch_for(written))
    return ".".join(base64.urlsafe_b64encode(part).decode() for part in parts)


def offered(by: User, packed: str, *, now: datetime) -> Offer:
    """Return an offer that came back. Raises MayNot, or Refused for one that is not this person's, or old."""
    _check_alone(by)
    try:
        written, word = (base64.urlsafe_b64decode(part) for part in packed.split("."))
    except (ValueError, binascii.Error):
        written, word = b"", b""
    if not written or not recovery.is_vouched(written, word):
        raise Refused(_STALE)
    fields = json.loads(written)
    offer = Offer(**(fields | {"asked": [tuple(each) for each in fields["asked"]]}))
    old = now - datetime.fromisoformat(offer.at) > GOOD_FOR
    if old or (offer.clinic, offer.by) != (str(by.clinic_id), str(by.id)):
        raise Refused(_STALE)
    return offer


_STALE: Final = "These sheets can no longer be confirmed. Burn them and make new ones: nothing was changed."


def confirm(by: User, offer: Offer, typed: Mapping[Place, str]) -> None:
    """Make the drawn kit the clinic's, with its audit entry. Done twice, it is done once.

    The entry is written first and committed last, so that an error in either undoes both; were only that
    last commit lost, confirming once more writes it. Raises WrongWords, MayNot, Refused or SealLocked.
    """
    _check_alone(by)
    _check_words(offer, typed)
    digest = hashlib.sha256(offer.recipient.encode()).digest()
    event = Entry.Event.KIT_MADE if offer.instead_of is None else Entry.Event.KIT_REPLACED
    with transaction.atomic():
        there = recovery.recipient() == offer.recipient
        if there and audit.has(event, clinic_id=by.clinic_id, digest=digest):
            return
        audit.record(event, clinic_id=by.clinic_id, actor_id=by.id, digest=digest)
        if not there:
            recovery.install(offer.recipient, instead_of=offer.instead_of)


def _check_words(offer: Offer, typed: Mapping[Place, str]) -> None:
    wrong = {}
    for sheet, place, kept in offer.asked:
        word = typed.get((sheet, place), "").strip().lower()
        if said := shares.misspelt(word):
            wrong[sheet, place] = said
        elif not constant_time_compare(kept, _hash(offer.recipient, (sheet, place), word)):
            wrong[sheet, place] = _(
                "This is another word than the one on sheet %(sheet)s. Read it again."
            ) % {"sheet": sheet}
    if wrong:
        raise WrongWords(wrong)


def make_at_the_machine() -> recovery.Kit:
    """Make a kit for every clinic here at once, for who runs the machine; each trail gets an entry.

    Raises Refused before the first clinic is set up, SealLocked if the root key cannot be used.
    """
    before, drawn = recovery.recipient(), recovery.draw()
    digest = hashlib.sha256(drawn.recipient.encode()).digest()
    event = Entry.Event.KIT_MADE if before is None else Entry.Event.KIT_REPLACED
    with transaction.atomic():
        for clinic_id in sorted(recovery.clinics()):
            _record_in(clinic_id, event, digest)
        sealed = recovery.install(drawn.recipient, instead_of=before)
    return recovery.Kit(drawn.recipient, generations=sealed, replaced=before is not None, shares=drawn.shares)


def _record_in(clinic_id: UUID, event: Entry.Event, digest: bytes) -> None:
    with wall.inside(clinic_id):
        audit.record(event, clinic_id=clinic_id, actor_id=None, digest=digest)
