"""Pin the trail down, day by day: sign its root, write it where the database does not reach, and compare.

Each entry hangs on the one before it, so a changed entry shows by itself. A trail that was cut short, or
rewritten from some day on, or rolled back with its whole database, shows only against a root kept elsewhere.
"""

from __future__ import annotations

import email
import email.policy
import json
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import date, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from caseapp.audit import signatures, signing
from caseapp.audit.merkle import Growing
from caseapp.audit.models import Anchor, Entry


@dataclass(frozen=True, slots=True, order=True)
class Head:
    """A signed root, as it is written down: how many entries, their root, who signed."""

    size: int
    day: str
    root: str
    clinic: str
    public_key: str
    signature: str

    def signed(self) -> dict[str, Any]:
        return {"clinic": self.clinic, "day": self.day, "root": self.root, "size": self.size}

    def is_signed_by(self, public_key: str) -> bool:
        try:
            key, signature = bytes.fromhex(public_key), bytes.fromhex(self.signature)
        except ValueError:
            return False
        return signatures.holds(key, signatures.ROOT, self.signed(), signature)


def head_of(anchor: Anchor) -> Head:
    return Head(
        size=anchor.size,
        day=anchor.day.isoformat(),
        root=bytes(anchor.root).hex(),
        clinic=str(anchor.clinic_id),
        public_key=bytes(anchor.public_key).hex(),
        signature=bytes(anchor.signature).hex(),
    )


def links_of(clinic_id: UUID) -> QuerySet[Entry, Any]:
    """Return the links of the clinic's entries in their order: the leaves of its tree."""
    return Entry.objects.filter(clinic_id=clinic_id).order_by("seq").values_list("link", flat=True)


@transaction.atomic
def anchor(clinic_id: UUID, *, day: date, at: datetime) -> bool:
    """Sign the root of the clinic's trail as it stands, once a day; return whether this call did.

    Raises signing.SigningKeyRefused.
    """
    if Anchor.objects.filter(clinic_id=clinic_id, day=day).exists():
        return False
    tree = Growing(map(bytes, links_of(clinic_id).iterator()))
    if not tree.size:
        return False
    head = {"clinic": str(clinic_id), "day": day.isoformat(), "root": tree.root().hex(), "size": tree.size}
    Anchor.objects.bulk_create(
        [
            Anchor(
                clinic_id=clinic_id,
                day=day,
                size=tree.size,
                root=tree.root(),
                public_key=bytes.fromhex(signing.public_key()),
                signature=bytes.fromhex(signing.sign(signatures.ROOT, head)),
                made_at=at,
            )
        ],
        ignore_conflicts=True,
    )
    return True


def unmailed(clinic_id: UUID) -> list[Anchor]:
    """Return the anchors that nobody was sent yet, oldest first."""
    return list(Anchor.objects.filter(clinic_id=clinic_id, mailed_at__isnull=True).order_by("day"))


def record_mailed(anchors: Iterable[Anchor], *, at: datetime) -> None:
    Anchor.objects.filter(pk__in=[each.pk for each in anchors]).update(mailed_at=at)


def first_holding(clinic_id: UUID, seq: int) -> Anchor | None:
    """Return the earliest anchor whose tree has the entry in it."""
    return Anchor.objects.filter(clinic_id=clinic_id, size__gte=seq).order_by("size", "day").first()


# --- the file to keep elsewhere


def directory() -> Path:
    state: Path = settings.STATE_DIR
    return state / "anchors"


