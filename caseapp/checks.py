"""Refuse to start when a key, host or cookie setting is unsafe. Every command runs these first."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Critical, Warning, register

from caseapp.vault import checks as vault_checks

__all__ = ["vault_checks"]

LOOPBACK = {"localhost", "127.0.0.1", "::1"}
SHORTEST_SECRET = 50


def _unsafe(text: str, number: int) -> CheckMessage:
    return Critical(text, id=f"amparo.C{number:03}")


def _locked(text: str, number: int) -> CheckMessage:
    return Warning(f"{text} Until then everything stays locked.", id=f"amparo.W{number:03}")


@register(checks.Tags.security)
def keys_are_where_they_should_be(**_: Any) -> list[CheckMessage]:
    """Only web is told where the root key is.

    A key that is missing or open to others is no reason not to start: the house then runs locked, says so
    on every page, and goes on sending reminders until the key is put right.
    """
    root = settings.ROOT_KEY_FILE
    if settings.AMPARO_ROLE != "web":
        held = "This process was told where the root key is, and only web may be. Unset ROOT_KEY_FILE for it."
        return [_unsafe(held, 1)] if root is not None and settings.AMPARO_ROLE == "worker" else []
    if settings.KEY_PROVIDER != "file":
        return []
    if root is None:
        return [_unsafe("The web process has no root key file. Set AMPARO_ROOT_KEY_FILE.", 2)]
    return _root_file_is_private(Path(root))


def _root_file_is_private(root: Path) -> list[CheckMessage]:
    try:
        found = root.lstat()
    except OSError:
        return []
    if not stat.S_ISREG(found.st_mode):
        return [_locked(f"The root key {root} is not an ordinary file. Put the key file itself there.", 3)]
    if stat.S_IMODE(found.st_mode) & 0o077:
        return [_locked(f"Others on this machine can read the root key. Run: chmod 600 {root}", 4)]
    return []


@register(checks.Tags.security)
def the_address_is_ours(**_: Any) -> list[CheckMessage]:
    """No unencrypted address but the loopback one, no host that was not named, no page for developers."""
    address = urlsplit(settings.PUBLIC_URL)
    at_home = address.hostname in LOOPBACK
    found = []
    if address.scheme != "https" and not at_home:
        found.append(_unsafe("AMPARO_URL is not https. Only an address on this machine may do without.", 10))
    if any(host.startswith(("*", ".")) for host in settings.ALLOWED_HOSTS) or not settings.ALLOWED_HOSTS:
        found.append(_unsafe("ALLOWED_HOSTS must name each host. Take the wildcard out.", 11))
    if settings.DEBUG:
        found.append(_unsafe("DEBUG shows what is sealed in its error pages. Switch it off.", 12))
    if settings.DEMO and not at_home:
        found.append(_unsafe("The demo signs anyone in, so it answers on this machine only.", 13))
    if settings.MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN and (not at_home or address.scheme == "https"):
        found.append(
            _unsafe("Passkeys are accepted from unencrypted pages. Only http://localhost may do that.", 14)
        )
    return found


@register(checks.Tags.security)
def the_cookies_are_closed(**_: Any) -> list[CheckMessage]:
    """What carries a session is out of reach of scripts, of other sites and of unencrypted connections."""
    found = []
    if len(settings.SECRET_KEY) < SHORTEST_SECRET:
        found.append(_unsafe("AMPARO_SECRET_KEY is too short. Use at least 50 random characters.", 20))
    if not (settings.SESSION_COOKIE_HTTPONLY and settings.CSRF_COOKIE_HTTPONLY):
        found.append(
            _unsafe("Scripts can read the session's cookies. Set the HTTPONLY settings to True.", 21)
        )
    if {settings.SESSION_COOKIE_SAMESITE, settings.CSRF_COOKIE_SAMESITE} - {"Lax", "Strict"}:
        found.append(_unsafe("Other sites can send the session's cookies. Set SAMESITE to Lax.", 22))
    encrypted = urlsplit(settings.PUBLIC_URL).scheme == "https"
    if encrypted and not (settings.SESSION_COOKIE_SECURE and settings.CSRF_COOKIE_SECURE):
        found.append(_unsafe("Cookies would travel unencrypted. Set the COOKIE_SECURE settings to True.", 23))
    if "locmem" in settings.CACHES["default"]["BACKEND"] or "dummy" in settings.CACHES["default"]["BACKEND"]:
        found.append(_unsafe("Each process would count sign-in tries by itself. Use the database cache.", 24))
    return found
