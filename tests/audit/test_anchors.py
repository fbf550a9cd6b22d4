"""Daily roots: a trail that was cut, rewritten, forked or rolled back does not agree with them."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from caseapp.audit import anchors, chain
from caseapp.audit import services as audit
from caseapp.audit.models import Anchor, Entry
from caseapp.reminders.anchors import anchor_trails
from tests.audit.keys import make_signing_key
from tests.conftest import NOW, Cast, as_the_web_process

pytestmark = pytest.mark.usefixtures("signing_key")


def night(cast: Cast, number: int = 0) -> None:
    """Let something happen, then let a night pass."""
    with transaction.atomic():
        audit.record(Entry.Event.SEARCHED, clinic_id=cast.clinic.id, actor_id=cast.ana.id)
    anchor_trails(now=NOW + timedelta(days=number))


def file_of(clinic_id: UUID) -> Path:
    return anchors.directory() / f"{clinic_id}.jsonl"


def sql(statement: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def rewrite(clinic_id: UUID, seq: int, event: str) -> None:
    """Change one entry and make all links after it right again, as someone with the database could."""
    entry = Entry.objects.get(clinic_id=clinic_id, seq=seq)
    entry.event = event
    for each in [entry, *Entry.objects.filter(clinic_id=clinic_id, seq__gt=seq).order_by("seq")]:
        before = Entry.objects.filter(clinic_id=clinic_id, seq=each.seq - 1).first()
        each.previous = bytes(before.link) if before else chain.START
        each.link = audit._link(each)
        sql(
            "UPDATE caseapp_entry SET event = %s, previous = %s, link = %s WHERE id = %s",
            each.event,
            each.previous,
            each.link,
            each.id,
        )


def test_an_honest_trail_agrees_with_every_root_it_ever_had(cast: Cast) -> None:
    for number in range(3):
        night(cast, number)
    night(cast, 2)

    assert Anchor.objects.filter(clinic_id=cast.clinic.id).count() == 3
    assert len(file_of(cast.clinic.id).read_text().splitlines()) == 3
    assert list(anchors.faults(cast.clinic.id)) == []
    call_command("verify_audit")


def test_a_trail_cut_short_is_noticed_although_its_chain_holds(cast: Cast) -> None:
    night(cast)
    sql(
        "DELETE FROM caseapp_entry WHERE clinic_id = %s AND seq = %s",
        cast.clinic.id,
        audit.length(cast.clinic.id),
    )

    assert list(audit.faults(cast.clinic.id)) == []
    assert [fault for fault in anchors.faults(cast.clinic.id) if "cut or rolled back" in fault]
    with pytest.raises(CommandError):
        call_command("verify_audit")


def test_a_trail_rewritten_with_all_its_links_is_noticed(cast: Cast) -> None:
    night(cast)
    rewrite(cast.clinic.id, 3, Entry.Event.LOCKED)

    assert list(audit.faults(cast.clinic.id)) == []
    assert [fault for fault in anchors.faults(cast.clinic.id) if "rewritten" in fault]


def test_a_database_rolled_back_with_its_anchors_is_noticed_by_the_file(cast: Cast) -> None:
    night(cast)
    night(cast, 1)
    sql("DELETE FROM caseapp_anchor WHERE day = %s", (NOW + timedelta(days=1)).date())
    sql(
        "DELETE FROM caseapp_entry WHERE clinic_id = %s AND seq = %s",
        cast.clinic.id,
        audit.length(cast.clinic.id),
    )

    assert [fault for fault in anchors.faults(cast.clinic.id) if "cut or rolled back" in fault]


def test_a_clinic_that_is_missing_altogether_is_noticed(
    cast: Cast, capsys: pytest.CaptureFixture[str]
) -> None:
    night(cast)
    lost = uuid4()
    file_of(cast.clinic.id).rename(file_of(lost))

    with pytest.raises(CommandError):
        call_command("verify_audit")

    assert f"clinic {lost} has roots on file and is not in this database" in capsys.readouterr().err


def test_another_clinics_root_or_another_key_is_not_taken(cast: Cast, tmp_path: Path, settings: Any) -> None:
    night(cast)
    own, other = file_of(cast.clinic.id), file_of(cast.other_clinic.id)
    own.write_text(other.read_text())
    of_another_clinic = list(anchors.faults(cast.clinic.id))
    make_signing_key(tmp_path, settings)
    of_another_key = list(anchors.faults(cast.other_clinic.id))

    assert [fault for fault in of_another_clinic if "is another clinic's" in fault]
    assert [fault for fault in of_another_key if "not signed by this deployment's key" in fault]


@pytest.mark.parametrize(
    "change", [{"size": 1}, {"root": "00" * 32}, {"day": "2020-01-01"}, {"signature": "zz"}]
)
def test_a_line_that_was_changed_is_not_taken(cast: Cast, change: dict[str, Any]) -> None:
    night(cast)
    line = json.loads(file_of(cast.clinic.id).read_text())
    file_of(cast.clinic.id).write_text(json.dumps(line | change))

    assert [fault for fault in anchors.faults(cast.clinic.id) if "not signed" in fault]


def test_a_line_cut_off_in_writing_is_named_and_the_root_is_written_again(cast: Cast) -> None:
    night(cast)
    whole = file_of(cast.clinic.id).read_text()
    file_of(cast.clinic.id).write_text(whole[:50])

    night(cast)

    assert file_of(cast.clinic.id).read_text() == whole[:50] + "\n" + whole
    assert [fault for fault in anchors.faults(cast.clinic.id) if "1 lines of" in fault]


def test_the_file_is_for_this_account_only(cast: Cast) -> None:
    night(cast)

    assert file_of(cast.clinic.id).stat().st_mode & 0o077 == 0
    assert anchors.directory().stat().st_mode & 0o077 == 0


# --- the mail


def test_each_director_gets_the_root_once_and_the_mail_names_nobody(cast: Cast) -> None:
    night(cast)
    night(cast)

    by_address = {each.to[0]: str(each.body) for each in mail.outbox}
    anchor = Anchor.objects.get(clinic_id=cast.clinic.id)
    text = by_address[cast.dee.email]
    assert len(mail.outbox) == 2 and set(by_address) == {cast.dee.email, cast.eve.email}
    assert bytes(anchor.root).hex() in text and bytes(anchor.signature).hex() in text
    assert f"entries    {anchor.size}" in text
    for word in [str(cast.clinic.id), "Clínica", "Dee", "Mateo", cast.matter.code]:
        assert word not in text


def test_a_root_that_no_mail_server_took_is_sent_the_next_night(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: object) -> int:
        raise ConnectionRefusedError

    with monkeypatch.context() as patched:
        patched.setattr("django.core.mail.EmailMessage.send", refuse)
        night(cast)

    night(cast, 1)

    days = [str(each.day) for each in Anchor.objects.filter(clinic_id=cast.clinic.id).order_by("day")]
    text = next(str(each.body) for each in mail.outbox if each.to == [cast.dee.email])
    assert len(mail.outbox) == 2
    assert all(f"day        {day}" in text for day in days) and len(days) == 2


def test_without_its_key_nothing_is_anchored_and_the_other_work_goes_on(cast: Cast, settings: Any) -> None:
    settings.AUDIT_KEY_FILE.unlink()

    night(cast)

    assert not Anchor.objects.exists() and not mail.outbox


# --- who may do what


def test_the_worker_anchors_and_the_web_only_reads(cast: Cast) -> None:
    sql("SET ROLE amparo_worker")
    night(cast)
    sql("RESET ROLE")

    assert Anchor.objects.count() == 2
    with as_the_web_process(), pytest.raises(Exception, match="permission denied"), transaction.atomic():
        sql("UPDATE caseapp_anchor SET size = 1")


@pytest.mark.parametrize("column", ["root", "size", "day", "signature"])
def test_nobody_changes_a_root(cast: Cast, column: str) -> None:
    sql("SET ROLE amparo_worker")

    with pytest.raises(Exception, match="permission denied"), transaction.atomic():
        sql(f"UPDATE caseapp_anchor SET {column} = NULL")
    with pytest.raises(Exception, match="permission denied"), transaction.atomic():
        sql("DELETE FROM caseapp_anchor")
    sql("RESET ROLE")
