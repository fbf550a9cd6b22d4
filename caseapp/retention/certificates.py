"""Say, signed, what a purge destroyed: from the tombstones and the audit trail, and never a name or a value.

A certificate has two stages. At once: these keys are destroyed. And later: from this day on no backup of
the keyring, kept as long as backups of it are, holds a wrapped key together with what wrapped it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from caseapp.access.models import User
from caseapp.access.rules import Act, check_may
from caseapp.audit import anchors, merkle, signatures, signing
from caseapp.audit import services as audit
from caseapp.audit.models import Entry
from caseapp.errors import Refused
from caseapp.retention import verifying
from caseapp.retention.models import Purge
from caseapp.retention.verifying import Certificate
from caseapp.vault import keyring, tombstones


class NotProven(Refused):
    """No certificate can be made, because the tombstones and the trail do not bear it out."""


def reason_for(purge_id: UUID) -> str:
    """Return the reason that the tombstones of this purge give, and of no other."""
    return f"purge {purge_id.hex}"


def destroyed_by(purge: Purge) -> dict[str, Any]:
    """Return what the purge destroyed, as its audit entry vouches for it and its certificate says it.

    The check for holds runs under the lock that also destroys the keys, so it was passed if they are gone.
    """
    keys = tombstones.buried(purge.clinic_id, reason=reason_for(purge.id))
    return {
        "purge": str(purge.id),
        "keys": [{"id": key.key_id.hex(), "generation": key.generation} for key in keys],
        "people_and_matters": purge.keys_destroyed,
        "rows": purge.rows_removed,
        "hold_check": "no hold stood when the keys were destroyed",
    }


def digest_of(purge: Purge) -> bytes:
    return verifying.digest_of(destroyed_by(purge))


def done(user: User, purge_id: UUID) -> Purge:
    """Return a purge of this person's clinic that is done, or 404. Raises MayNot."""
    purge = get_object_or_404(
        Purge.objects.filter(clinic_id=user.clinic_id), pk=purge_id, state=Purge.State.DONE
    )
    check_may(user, Act.SEE_AUDIT)
    return purge


def every_purge() -> QuerySet[Purge]:
    """Return what was purged at every clinic, the latest first, for operators."""
    return Purge.objects.filter(state=Purge.State.DONE).order_by("-done_at", "pk")


def certify(purge: Purge, *, at: datetime) -> Certificate:
    """Return the signed certificate of a purge. Raises NotProven, or signing.SigningKeyRefused.

    It is made of what the keyring and the trail say now, so that nothing else can be certified.
    """
    entry, destroyed = _entry_of(purge), destroyed_by(purge)
    if entry is None or purge.state != Purge.State.DONE:
        raise NotProven(
            _("The audit trail does not say that this purge was carried out. There is nothing to certify.")
        )
    if not destroyed["keys"] or entry.digest is None or bytes(entry.digest) != verifying.digest_of(destroyed):
        raise NotProven(
            _("The tombstones in the keyring are not those that the audit trail recorded for this purge.")
        )
    if tombstones.alive(bytes.fromhex(key["id"]) for key in destroyed["keys"]) or _subjects_live(purge):
        raise NotProven(
            _("A key of this purge is in the keyring again, from an old backup. Restart to remove it.")
        )
    certificate = {
        "what": verifying.WHAT,
        "format": verifying.FORMAT,
        "software": f"Amparo {settings.VERSION}",
        "issued_at": _moment(at),
        "clinic": str(purge.clinic_id),
        "purge": _who_and_when(purge),
        "destroyed": destroyed,
        "irrecoverable": _irrecoverable(purge.clinic_id, destroyed, at=at),
        "entry": _as_written(entry),
        "tree": _place_in_tree(entry),
        "public_key": signing.public_key(),
    }
    return certificate | {"signature": signing.sign(signatures.CERTIFICATE, certificate)}


def _entry_of(purge: Purge) -> Entry | None:
    mine = Entry.objects.filter(clinic_id=purge.clinic_id, object_id=purge.id, event=Entry.Event.PURGED)
    return mine.order_by("seq").last()


