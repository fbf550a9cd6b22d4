"""Prove at start-up that the cipher and the random source are what they should be, or refuse to start."""

import os
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESGCMSIV


class SelfTestFailed(RuntimeError):
    """This machine must not seal anything. The message says what to install or look at."""


class Vector(NamedTuple):
    """One known answer, in hexadecimal."""

    key: str
    nonce: str
    plaintext: str
    associated: str
    result: str


# RFC 8452, appendix C.2 (AEAD_AES_256_GCM_SIV): empty, one block, two blocks with associated data,
# part blocks with associated data; and C.3, where the block counter wraps.
VECTORS: Final = (
    Vector("01" + "00" * 31, "03" + "00" * 11, "", "", "07f5f4169bbf55a8400cd47ea6fd400f"),
    Vector(
        "01" + "00" * 31,
        "03" + "00" * 11,
        "01" + "00" * 15,
        "",
        "85a01b63025ba19b7fd3ddfc033b3e76c9eac6fa700942702e90862383c6c366",
    ),
    Vector(
        "01" + "00" * 31,
        "03" + "00" * 11,
        "02" + "00" * 15 + "03" + "00" * 15,
        "01",
        "07dad364bfc2b9da89116d7bef6daaaf6f255510aa654f920ac81b94e8bad365aea1bad12702e1965604374aab96dbbc",
    ),
    Vector(
        "3c535de192eaed3822a2fbbe2ca9dfc88255e14a661b8aa82cc54236093bbc23",
        "688089e55540db1872504e1c",
        "ced532ce4159b035277d4dfbb7db62968b13cd4eec",
        "734320ccc9d9bbbb19cb81b2af4ecbc3e72834321f7aa0f70b7282b4f33df23f167541",
        "626660c26ea6612fb17ad91e8e767639edd6c9faee9d6c7029675b89eaf4ba1ded1a286594",
    ),
    Vector(
        "00" * 32,
        "00" * 12,
        "00" * 16 + "4db923dc793ee6497c76dcc03a98e108",
        "",
        "f3f80f2cf0cb2dd9c5984fcda908456cc537703b5ba70324a6793a7bf218d3eaffffffff000000000000000000000000",
    ),
)

# McGrew and Viega, The Galois/Counter Mode of Operation, appendix B: test cases 14 and 16.
GCM_VECTORS: Final = (
    Vector(
        "00" * 32,
        "00" * 12,
        "00" * 16,
        "",
        "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919",
    ),
    Vector(
        "feffe9928665731c6d6a8f9467308308" * 2,
        "cafebabefacedbaddecaf888",
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
        "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
        "feedfacedeadbeeffeedfacedeadbeefabaddad2",
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
        "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b",
    ),
)


def run() -> None:
    """Return if this machine may seal. Raises SelfTestFailed, in words, if it may not."""
    for vector in VECTORS:
        _check(vector)
    for vector in GCM_VECTORS:
        _check_gcm(vector)
    _check_that_forgery_is_noticed(VECTORS[2])
    _check_random_source()


def _check_gcm(vector: Vector) -> None:
    key, nonce, plaintext, associated, result = map(bytes.fromhex, vector)
    cipher = AESGCM(key)
    forged = result[:-1] + bytes((result[-1] ^ 1,))
    try:
        right = cipher.decrypt(nonce, result, associated) == plaintext
    except InvalidTag:
        right = False
    if not right or cipher.encrypt(nonce, plaintext, associated) != result or _opens(cipher, vector, forged):
        raise SelfTestFailed(
            "AES-GCM gives wrong answers on this machine. Do not enter anything. Reinstall the cryptography"
            " package; if that does not help, the processor or memory is faulty."
        )


def _opens(cipher: AESGCM, vector: Vector, forged: bytes) -> bool:
    try:
        cipher.decrypt(bytes.fromhex(vector.nonce), forged, bytes.fromhex(vector.associated))
    except InvalidTag:
        return False
    return True


def _cipher(key: bytes) -> AESGCMSIV:
    try:
        return AESGCMSIV(key)
    except UnsupportedAlgorithm:
        raise SelfTestFailed(
            "The cryptography library here has no AES-GCM-SIV, which seals every record. It needs"
            " OpenSSL 3.2 or newer: install cryptography from PyPI, not the system's package."
        ) from None


def _check(vector: Vector) -> None:
    key, nonce, plaintext, associated, result = map(bytes.fromhex, vector)
    cipher = _cipher(key)
    sealed = cipher.encrypt(nonce, plaintext, associated)
    if sealed != result or cipher.decrypt(nonce, result, associated) != plaintext:
        raise SelfTestFailed(
            "AES-GCM-SIV gives wrong answers on this machine. Do not enter anything. Reinstall the"
            " cryptography package; if that does not help, the processor or memory is faulty."
        )


def _check_that_forgery_is_noticed(vector: Vector) -> None:
    key, nonce, _, associated, result = map(bytes.fromhex, vector)
    forged = result[:-1] + bytes((result[-1] ^ 1,))
    try:
        _cipher(key).decrypt(nonce, forged, associated)
    except InvalidTag:
        return
    raise SelfTestFailed("AES-GCM-SIV accepts forged data here. Reinstall the cryptography package.")


def _check_random_source() -> None:
    draws = [os.urandom(32) for _ in range(4)]
    if len(set(draws)) < len(draws) or any(len(draw) != 32 or len(set(draw)) < 8 for draw in draws):
        raise SelfTestFailed(
            "This machine's random source repeats itself, so keys made here could be guessed. Do not enter"
            " anything; have the machine or its virtualisation looked at."
        )
