"""The settings refuse to start a clinic that is not safe, and hand each process no more than it needs."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from config.places import HOUSE

GOOD_SECRET = "kx8" * 20
REPORT = """
import json, config.settings as s
print(json.dumps({name: getattr(s, name) for name in (
    "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_SSL_REDIRECT", "SECURE_HSTS_SECONDS", "DEBUG",
    "ALLOWED_HOSTS", "EMAIL_BACKEND", "SECRET_KEY",
)} | {"root": str(s.ROOT_KEY_FILE), "users": [s.DATABASES[n]["USER"] for n in ("default", "keyring")]}))
"""


def load(state: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Load the settings in a process of its own, with this environment and no other setting of ours."""
    ours = ("AMPARO_", "DATABASE_URL", "KEYRING_URL", "BROKER_URL")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return subprocess.run(
        [sys.executable, "-c", REPORT],
        env=clean | {"AMPARO_STATE": str(state)} | environment,
        cwd=HOUSE,
        capture_output=True,
        text=True,
    )


def loaded(state: Path, **environment: str) -> dict[str, Any]:
    answer = load(state, **environment)
    assert answer.returncode == 0, answer.stderr
    settings: dict[str, Any] = json.loads(answer.stdout)
    return settings


def test_without_any_setting_one_machine_serves_itself(tmp_path: Path) -> None:
    settings = loaded(tmp_path)

    assert settings["ALLOWED_HOSTS"] == ["127.0.0.1", "[::1]", "localhost"]
    assert settings["DEBUG"] is False
    assert settings["EMAIL_BACKEND"] == "config.mail.OwedBackend"


def test_the_secret_is_made_once_and_only_we_can_read_it(tmp_path: Path) -> None:
    first = loaded(tmp_path)
    second = loaded(tmp_path)

    assert first["SECRET_KEY"] == second["SECRET_KEY"]
    assert len(first["SECRET_KEY"]) >= 50
    assert (tmp_path / "secret.key").stat().st_mode & 0o777 == 0o600


def test_a_secret_that_others_can_read_stops_the_start(tmp_path: Path) -> None:
    loaded(tmp_path)
    (tmp_path / "secret.key").chmod(0o644)

    answer = load(tmp_path)

    assert answer.returncode != 0
    assert "chmod 600" in answer.stderr


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"AMPARO_URL": "https://cases.clinic.example"}, "AMPARO_SECRET_KEY is not set"),
        (
            {"AMPARO_URL": "https://cases.clinic.example", "AMPARO_SECRET_KEY": "short"},
            "AMPARO_SECRET_KEY is too short",
        ),
        ({"AMPARO_URL": "http://cases.clinic.example"}, "in the clear"),
        (
            {
                "AMPARO_URL": "https://cases.clinic.example",
                "AMPARO_SECRET_KEY": GOOD_SECRET,
                "AMPARO_DEMO": "yes",
            },
            "The demo signs anyone in",
        ),
        ({"DATABASE_URL_WORKER": "postgres://a:b@db/cases"}, "KEYRING_URL_WORKER"),
    ],
)
def test_an_unsafe_start_is_refused_in_words(tmp_path: Path, environment: dict[str, str], words: str) -> None:
    answer = load(tmp_path, **environment)

    assert answer.returncode != 0
    assert words in answer.stderr


def test_an_https_address_makes_everything_secure(tmp_path: Path) -> None:
    settings = loaded(tmp_path, AMPARO_URL="https://cases.clinic.example", AMPARO_SECRET_KEY=GOOD_SECRET)

    assert settings["SESSION_COOKIE_SECURE"]
    assert settings["CSRF_COOKIE_SECURE"]
    assert settings["SECURE_SSL_REDIRECT"]
    assert settings["SECURE_HSTS_SECONDS"] == 31_536_000
    assert "cases.clinic.example" in settings["ALLOWED_HOSTS"]


@pytest.mark.parametrize(
    ("role", "users"),
    [
        ("owner", ["amparo_owner", "amparo_owner"]),
        ("web", ["amparo_web", "amparo_keyring"]),
        ("worker", ["amparo_worker", "amparo_shredder"]),
    ],
)
def test_each_process_has_roles_of_its_own(tmp_path: Path, role: str, users: list[str]) -> None:
    settings = loaded(tmp_path, AMPARO_ROLE=role)

    assert settings["users"] == users


@pytest.mark.parametrize("role", ["owner", "worker"])
def test_only_web_learns_where_the_root_key_is(tmp_path: Path, role: str) -> None:
    told = {"AMPARO_ROOT_KEY_FILE": "/safe/root.key"}

    assert loaded(tmp_path, AMPARO_ROLE=role, **told)["root"] == "None"
    assert loaded(tmp_path, AMPARO_ROLE="web", **told)["root"] == "/safe/root.key"


def test_the_deployment_check_finds_nothing(tmp_path: Path) -> None:
    environment = {
        "AMPARO_STATE": str(tmp_path),
        "AMPARO_URL": "https://cases.clinic.example",
        "AMPARO_SECRET_KEY": "".join(chr(33 + n % 90) for n in range(70)),
        "AMPARO_ROLE": "web",
    }

    checked = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        env=os.environ | environment,
        cwd=HOUSE,
        capture_output=True,
        text=True,
    )

    assert checked.returncode == 0, checked.stderr
