"""The secrets of second steps are sealed, and open for the person they belong to only."""

from __future__ import annotations

import base64

import pytest

from caseapp.access import mfa
from caseapp.vault.cipher import SealFormat, SealTampered
from tests.conftest import Cast

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def test_a_secret_comes_back_for_its_owner(cast: Cast) -> None:
    stored = mfa.seal(SECRET, whose=cast.ana)

    assert mfa.unseal(stored, whose=cast.ana) == SECRET


def test_a_secret_cannot_be_read_where_it_is_kept(cast: Cast) -> None:
    stored = mfa.seal(SECRET, whose=cast.ana)

    box = base64.b64decode(stored.rsplit(":", 1)[1])
    assert SECRET not in stored
    assert SECRET.encode() not in box
    assert base64.b32decode(SECRET) not in box


@pytest.mark.parametrize("thief", ["ben", "eve"])
def test_a_secret_moved_to_someone_else_does_not_open(cast: Cast, thief: str) -> None:
    stored = mfa.seal(SECRET, whose=cast.ana)

    with pytest.raises(SealTampered):
        mfa.unseal(stored, whose=getattr(cast, thief))


def test_a_secret_relabelled_for_someone_else_does_not_open(cast: Cast) -> None:
    stored = mfa.seal(SECRET, whose=cast.ana).replace(str(cast.ana.id), str(cast.ben.id))

    with pytest.raises(SealTampered):
        mfa.unseal(stored, whose=cast.ben)


def test_a_secret_opens_for_nobody_while_nobody_signs_in(cast: Cast) -> None:
    stored = mfa.seal(SECRET, whose=cast.ana)

    with pytest.raises(SealTampered):
        mfa.unseal(stored, whose=None)
    with pytest.raises(RuntimeError):
        mfa.seal(SECRET, whose=None)


@pytest.mark.parametrize("stored", [SECRET, "", "sf1:::", f"sf2:{SECRET}:{SECRET}:{SECRET}"])
def test_what_we_did_not_seal_is_never_taken_for_a_secret(cast: Cast, stored: str) -> None:
    with pytest.raises(SealFormat):
        mfa.unseal(stored, whose=cast.ana)
