"""The start-up self-test passes on a sound machine and refuses, in words, on any other."""

import os
from typing import Any, NoReturn

import pytest
from Crypto.Cipher import AES
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESGCMSIV

from caseapp.vault import checks, selftest
from caseapp.vault.selftest import GCM_VECTORS, VECTORS, SelfTestFailed
from tests.vault import independent


def test_a_sound_machine_passes() -> None:
    selftest.run()

    assert checks.the_cipher_works_here() == []


@pytest.mark.parametrize("vector", VECTORS, ids=range(len(VECTORS)))
def test_the_known_answers_are_those_of_an_independent_implementation(vector: selftest.Vector) -> None:
    key, nonce, plaintext, associated, result = map(bytes.fromhex, vector)

    assert independent.gcm_siv_open(key, nonce, result, associated) == plaintext


def test_a_library_without_the_cipher_is_refused_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def absent(key: bytes) -> NoReturn:
        raise UnsupportedAlgorithm("AES-GCM-SIV is not supported by this version of OpenSSL")

    monkeypatch.setattr(selftest, "AESGCMSIV", absent)

    with pytest.raises(SelfTestFailed, match=r"OpenSSL 3\.2"):
        selftest.run()
    assert [found.id for found in checks.the_cipher_works_here()] == ["vault.C001"]


def test_a_cipher_that_gives_other_answers_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selftest, "AESGCMSIV", AESGCM)

    with pytest.raises(SelfTestFailed, match="wrong answers"):
        selftest.run()


def test_a_cipher_that_takes_forgeries_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    class Gullible:
        def __init__(self, key: bytes) -> None:
            self.encrypt = AESGCMSIV(key).encrypt
            self.known = {bytes.fromhex(v.result): bytes.fromhex(v.plaintext) for v in VECTORS}

        def decrypt(self, nonce: bytes, data: bytes, associated: bytes) -> bytes:
            return self.known.get(data, b"")

    monkeypatch.setattr(selftest, "AESGCMSIV", Gullible)

    with pytest.raises(SelfTestFailed, match="forged"):
        selftest.run()


@pytest.mark.parametrize("broken", [lambda n: b"\x07" * n, lambda n: bytes(range(32))[:n], lambda n: b""])
def test_a_random_source_that_repeats_itself_is_refused(broken: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "urandom", broken)

    with pytest.raises(SelfTestFailed, match="random source"):
        selftest.run()


@pytest.mark.parametrize("vector", GCM_VECTORS, ids=range(len(GCM_VECTORS)))
def test_the_known_answers_of_suite_2_are_those_of_another_library(vector: selftest.Vector) -> None:
    key, nonce, plaintext, associated, result = map(bytes.fromhex, vector)

    other = AES.new(key, AES.MODE_GCM, nonce=nonce).update(associated)

    assert b"".join(other.encrypt_and_digest(plaintext)) == result


def test_a_second_cipher_that_gives_other_answers_or_takes_forgeries_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Gullible:
        def __init__(self, key: bytes) -> None:
            self.encrypt = AESGCM(key).encrypt
            self.known = {bytes.fromhex(v.result): bytes.fromhex(v.plaintext) for v in GCM_VECTORS}

        def decrypt(self, nonce: bytes, data: bytes, associated: bytes) -> bytes:
            return self.known.get(data, b"")

    for broken in (AESGCMSIV, Gullible):
        monkeypatch.setattr(selftest, "AESGCM", broken)
        with pytest.raises(SelfTestFailed, match="AES-GCM gives wrong answers"):
            selftest.run()
