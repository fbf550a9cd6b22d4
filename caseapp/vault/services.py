"""Whether the vault can be used now, and if not, why."""

from dataclasses import dataclass

from caseapp.vault import keyring, selftest
from caseapp.vault.cipher import SealError


@dataclass(frozen=True, slots=True)
class State:
    """Unlocked, or locked with the reason and what to do, in words for an operator."""

    unlocked: bool
    reason: str = ""


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
