"""The officers' way back in: clinic keys sealed to a key that exists only as shares on paper.

The server keeps the public half and can seal to it, not open. docs/recovery.md says how the kit is
used, also without this program.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO, Final, NamedTuple
from uuid import UUID

import pyrage
from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from caseapp.errors import Refused
from caseapp.vault import root, shares
from caseapp.vault.cipher import KEY_BYTES, SealError, WrappingKey
from caseapp.vault.models import ClinicKey, Epoch, KeyState, Officers, SubjectKey
from caseapp.vault.router import KEYRING

ESCROW: Final = b"SF1 escrow"
CANARY: Final = b"SF1 canary"
OFFICERS: Final = UUID(int=0)
# In the place of a generation: 0 is the recipient that is kept, 1 what was only offered yet.
OFFERED: Final = 1


@dataclass(frozen=True, slots=True)
class Kit:
    """A new kit, to be printed and forgotten. `replaced`: there was one before, and it is void now."""

    recipient: str
    generations: int
    replaced: bool
    shares: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A key that is on no disk, as its recipient and its three shares."""

    recipient: str
    shares: tuple[str, ...] = field(repr=False)


class Recovered(NamedTuple):
    """How many clinic keys open again, and how many were never sealed to this kit."""

    opened: int
    lost: int


class Kept(NamedTuple):
    """What the server keeps of a kit: whom to seal to, and a sealed nothing to try the shares on.

    `vouched` is the root key's word for the recipient, so that nobody who can write to the keyring
    puts a key of their own in its place.
    """

    recipient: str
    vouched: bytes
    canary: bytes

    def column(self) -> bytes:
        return len(self.vouched).to_bytes(2, "big") + self.vouched + self.canary

    @classmethod
    def of(cls, row: Officers) -> "Kept":
        column = bytes(row.canary)
        end = 2 + int.from_bytes(column[:2], "big")
        return cls(row.recipient, column[2:end], column[end:])


# What sealing a clinic's key asks


def escrow(key: bytes, context: root.Context) -> bytes | None:
    """Return a clinic's key sealed to the officers' recipient, or None while no recovery kit was made.

    Call it inside the transaction, on the keyring, that stores the result: that makes a kit being made
    meanwhile wait, and seal this key too. Raises SealLocked if the recipient is not the root key's own.
    """
    epoch = Epoch.objects.using(KEYRING).select_for_update().filter(id=Epoch.ONLY)
    deployment = epoch.values_list("deployment", flat=True).first()
    kept = _kept()
    if kept is None or deployment is None:
        return None
    _check_vouched(kept, deployment)
    return _seal(ESCROW + context.to_bytes() + key, kept.recipient)


def _seal(content: bytes, recipient: str) -> bytes:
    sealed: bytes = pyrage.encrypt(content, [pyrage.x25519.Recipient.from_str(recipient)])
    return sealed


def _kept() -> Kept | None:
    row = Officers.objects.using(KEYRING).first()
    return None if row is None else Kept.of(row)


def _place(deployment: UUID, what: int = 0) -> root.Context:
    return root.Context(deployment, OFFICERS, what)


def _vouch(recipient: str, deployment: UUID) -> bytes:
    return root.provider().wrap(hashlib.sha256(recipient.encode()).digest(), _place(deployment))


def _check_vouched(kept: Kept, deployment: UUID) -> None:
    said = root.provider().unwrap(kept.vouched, _place(deployment))
    if not hmac.compare_digest(said, hashlib.sha256(kept.recipient.encode()).digest()):
        raise root.RootKeyRefused(
            "The recovery kit's recipient in the keyring is not the one that was made here: someone changed"
            " it. Find out who, and make a new kit."
        )


# Making a kit


def made_at() -> datetime | None:
    """Return when the kit was made, or None if there is none."""
    row = Officers.objects.using(KEYRING).first()
    return None if row is None else row.made_at


def recipient() -> str | None:
    """Return whom the officers' backups are sealed to, or None if no kit was made."""
    kept = _kept()
    return None if kept is None else kept.recipient


def canary() -> bytes | None:
    """Return the age file that two shares of the newest kit open, or None if no kit was made."""
    kept = _kept()
    return None if kept is None else kept.canary


