"""Settings come from the environment, and what is wrong with one is said in words, without its value."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import env

Monkey = pytest.MonkeyPatch


def test_a_file_can_hold_the_value(monkeypatch: Monkey, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cret\n")
    monkeypatch.setenv("THING_FILE", str(tmp_path / "secret"))

    assert env.text("THING") == "s3cret"


def test_a_missing_value_says_both_ways_to_give_it(monkeypatch: Monkey) -> None:
    monkeypatch.delenv("THING", raising=False)

    with pytest.raises(ImproperlyConfigured, match=r"Set THING, or set THING_FILE"):
        env.text("THING")


def test_an_empty_value_is_a_missing_one(monkeypatch: Monkey) -> None:
    monkeypatch.setenv("THING", "")

    assert env.text("THING", "other") == "other"
    assert not env.given("THING")


def test_a_value_given_twice_is_refused(monkeypatch: Monkey) -> None:
    monkeypatch.setenv("THING", "here")
    monkeypatch.setenv("THING_FILE", "/there")

    with pytest.raises(ImproperlyConfigured, match="both set"):
        env.text("THING")


def test_a_file_that_cannot_be_read_is_named_by_its_setting(monkeypatch: Monkey, tmp_path: Path) -> None:
    monkeypatch.setenv("THING_FILE", str(tmp_path / "absent"))

    with pytest.raises(ImproperlyConfigured, match="THING_FILE names a file that cannot be read"):
        env.text("THING", "even with a default")


@pytest.mark.parametrize(("written", "meant"), [("yes", True), ("1", True), ("off", False), ("False", False)])
def test_yes_and_no(monkeypatch: Monkey, written: str, meant: bool) -> None:
    monkeypatch.setenv("THING", written)

    assert env.flag("THING", not meant) is meant


def test_neither_yes_nor_no_is_refused(monkeypatch: Monkey) -> None:
    monkeypatch.setenv("THING", "perhaps")

    with pytest.raises(ImproperlyConfigured, match="yes or no"):
        env.flag("THING", False)


@pytest.mark.parametrize("written", ["many", "-1", "1.5"])
def test_what_is_no_count_is_refused(monkeypatch: Monkey, written: str) -> None:
    monkeypatch.setenv("THING", written)

    with pytest.raises(ImproperlyConfigured):
        env.whole_number("THING", 3)


def test_an_unknown_role_is_refused(monkeypatch: Monkey) -> None:
    monkeypatch.setenv("AMPARO_ROLE", "superuser")

    with pytest.raises(ImproperlyConfigured, match="owner, web or worker"):
        env.role()


def test_the_role_that_may_do_least_is_the_default(monkeypatch: Monkey) -> None:
    monkeypatch.delenv("AMPARO_ROLE", raising=False)

    assert env.role() == "worker"


def test_a_socket_directory_keeps_its_capital_letters(monkeypatch: Monkey) -> None:
    monkeypatch.setenv("DB", "postgres://ana:p%40ss%2Fword@%2Fvar%2FRun%2FPg:5433/cases?sslmode=disable")

    assert env.database("DB", dict) == {
        "NAME": "cases",
        "USER": "ana",
        "PASSWORD": "p@ss/word",
        "HOST": "/var/Run/Pg",
        "PORT": "5433",
        "OPTIONS": {"sslmode": "disable"},
    }


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("postgres://ana:x@db.clinic.example/cases", "db.clinic.example", ""),
        ("postgresql://ana@[2001:db8::1]:5432/cases", "2001:db8::1", "5432"),
        ("postgres://ana:x@/cases?host=/run/postgresql", "/run/postgresql", ""),
    ],
)
def test_every_way_to_write_a_database_host(monkeypatch: Monkey, url: str, host: str, port: str) -> None:
    monkeypatch.setenv("DB", url)

    database = env.database("DB", dict)

    assert (database["HOST"], database["PORT"], database["OPTIONS"]) == (host, port, {})


@pytest.mark.parametrize(
    "url",
    [
        "mysql://ana:hush@db/cases",
        "postgres://ana:hush@db",
        "postgres://db/cases",
        "postgres://ana:hush@db:port/cases",
    ],
)
def test_a_database_url_that_is_wrong_is_not_repeated(monkeypatch: Monkey, url: str) -> None:
    monkeypatch.setenv("DB", url)

    with pytest.raises(ImproperlyConfigured, match=r"^DB ") as refusal:
        env.database("DB", dict)

    assert "hush" not in str(refusal.value)


def test_mail_to_another_machine_is_encrypted(monkeypatch: Monkey) -> None:
    monkeypatch.setenv("MAIL", "smtp://amparo:p%3Ass@mail.clinic.example")

    assert env.mail("MAIL") == {
        "EMAIL_HOST": "mail.clinic.example",
        "EMAIL_PORT": 587,
        "EMAIL_HOST_USER": "amparo",
        "EMAIL_HOST_PASSWORD": "p:ss",
        "EMAIL_USE_SSL": False,
        "EMAIL_USE_TLS": True,
    }


@pytest.mark.parametrize(
    ("url", "ssl", "starttls", "port"),
    [
        ("smtps://mail.clinic.example", True, False, 465),
        ("smtp://127.0.0.1:2525", False, False, 2525),
        ("smtp://relay.internal:25?tls=off", False, False, 25),
        ("smtp://localhost?tls=on", False, True, 587),
    ],
)
def test_how_mail_is_encrypted(monkeypatch: Monkey, url: str, ssl: bool, starttls: bool, port: int) -> None:
    monkeypatch.setenv("MAIL", url)

    mail = env.mail("MAIL")

    assert mail is not None
    assert (mail["EMAIL_USE_SSL"], mail["EMAIL_USE_TLS"], mail["EMAIL_PORT"]) == (ssl, starttls, port)


@pytest.mark.parametrize(
    "url", ["http://cases.clinic.example", "https://", "ftp://x", "https://x/path", "https://u:p@x"]
)
def test_an_address_that_would_leak_or_mislead_is_refused(monkeypatch: Monkey, url: str) -> None:
    monkeypatch.setenv("AMPARO_URL", url)

    with pytest.raises(ImproperlyConfigured, match="AMPARO_URL"):
        env.public_url("http://localhost:8000")
