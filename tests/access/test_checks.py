"""The house refuses to start with an unsafe key, address or cookie setting, and starts with safe ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import CheckMessage

from caseapp import checks

SAFE_PUBLIC = {
    "PUBLIC_URL": "https://cases.clinic.example",
    "ALLOWED_HOSTS": ["cases.clinic.example"],
    "SESSION_COOKIE_SECURE": True,
    "CSRF_COOKIE_SECURE": True,
    "MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN": False,
    "SECRET_KEY": "x" * 64,
}
Check = Callable[[], list[CheckMessage]]


def found_by(check: Check) -> list[str | None]:
    return [message.id for message in check()]


@pytest.mark.parametrize(
    "check", [checks.keys_are_where_they_should_be, checks.the_address_is_ours, checks.the_cookies_are_closed]
)
def test_safe_settings_pass(settings: Any, check: Check) -> None:
    for name, value in SAFE_PUBLIC.items():
        setattr(settings, name, value)

    assert found_by(check) == []


@pytest.mark.parametrize(
    ("name", "value", "number"),
    [
        ("PUBLIC_URL", "http://cases.clinic.example", "amparo.C010"),
        ("ALLOWED_HOSTS", ["*"], "amparo.C011"),
        ("ALLOWED_HOSTS", [".clinic.example"], "amparo.C011"),
        ("ALLOWED_HOSTS", [], "amparo.C011"),
        ("DEBUG", True, "amparo.C012"),
        ("DEMO", True, "amparo.C013"),
        ("MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN", True, "amparo.C014"),
    ],
)
def test_an_unsafe_address_is_refused(settings: Any, name: str, value: object, number: str) -> None:
    for safe_name, safe in SAFE_PUBLIC.items():
        setattr(settings, safe_name, safe)
    setattr(settings, name, value)

    assert number in found_by(checks.the_address_is_ours)


@pytest.mark.parametrize(
    ("name", "value", "number"),
    [
        ("SECRET_KEY", "guess me", "amparo.C020"),
        ("SESSION_COOKIE_HTTPONLY", False, "amparo.C021"),
        ("CSRF_COOKIE_HTTPONLY", False, "amparo.C021"),
        ("SESSION_COOKIE_SAMESITE", "None", "amparo.C022"),
        ("SESSION_COOKIE_SECURE", False, "amparo.C023"),
        ("CSRF_COOKIE_SECURE", False, "amparo.C023"),
        ("CACHES", {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}, "amparo.C024"),
    ],
)
def test_an_open_cookie_is_refused(settings: Any, name: str, value: object, number: str) -> None:
    for safe_name, safe in SAFE_PUBLIC.items():
        setattr(settings, safe_name, safe)
    setattr(settings, name, value)

    assert found_by(checks.the_cookies_are_closed) == [number]


def test_a_worker_that_knows_where_the_root_key_is_does_not_start(settings: Any, tmp_path: Path) -> None:
    settings.AMPARO_ROLE = "worker"
    settings.ROOT_KEY_FILE = tmp_path / "root.key"

    assert found_by(checks.keys_are_where_they_should_be) == ["amparo.C001"]


@pytest.mark.parametrize(("mode", "found"), [(0o600, []), (0o640, ["amparo.W004"]), (0o604, ["amparo.W004"])])
def test_a_root_key_others_can_read_is_refused(
    settings: Any, tmp_path: Path, mode: int, found: list[str]
) -> None:
    key = tmp_path / "root.key"
    key.write_bytes(b"k" * 32)
    key.chmod(mode)
    settings.AMPARO_ROLE, settings.KEY_PROVIDER, settings.ROOT_KEY_FILE = "web", "file", key

    assert found_by(checks.keys_are_where_they_should_be) == found


def test_a_root_key_that_is_a_link_is_refused(settings: Any, tmp_path: Path) -> None:
    key = tmp_path / "elsewhere"
    key.write_bytes(b"k" * 32)
    (tmp_path / "root.key").symlink_to(key)
    settings.AMPARO_ROLE, settings.KEY_PROVIDER = "web", "file"
    settings.ROOT_KEY_FILE = tmp_path / "root.key"

    assert found_by(checks.keys_are_where_they_should_be) == ["amparo.W003"]


def test_a_missing_root_key_lets_the_house_run_locked(settings: Any, tmp_path: Path) -> None:
    settings.AMPARO_ROLE, settings.KEY_PROVIDER = "web", "file"
    settings.ROOT_KEY_FILE = tmp_path / "not.there"

    assert found_by(checks.keys_are_where_they_should_be) == []