def _subjects_live(purge: Purge) -> bool:
    subjects = [subject for subject in (purge.matter_id, purge.person_id) if subject is not None]
    return keyring.any_left(purge.clinic_id, subjects)


def _who_and_when(purge: Purge) -> dict[str, str | None]:
    """Staff stand here by their random ids, as in the trail; nobody at all for what goes by itself."""
    return {
        "id": str(purge.id),
        "code": purge.code,
        "proposed_by": _text(purge.proposed_by_id),
        "proposed_at": _moment(purge.proposed_at),
        "approved_by": _text(purge.approved_by_id),
        "approved_at": _moment(purge.approved_at),
        "keys_destroyed_at": _moment(purge.done_at),
    }


def _irrecoverable(clinic_id: UUID, destroyed: dict[str, Any], *, at: datetime) -> dict[str, Any]:
    """Return from which day no kept backup of the keyring can open these keys, if that can be said yet."""
    last = max(key["generation"] for key in destroyed["keys"])
    wrapping_gone = tombstones.wrapping_destroyed_at(clinic_id, last)
    days = settings.KEYRING_BACKUP_DAYS
    since = None if wrapping_gone is None else wrapping_gone + timedelta(days=days)
    stage = "pending" if since is None else "reached" if since <= at else "dated"
    return {
        "stage": stage,
        "wrapping_key_destroyed_at": _moment(wrapping_gone),
        "keyring_backups_kept_days": days,
        "from": _moment(since),
    }


def _as_written(entry: Entry) -> dict[str, Any]:
    assert entry.digest is not None
    return {
        "actor": _text(entry.actor_id),
        "at": _moment(entry.at),
        "clinic": str(entry.clinic_id),
        "digest": bytes(entry.digest).hex(),
        "event": entry.event,
        "matter": _text(entry.matter_id),
        "object": _text(entry.object_id),
        "person": _text(entry.person_id),
        "previous": bytes(entry.previous).hex(),
        "seq": entry.seq,
    }


def _place_in_tree(entry: Entry) -> dict[str, Any]:
    """Return the proof that the entry is in the trail: under the first anchored root, or today's."""
    anchor = anchors.first_holding(entry.clinic_id, entry.seq)
    links = [bytes(link) for link in anchors.links_of(entry.clinic_id)[: anchor.size if anchor else None]]
    anchored = None
    if anchor is not None:
        anchored = {"day": anchor.day.isoformat(), "signature": bytes(anchor.signature).hex()}
    return {
        "anchored": anchored,
        "path": [each.hex() for each in merkle.inclusion(links, entry.seq - 1)],
        "root": merkle.root(links).hex(),
        "size": len(links),
    }


# --- against the live databases


def faults_here(certificate: Certificate) -> list[str]:
    """Return, in words, what the databases say against a certificate that holds by itself."""
    clinic_id, tree, entry = UUID(certificate["clinic"]), certificate["tree"], certificate["entry"]
    keys = {bytes.fromhex(key["id"]) for key in certificate["destroyed"]["keys"]}
    found = [
        f"A key that it says was destroyed is here: {key.hex()}." for key in sorted(tombstones.alive(keys))
    ]
    standing = {(key.key_id.hex(), key.generation) for key in tombstones.with_ids(clinic_id, keys)}
    for key in certificate["destroyed"]["keys"]:
        if (key["id"], key["generation"]) not in standing:
            found.append(f"There is no tombstone for key {key['id']}.")
    kept = Entry.objects.filter(clinic_id=clinic_id, seq=entry["seq"]).first()
    if kept is None or bytes(kept.link) != verifying.link_of(entry):
        found.append("The audit trail here does not have its entry.")
    links = [bytes(link) for link in anchors.links_of(clinic_id)[: tree["size"]]]
    if len(links) != tree["size"] or merkle.root(links).hex() != tree["root"]:
        found.append("The audit trail here is not the one that its root stands for.")
    return [*found, *audit.faults(clinic_id)]


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)


def _moment(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat(timespec="microseconds")
