"""A secret as three lists of words on paper, any two of which make an age key (SLIP-39, age X25519)."""

import re
import secrets
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, Final

import pyrage
from shamir_mnemonic import MnemonicError, combine_mnemonics, generate_mnemonics
from shamir_mnemonic.share import Share
from shamir_mnemonic.wordlist import WORDLIST

from caseapp.errors import Refused

SECRET_BYTES: Final = 32
SHARES: Final = 3
NEEDED: Final = 2
WORDS: Final = 33

_BECH32: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_PREFIX: Final = "age-secret-key-"


def new_secret() -> bytes:
    return secrets.token_bytes(SECRET_BYTES)


def split(secret: bytes) -> tuple[str, ...]:
    """Return three shares of 33 words. Any two give the secret back; one says nothing about it."""
    [shares] = generate_mnemonics(1, [(NEEDED, SHARES)], secret)
    return tuple(shares)


def combine(typed: Sequence[str]) -> bytes:
    """Return the secret that two shares make. Numbers, capitals and line ends in them do not matter.

    Raises Refused, saying which share is wrong and where.
    """
    if len(typed) != NEEDED:
        raise Refused(f"Two shares are needed, and two are enough. Given: {len(typed)}.")
    first, second = (_read(text, number) for number, text in enumerate(typed, 1))
    if first.identifier != second.identifier:
        raise Refused("These two shares are of different kits. Both must come from the newest one.")
    if first.index == second.index:
        raise Refused("This is the same share twice. Ask another officer for theirs.")
    try:
        secret = bytes(combine_mnemonics([first.mnemonic(), second.mnemonic()]))
    except MnemonicError:
        raise Refused("These two shares do not belong together.") from None
    if len(secret) != SECRET_BYTES:
        raise Refused("These shares are of something else, not of a recovery kit.")
    return secret


def _read(text: str, number: int) -> Share:
    words = re.findall(r"[^\W\d_]+", text.lower())
    if not words:
        raise Refused(f"Share {number} is empty. Two shares are needed.")
    for place, word in enumerate(words, 1):
        if wrong := misspelt(word):
            raise Refused(f"Share {number}, word {place}: {wrong}")
    if len(words) != WORDS:
        raise Refused(f"Share {number} has {len(words)} words. A share has {WORDS}.")
    try:
        return Share.from_mnemonic(" ".join(words))
    except MnemonicError:
        raise Refused(
            f"Share {number}: every word exists, but they are not a share together. One is another word, or"
            " two are in each other's place. Read it again."
        ) from None


def misspelt(word: str) -> str:
    """Return, in words, that this is no word of any share, with the nearest one; nothing if it is one."""
    if word in WORDLIST:
        return ""
    near = get_close_matches(word, WORDLIST, n=1)
    hint = f" Is it “{near[0]}”?" if near else ""
    return f"“{word}” is not a word of any share.{hint}"


def identity_of(secret: bytes) -> Any:
    """Return the age identity that has the secret as its private key."""
    return pyrage.x25519.Identity.from_str(age_secret_key(secret))


def recipient_of(secret: bytes) -> str:
    """Return what anyone may seal to: age1..."""
    return str(identity_of(secret).to_public())


def age_secret_key(secret: bytes) -> str:
    """Return the secret the way the age program writes it: AGE-SECRET-KEY-1..., in Bech32 (BIP 173)."""
    bits = int.from_bytes(secret, "big") << (-len(secret) * 8 % 5)
    count = -(-len(secret) * 8 // 5)
    digits = [bits >> 5 * (count - 1 - place) & 31 for place in range(count)]
    spread = [ord(letter) >> 5 for letter in _PREFIX] + [0] + [ord(letter) & 31 for letter in _PREFIX]
    sum_ = _polymod([*spread, *digits, 0, 0, 0, 0, 0, 0]) ^ 1
    digits += [sum_ >> 5 * (5 - place) & 31 for place in range(6)]
    return f"{_PREFIX}1{''.join(_BECH32[digit] for digit in digits)}".upper()


def _polymod(values: Sequence[int]) -> int:
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for place, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            check ^= generator if top >> place & 1 else 0
    return check
