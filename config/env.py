"""Settings from the environment: NAME, or NAME_FILE for a file that holds it."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, overload
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

Role = Literal["owner", "web", "worker"]

YES = {"1", "true", "yes", "on"}
NO = {"0", "false", "no", "off", ""}
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@overload
def text(name: str) -> str: ...
@overload
def text(name: str, default: str) -> str: ...
@overload
def text(name: str, default: None) -> str | None: ...
def text(name: str, default: Any = ...) -> Any:
    """Return the value of `name`, or of the file named by `name`_FILE, without the line end.

    An empty value counts as unset. Raises ImproperlyConfigured when there is none and no default.
    """
    value = os.environ.get(name, "")
    path = os.environ.get(f"{name}_FILE", "")
    if value and path:
        raise ImproperlyConfigured(f"{name} and {name}_FILE are both set. Keep one of them.")
    if path:
        value = _contents(name, Path(path))
    if value:
        return value
    if default is not ...:
        return default
    raise ImproperlyConfigured(
        f"{name} is not set. Set {name}, or set {name}_FILE to the path of a file that holds it."
    )


def _contents(name: str, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(
            f"{name}_FILE names a file that cannot be read ({type(error).__name__}). Check its path and mode."
        ) from None


def given(name: str) -> bool:
    """Return whether `name` or `name`_FILE is set."""
    return bool(os.environ.get(name) or os.environ.get(f"{name}_FILE"))


def flag(name: str, default: bool) -> bool:
    """Return a yes or no: 1, true, yes, on, or 0, false, no, off."""
    value = text(name, "yes" if default else "no").lower()
    if value not in YES | NO:
        raise ImproperlyConfigured(f"{name} should be yes or no.")
    return value in YES


def whole_number(name: str, default: int, *, least: int = 0) -> int:
    try:
        number = int(text(name, str(default)))
    except ValueError:
        raise ImproperlyConfigured(f"{name} should be a whole number.") from None
    if number < least:
        raise ImproperlyConfigured(f"{name} should be at least {least}.")
    return number


def directory(name: str, default: Path) -> Path:
    """Return an absolute path. A relative one counts from where the process was started."""
    return Path(text(name, str(default))).expanduser().absolute()


def role() -> Role:
    """Return what this process is: owner (migrations), web, or worker, which may do least."""
    value = text("AMPARO_ROLE", "worker")
    match value:
        case "owner" | "web" | "worker":
            return value
    raise ImproperlyConfigured("AMPARO_ROLE should be owner, web or worker.")


def public_url(default: str) -> SplitResult:
    """Return AMPARO_URL, where people reach the clinic: https, or http on this machine only."""
    url = urlsplit(text("AMPARO_URL", default).rstrip("/"))
    if url.scheme not in {"http", "https"} or not url.hostname or url.path or url.query or url.username:
        raise ImproperlyConfigured("AMPARO_URL should be an address such as https://cases.clinic.example.")
    if url.scheme == "http" and url.hostname not in LOOPBACK:
        raise ImproperlyConfigured(
            "AMPARO_URL is http, so passwords and client names would cross the network in the clear."
            " Put a TLS proxy in front and give its https address."
        )
    return url


def _authority(name: str, url: SplitResult) -> tuple[str, str, str, str]:
    """Return (user, password, host, port), unquoted.

    urlsplit().hostname lower-cases the host, and a socket directory in it (%2F...) is a path.
    """
    credentials, _, address = url.netloc.rpartition("@")
    user, _, password = credentials.partition(":")
    if address.startswith("["):
        host, _, port = address[1:].partition("]")
        port = port.removeprefix(":")
    else:
        host, _, port = address.partition(":")
    if port and not port.isdigit():
        raise ImproperlyConfigured(f"{name} has a port that is not a number.")
    return unquote(user), unquote(password), unquote(host), port


def database(name: str, default: Callable[[], Mapping[str, Any]]) -> dict[str, Any]:
    """Return Django's settings for the database in the URL `name`, or `default()` when it is unset.

    postgres://user:password@host:port/database?sslmode=verify-full
    postgres://user:password@%2Frun%2Fpostgresql/database
    """
    value = text(name, None)
    if value is None:
        return dict(default())
    url = urlsplit(value)
    if url.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(f"{name} should start with postgres://. Amparo runs on PostgreSQL only.")
    user, password, host, port = _authority(name, url)
    database_name = unquote(url.path.removeprefix("/"))
    if not user or not database_name:
        raise ImproperlyConfigured(f"{name} should name a user and a database.")
    options = dict(parse_qsl(url.query, strict_parsing=bool(url.query)))
    return {
        "NAME": database_name,
        "USER": user,
        "PASSWORD": password,
        "HOST": options.pop("host", host),
        "PORT": port,
        "OPTIONS": options,
    }


def mail(name: str) -> dict[str, Any] | None:
    """Return the mail server in the URL `name`, or None when it is unset.

    smtp://user:password@host:587 must upgrade to TLS, smtps://...:465 is TLS from the start;
    on the loopback address smtp:// is plain, and ?tls=off says so for any other host.
    """
    value = text(name, None)
    if value is None:
        return None
    url = urlsplit(value)
    user, password, host, port = _authority(name, url)
    tls = dict(parse_qsl(url.query)).get("tls", "off" if host in LOOPBACK else "on")
    if url.scheme not in {"smtp", "smtps"} or not host or tls not in {"on", "off"}:
        raise ImproperlyConfigured(f"{name} should look like smtp://user:password@host:587.")
    implicit = url.scheme == "smtps"
    return {
        "EMAIL_HOST": host,
        "EMAIL_PORT": int(port or (465 if implicit else 587)),
        "EMAIL_HOST_USER": user,
        "EMAIL_HOST_PASSWORD": password,
        "EMAIL_USE_SSL": implicit,
        "EMAIL_USE_TLS": not implicit and tls == "on",
    }