def clinics() -> set[UUID]:
    """Return the clinics that have a key here. One kit opens all of them."""
    kept = ClinicKey.objects.using(KEYRING).exclude(state=KeyState.DESTROYED)
    return set(kept.values_list("clinic_id", flat=True))


def fingerprint(recipient: str) -> str:
    """Return what tells kits apart on paper: twelve digits of the recipient's hash, in threes of four."""
    digits = hashlib.sha256(recipient.encode()).hexdigest()[:12].upper()
    return " ".join(digits[start : start + 4] for start in range(0, 12, 4))


def draw() -> Drawn:
    """Return a new key as three shares, each pair of which was tried. It is nobody's kit until `install`."""
    secret = shares.new_secret()
    recipient = shares.recipient_of(secret)
    printed = shares.split(secret)
    sealed_nothing = _seal(CANARY + recipient.encode(), recipient)
    for pair in (printed[:2], printed[1:], printed[::2]):
        try_canary(pair, sealed_nothing)
    return Drawn(recipient, printed)


def install(recipient: str, *, instead_of: str | None) -> int:
    """Make this the kit: seal every clinic key that still exists to it; return how many those are.

    The kit before, `instead_of`, is void then. Raises Refused before the first clinic is set up, or
    when another kit was made meanwhile; SealLocked if the root key cannot be used.
    """
    with transaction.atomic(using=KEYRING, durable=True):
        epoch = Epoch.objects.using(KEYRING).select_for_update().filter(id=Epoch.ONLY).first()
        if epoch is None:
            raise Refused("Set up the clinic first. There is nothing to recover yet.")
        before = _kept()
        if (None if before is None else before.recipient) != instead_of:
            raise Refused("Another kit was made meanwhile, and that one counts. Burn these sheets.")
        rows = _clinic_keys()
        for row in rows:
            context = root.Context(epoch.deployment, row.clinic_id, row.generation)
            key = root.provider().unwrap(bytes(row.wrapped or b""), context)
            row.escrowed = _seal(ESCROW + context.to_bytes() + key, recipient)
            row.save(update_fields=["escrowed"])
        canary = _seal(CANARY + recipient.encode(), recipient)
        kept = Kept(recipient, _vouch(recipient, epoch.deployment), canary)
        Officers.objects.using(KEYRING).update_or_create(
            id=Officers.ONLY,
            defaults={"recipient": recipient, "canary": kept.column(), "made_at": Now()},
        )
    return len(rows)


def make_kit() -> Kit:
    """Make a new kit at once, and void the one before. Raises as `install` does."""
    before, drawn = recipient(), draw()
    generations = install(drawn.recipient, instead_of=before)
    return Kit(drawn.recipient, generations=generations, replaced=before is not None, shares=drawn.shares)


def vouch_for(text: bytes) -> bytes:
    """Return the root key's word for a text that leaves the server and comes back. Raises SealLocked."""
    return root.provider().wrap(hashlib.sha256(text).digest(), _place(_deployment(), OFFERED))


def is_vouched(text: bytes, word: bytes) -> bool:
    """Whether the root key gave its word for this text. Raises SealLocked if it cannot be used."""
    try:
        said = root.provider().unwrap(word, _place(_deployment(), OFFERED))
    except root.RootKeyRefused:
        root.provider().check()
        return False
    return hmac.compare_digest(said, hashlib.sha256(text).digest())


def _deployment() -> UUID:
    deployment = Epoch.objects.using(KEYRING).values_list("deployment", flat=True).first()
    if deployment is None:
        raise Refused("Set up the clinic first. There is nothing to recover yet.")
    return deployment


def _clinic_keys() -> list[ClinicKey]:
    """Return every key that is not destroyed, and keep it from being destroyed until the transaction ends."""
    rows = ClinicKey.objects.using(KEYRING).select_for_update().exclude(state=KeyState.DESTROYED)
    return list(rows.order_by("clinic_id", "generation"))


# Using two shares


def try_canary(typed: Sequence[str], sealed: bytes) -> str:
    """Open a canary with two shares and return its kit's recipient. Needs no database and no root key.

    Raises Refused, saying what is wrong.
    """
    secret = shares.combine(typed)
    recipient = shares.recipient_of(secret)
    if _open(secret, sealed) != CANARY + recipient.encode():
        raise Refused("This opens, but it is not the canary of these shares' kit.")
    return recipient


