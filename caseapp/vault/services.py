"""Whether the vault can be used now, and if not, why; and what is done for it as time passes."""

from dataclasses import dataclass
from datetime import datetime

from django.db import DatabaseError

from caseapp.vault import keyring, rotation, selftest
from caseapp.vault.cipher import SealError


@dataclass(frozen=True, slots=True)
class State:
    """Unlocked, or locked with the reason and what to do, in words for an operator."""

    unlocked: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Renewed:
    """How many clinics got a new key, or the kind of error that stood in the way."""

    clinics: int = 0
    failure: str = ""


def ready() -> State:
    """Try the cipher, the root key and every clinic's key.

    Never raises for a lock that is shut: the house then runs locked, keeps sending reminders, and
    opens by itself once the reason is gone.
    """
    try:
        selftest.run()
        keyring.check_clinic_keys()
    except (SealError, selftest.SelfTestFailed) as reason:
        return State(unlocked=False, reason=str(reason))
    return State(unlocked=True)


def renew_keys(*, at: datetime) -> Renewed:
    """Change each clinic's key that is a week old, and finish what was cut off. Needs the root key.

    Never raises for what stands in the way: the old keys still serve, and it can be called again.
    """
    try:
        return Renewed(clinics=len(rotation.rekey_due(at=at)))
    except (SealError, DatabaseError) as reason:
        return Renewed(failure=type(reason).__name__)


def destroy_old_keys(*, at: datetime) -> int:
    """Destroy the replaced keys that no backup needs any more; return how many. Needs no root key."""
    return rotation.destroy_generations(at=at) + rotation.destroy_rotated(at=at)
