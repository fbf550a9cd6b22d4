"""The officers' way back in: clinic keys sealed to a key that exists only as shares on paper."""

from typing import Final

import pyrage

from caseapp.vault import root

_ESCROW: Final = b"SF1 escrow"


def escrow(key: bytes, context: root.Context) -> bytes | None:
    """Return a clinic's key sealed to the officers' recipient, or None while no recovery kit was made.

    Call it inside the transaction, on the keyring, that stores the result.
    """
    recipient = _recipient()
    return None if recipient is None else _seal(key, context, recipient)


def _recipient() -> str | None:
    return None


def _seal(key: bytes, context: root.Context, recipient: str) -> bytes:
    sealed: bytes = pyrage.encrypt(
        _ESCROW + context.to_bytes() + key, [pyrage.x25519.Recipient.from_str(recipient)]
    )
    return sealed