def write_down(clinic_id: UUID) -> int:
    """Append to the clinic's file each anchor it does not hold yet; return how many. Removes nothing."""
    path = directory() / f"{clinic_id}.jsonl"
    path.parent.mkdir(mode=0o700, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with open(handle, "r+", encoding="utf-8") as file:
        there = file.read()
        known = set(_heads(there)[0])
        new = [head for head in _kept(clinic_id) if head not in known]
        if new:
            # A line that a power cut left unfinished stays as it is, on its own.
            start = "\n" if there and not there.endswith("\n") else ""
            file.write(start + "".join(signatures.canonical(asdict(head)).decode() + "\n" for head in new))
            file.flush()
            os.fsync(handle)
    return len(new)


def _kept(clinic_id: UUID) -> list[Head]:
    return [head_of(each) for each in Anchor.objects.filter(clinic_id=clinic_id).order_by("day")]


def read_file(path: Path) -> tuple[list[Head], int]:
    """Return the heads in a file of anchors, and how many lines of it are not one. Raises OSError."""
    return _heads(path.read_text(encoding="utf-8", errors="replace"))


def _heads(text: str) -> tuple[list[Head], int]:
    heads, unreadable = [], 0
    for line in filter(str.strip, text.split("\n")):
        try:
            heads.append(_head(json.loads(line)))
        except (ValueError, TypeError):
            unreadable += 1
    return heads, unreadable


def _head(line: dict[str, Any]) -> Head:
    head = Head(**line)
    texts = (head.day, head.root, head.clinic, head.public_key, head.signature)
    if not isinstance(head.size, int) or not all(isinstance(text, str) for text in texts):
        raise TypeError("not laid out as an anchor is")
    return head


def clinics_on_file() -> set[UUID]:
    """Return the clinics that have a file of anchors here, whether or not the database still knows them."""
    return {UUID(path.stem) for path in directory().glob("*-*-*-*-*.jsonl")}


# --- from a mail that was kept

_IN_A_MAIL = re.compile(
    r"day\s+(\S+)\s+entries\s+(\d+)\s+root\s+([0-9a-f]{64})\s+signature\s+([0-9a-f]{128})\s+key\s+([0-9a-f]{64})"
)


def read_mail(path: Path, clinic_ids: Iterable[UUID]) -> tuple[list[Head], int]:
    """Return the heads in a mail to the directors, saved whole or as text, and how many are nobody's here.

    The mail does not say whose they are; the signature does. Raises OSError.
    """
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    body = message.get_body(("plain",)) if isinstance(message, EmailMessage) else None
    text = re.sub(r"(?m)^>[> ]*", "", "" if body is None else str(body.get_content()))
    known, heads, foreign = [str(each) for each in clinic_ids], [], 0
    for day, size, root, signature, key in _IN_A_MAIL.findall(text):
        candidates = [Head(int(size), day, root, clinic, key, signature) for clinic in known]
        mine = [head for head in candidates if head.is_signed_by(key)]
        heads += mine
        foreign += not mine
    return heads, foreign


# --- comparing


def faults(clinic_id: UUID, *, later_ones: bool = True) -> Iterator[str]:
    """Yield, in words, each anchor, in the database or in the file, that the clinic's trail contradicts.

    A database restored from a backup knows nothing of what was anchored since: for that one, without the
    `later_ones`, roots of more entries than it has are left out.
    """
    path = directory() / f"{clinic_id}.jsonl"
    filed, unreadable = read_file(path) if path.exists() else ([], 0)
    if unreadable:
        yield f"clinic {clinic_id}: {unreadable} lines of {path} cannot be read"
    yield from contradictions(clinic_id, {*filed, *_kept(clinic_id)}, later_ones=later_ones)


def contradictions(clinic_id: UUID, given: Iterable[Head], *, later_ones: bool = True) -> Iterator[str]:
    """Yield, in words, each of these heads that the clinic's trail contradicts."""
    heads = sorted(given)
    own_key = signing.public_key() if heads else ""
    roots = _roots(clinic_id, {head.size for head in heads})
    for head in heads:
        where = f"clinic {clinic_id}: the root of {head.day}"
        if head.clinic != str(clinic_id):
            yield f"{where} is another clinic's"
        elif not head.is_signed_by(own_key):
            yield f"{where} is not signed by this deployment's key"
        elif head.size not in roots and not later_ones:
            continue
        elif head.size not in roots:
            yield f"{where} counts {head.size} entries, and the trail has fewer: it was cut or rolled back"
        elif roots[head.size] != head.root:
            yield f"{where} is not that of the first {head.size} entries: the trail was rewritten"


def _roots(clinic_id: UUID, sizes: set[int]) -> dict[int, str]:
    """Return the trail's root at each of these sizes that it reaches, in one pass over it."""
    tree = Growing()
    found = {}
    for link in links_of(clinic_id).iterator() if sizes else ():
        tree.add(bytes(link))
        if tree.size in sizes:
            found[tree.size] = tree.root().hex()
    return found
