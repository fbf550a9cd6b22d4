"""A mail from years ago, or a copy of the file, held against today's database."""

from __future__ import annotations

from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, transaction

from caseapp import clock, tasks
from caseapp.audit import anchors
from caseapp.audit import services as audit
from caseapp.audit.models import Anchor, Entry
from caseapp.reminders import anchors as nightly
from config.celery import app
from tests.audit.keys import make_signing_key
from tests.conftest import NOW, Cast


@pytest.fixture(autouse=True)
def key(signing_key: str) -> str:
    return signing_key


@pytest.fixture
def old_mail(cast: Cast, tmp_path: Path) -> Path:
    """The mail that the director got one night, saved whole; two more entries were written since."""
    nightly.anchor_trails(now=NOW)
    (sent,) = [each for each in mail.outbox if each.to == [cast.dee.email]]
    file = tmp_path / "old.eml"
    file.write_bytes(sent.message().as_bytes())
    write_two_more(cast)
    return file


def write_two_more(cast: Cast) -> None:
    with transaction.atomic():
        for _ in range(2):
            audit.record(Entry.Event.SEARCHED, clinic_id=cast.clinic.id, actor_id=cast.ana.id)


def verify(capsys: pytest.CaptureFixture[str], **given: Path) -> str:
    call_command("verify_audit", **given)
    return capsys.readouterr().out


def test_an_old_mail_pins_down_the_entries_of_its_day(
    cast: Cast, old_mail: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    entries = audit.length(cast.clinic.id) - 2

    said = verify(capsys, mail=old_mail)

    assert (
        said == f"clinic {cast.clinic.id}: the first {entries} entries are those of 2026-06-03, unchanged\n"
    )


def as_text(message: str) -> str:
    return message


def quoted(message: str) -> str:
    return "She wrote:\n" + "".join(f"> {line}\n" for line in message.splitlines())


def forwarded(message: str) -> str:
    outer = EmailMessage()
    outer["Subject"] = "Fwd: Keep this"
    outer.set_content(quoted(message), cte="quoted-printable")
    outer.add_alternative("<p>the same</p>", subtype="html")
    return outer.as_string()


@pytest.mark.parametrize("how", [as_text, quoted, forwarded])
def test_it_may_be_saved_as_text_quoted_or_forwarded(
    how: Callable[[str], str], cast: Cast, old_mail: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (sent,) = [each for each in mail.outbox if each.to == [cast.dee.email]]
    old_mail.write_text(how(str(sent.body)))

    assert "unchanged" in verify(capsys, mail=old_mail)


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ("DELETE FROM caseapp_entry WHERE clinic_id = %s AND seq > 3", "cut or rolled back"),
        ("UPDATE caseapp_entry SET link = sha256(link) WHERE clinic_id = %s AND seq = 2", "was rewritten"),
    ],
)
def test_a_trail_that_was_cut_or_rewritten_with_its_own_roots_contradicts_the_mail(
    harm: str, said: str, cast: Cast, old_mail: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE caseapp_entry DISABLE TRIGGER USER")
        cursor.execute(harm, [cast.clinic.id])
    Anchor.objects.all().delete()

    with pytest.raises(CommandError, match="does not hold"):
        verify(capsys, mail=old_mail)

    assert said in capsys.readouterr().err


def test_a_mail_whose_figures_were_changed_or_of_another_deployment_is_not_taken(
    cast: Cast, old_mail: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    whole = old_mail.read_text()
    (size,) = [line for line in whole.splitlines() if line.startswith("entries")]
    old_mail.write_text(whole.replace(size, "entries    2"))

    with pytest.raises(CommandError):
        verify(capsys, mail=old_mail)
    assert "1 roots in" in capsys.readouterr().err


def test_roots_signed_with_another_key_are_not_taken(
    cast: Cast, old_mail: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path, settings: Any
) -> None:
    (tmp_path / "other").mkdir()
    make_signing_key(tmp_path / "other", settings)

    with pytest.raises(CommandError):
        verify(capsys, mail=old_mail)

    assert "is not signed by this deployment's key" in capsys.readouterr().err


def test_a_copy_of_the_file_is_compared_where_it_lies(
    cast: Cast, old_mail: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (file,) = [path for path in anchors.directory().glob("*.jsonl") if path.stem == str(cast.clinic.id)]
    kept = file.rename(tmp_path / "kept.jsonl")

    assert "unchanged" in verify(capsys, file=kept)

    with kept.open("a") as more:
        more.write("not a root\n")
    with pytest.raises(CommandError):
        verify(capsys, file=kept)


def test_what_holds_no_root_is_said(cast: Cast, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "note.txt").write_text("Lunch at noon?\n")

    with pytest.raises(CommandError, match="no root in it"):
        verify(capsys, mail=tmp_path / "note.txt")
    with pytest.raises(CommandError, match="cannot be read"):
        verify(capsys, mail=tmp_path / "nothing")


def test_the_schedule_anchors_every_night_by_the_task_that_writes_and_mails(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned = app.conf.beat_schedule["anchor-trails"]
    monkeypatch.setattr(clock, "now", lambda: NOW)

    getattr(tasks, planned["task"].rpartition(".")[2])()

    assert (planned["schedule"].hour, planned["schedule"].minute) == ({8}, {50})
    assert planned["schedule"].day_of_week == set(range(7))
    assert Anchor.objects.filter(clinic_id=cast.clinic.id).count() == 1
    assert [each for each in mail.outbox if each.to == [cast.dee.email]]
