"""The key that roots and certificates are signed with: known answers, and every file that is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from caseapp.audit import signatures, signing
from caseapp.audit.signing import SigningKeyRefused
from tests.audit.keys import make_signing_key

# RFC 8032, 7.1, TEST 1.
SEED = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
PUBLIC = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"


def test_the_public_half_is_that_of_rfc_8032(signing_key: str, settings: Any) -> None:
    settings.AUDIT_KEY_FILE.write_text(SEED + "\n")

    assert signing.public_key() == PUBLIC


def test_a_signature_holds_for_its_purpose_and_its_value_only(signing_key: str) -> None:
    key, signature = bytes.fromhex(signing_key), bytes.fromhex(signing.sign(signatures.ROOT, {"size": 1}))

    assert signatures.holds(key, signatures.ROOT, {"size": 1}, signature)
    assert not signatures.holds(key, signatures.ROOT, {"size": 2}, signature)
    assert not signatures.holds(key, signatures.CERTIFICATE, {"size": 1}, signature)
    assert not signatures.holds(bytes.fromhex(PUBLIC), signatures.ROOT, {"size": 1}, signature)
    assert not signatures.holds(key[:-1], signatures.ROOT, {"size": 1}, signature)
    assert not signatures.holds(key, signatures.ROOT, {"size": 1}, signature[:-1])


@pytest.mark.parametrize("text", ["AA", "aaa", "", "zz", None, 7, "aa\n", " aa"])
def test_bytes_are_written_in_one_way_only(text: Any) -> None:
    with pytest.raises(ValueError):
        signatures.from_hex(text, 1)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda file: file.unlink(), "cannot be read"),
        (lambda file: file.chmod(0o640), "chmod 600"),
        (lambda file: file.write_text("ab" * 31), "damaged"),
        (lambda file: file.write_text("ab" * 33), "damaged"),
        (lambda file: file.write_bytes(b"\xff" * 32), "damaged"),
        (lambda file: file.rename(file.with_name("x")) and file.symlink_to("x"), "cannot be read"),
    ],
)
def test_an_unsafe_or_damaged_key_signs_nothing(
    signing_key: str, settings: Any, spoil: Any, says: str
) -> None:
    spoil(settings.AUDIT_KEY_FILE)

    with pytest.raises(SigningKeyRefused, match=says):
        signing.sign(signatures.ROOT, {})


def test_each_deployment_has_a_key_of_its_own(tmp_path: Path, settings: Any) -> None:
    assert make_signing_key(tmp_path, settings) != make_signing_key(tmp_path, settings)