def try_backup(typed: Sequence[str], backup: BinaryIO, into: BinaryIO) -> None:
    """Decrypt an age file to its end with two shares. Raises Refused if it does not open whole."""
    secret = shares.combine(typed)
    try:
        pyrage.decrypt_io(backup, into, [shares.identity_of(secret)])
    except (pyrage.DecryptError, OSError):
        raise Refused(_SHUT) from None


_SHUT: Final = (
    "These two shares do not open this. They are of an older kit, or it was made for someone else, or it was"
    " damaged."
)


def _open(secret: bytes, sealed: bytes) -> bytes:
    try:
        opened: bytes = pyrage.decrypt(sealed, [shares.identity_of(secret)])
    except pyrage.DecryptError:
        raise Refused(_SHUT) from None
    return opened


def recover(typed: Sequence[str]) -> Recovered:
    """Put every clinic key that the root key does not open under the root key that is here now.

    Where the root key is a file that is missing, a new one is made, once the shares have opened
    everything. Can be run again. Raises Refused or SealLocked, and then has changed no key.
    """
    secret = shares.combine(typed)
    kept = _kept()
    if kept is None:
        raise Refused("This keyring has no recovery kit: none was made before the root key was lost.")
    if kept.recipient != shares.recipient_of(secret):
        raise Refused("These shares are of an older kit, and void. Use shares of the newest one.")
    with transaction.atomic(using=KEYRING, durable=True):
        epoch = Epoch.objects.using(KEYRING).select_for_update().get(id=Epoch.ONLY)
        shut = [row for row in _clinic_keys() if not _opens(row, epoch.deployment)]
        opened = [
            (row, _from_escrow(secret, row, epoch.deployment)) for row in shut if row.escrowed is not None
        ]
        if opened:
            _make_root_if_missing()
        for row, key in opened:
            context = root.Context(epoch.deployment, row.clinic_id, row.generation)
            row.wrapped = root.provider().wrap(key, context)
            row.save(update_fields=["wrapped"])
        if opened:
            vouched = kept._replace(vouched=_vouch(kept.recipient, epoch.deployment))
            Officers.objects.using(KEYRING).update(canary=vouched.column())
    return Recovered(len(opened), len(shut) - len(opened))


def _make_root_if_missing() -> None:
    path = settings.ROOT_KEY_FILE
    if settings.KEY_PROVIDER == "file" and path is not None and not (path.exists() or path.is_symlink()):
        root.create_root_key(path)


def _opens(row: ClinicKey, deployment: UUID) -> bool:
    context = root.Context(deployment, row.clinic_id, row.generation)
    try:
        root.provider().unwrap(bytes(row.wrapped or b""), context)
    except root.RootKeyRefused:
        return False
    return True


def _from_escrow(secret: bytes, row: ClinicKey, deployment: UUID) -> bytes:
    """Open what make_kit or escrow sealed, and see that it is this generation's key before it is used."""
    bound_to = ESCROW + root.Context(deployment, row.clinic_id, row.generation).to_bytes()
    opened = _open(secret, bytes(row.escrowed or b""))
    key = opened[len(bound_to) :]
    if opened[: len(bound_to)] != bound_to or len(key) != KEY_BYTES:
        raise Refused(f"What was sealed to the kit for the clinic {row.clinic_id} is not this clinic's key.")
    _check_opens_subjects(key, row)
    return key


def _check_opens_subjects(key: bytes, row: ClinicKey) -> None:
    """Anyone can seal to the officers, so a planted key is told by what it does not open."""
    subjects = SubjectKey.objects.using(KEYRING).filter(clinic_id=row.clinic_id, generation=row.generation)
    wrapping = WrappingKey(key, clinic=row.clinic_id, generation=row.generation)
    for subject in subjects[:1]:
        try:
            wrapping.unwrap(bytes(subject.wrapped), key_id=bytes(subject.key_id), subject=subject.subject_id)
        except SealError:
            raise Refused(
                f"The key sealed to the kit for the clinic {row.clinic_id} does not open that clinic's"
                " records. The keyring was damaged or changed: restore an older copy of it."
            ) from None
