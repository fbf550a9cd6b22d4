"""What a page may know of the vault: whether it is locked, and that a key is gone."""

from caseapp.vault import keyring, services
from caseapp.vault.cipher import SealKeyGone as KeyGone
from caseapp.vault.cipher import SealLocked as VaultLocked

__all__ = ["KeyGone", "VaultLocked", "forget_keys", "why_locked"]


def why_locked() -> str:
    """Return, in words for an operator, why nothing can be opened now; empty while the vault is open."""
    state = services.ready()
    return "" if state.unlocked else state.reason


def forget_keys() -> None:
    """Forget every key this process has opened."""
    keyring.drop_all()
