"""Certificates of purges: true ones hold, and no others can be made or made up."""

from __future__ import annotations

import copy
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.urls import reverse
from hypothesis import HealthCheck, given
from hypothesis import settings as trying
from hypothesis import strategies as st

from caseapp.audit import services as audit
from caseapp.audit import signatures, signing
from caseapp.audit.models import Entry
from caseapp.people import services as people
from caseapp.people.services import Particulars
from caseapp.reminders.anchors import anchor_trails
from caseapp.retention import certificates, services, verifying
from caseapp.retention.certificates import NotProven
from caseapp.retention.models import Purge
from caseapp.retention.verifying import Certificate, NotACertificate
from caseapp.vault.models import ClinicKey, KeyState, SubjectKey, Tombstone
from tests.audit.keys import make_signing_key
from tests.conftest import NOW, TODAY, Cast, signed_in
from tests.retention import stranger

LONG_AFTER = datetime(2038, 1, 4, 16, 0, tzinfo=UTC)
NAMES = ["Mateo", "Pascual", "Eulalia", "Ana", "Dee", "Clínica", "A201", "asylum"]


@pytest.fixture
def key(tmp_path: Path, settings: Any) -> str:
    return make_signing_key(tmp_path, settings)


@pytest.fixture
def purged(cast: Cast, key: str) -> Purge:
    """The cast's matter, and with it Mateo and Eulalia, purged by Ana and Dee."""
    services.close_matter(cast.matter, by=cast.ana, on=TODAY, at=NOW, outcome="Granted", kept_as="FULL")
    purge = services.propose_purge(cast.matter, by=cast.ana, at=LONG_AFTER, today=LONG_AFTER.date())
    services.approve_purge(purge, by=cast.dee, at=LONG_AFTER)
    purge.refresh_from_db()
    return purge


def made(purge: Purge, *, at: datetime = LONG_AFTER) -> Certificate:
    return certificates.certify(purge, at=at)


def signed_again(certificate: Certificate) -> Certificate:
    """As someone with the signing key could: the signature is right, whatever the content."""
    body = {name: value for name, value in certificate.items() if name != "signature"}
    return body | {"signature": signing.sign(signatures.CERTIFICATE, body)}


def sql(statement: str, *values: Any, using: str = "default") -> None:
    with connections[using].cursor() as cursor:
        cursor.execute(statement, values)


# --- a true one


def test_it_names_the_keys_that_were_there_and_nobody(cast: Cast, key: str) -> None:
    subjects = [cast.matter.id, cast.mateo.id, cast.eulalia.id]
    ids = SubjectKey.objects.filter(subject_id__in=subjects).values_list("key_id", flat=True)
    before = sorted(bytes(each).hex() for each in ids)
    services.close_matter(cast.matter, by=cast.ana, on=TODAY, at=NOW, outcome="Granted", kept_as="FULL")
    purge = services.propose_purge(cast.matter, by=cast.ana, at=LONG_AFTER, today=LONG_AFTER.date())
    services.approve_purge(purge, by=cast.dee, at=LONG_AFTER)
    purge.refresh_from_db()

    certificate = made(purge)

    file = verifying.written(certificate).decode()
    assert [each["id"] for each in certificate["destroyed"]["keys"]] == before and len(before) == 3
    assert certificate["destroyed"]["people_and_matters"] == 3
    assert (certificate["purge"]["proposed_by"], certificate["purge"]["approved_by"]) == (
        str(cast.ana.id),
        str(cast.dee.id),
    )
    assert [name for name in NAMES if name in file] == []


def test_it_holds_by_itself_and_against_the_databases(purged: Purge, key: str) -> None:
    certificate = verifying.read(verifying.written(made(purged)))

    assert verifying.faults(certificate, public_key=key) == []
    assert certificates.faults_here(certificate) == []


def test_it_is_tied_to_the_root_that_the_directors_were_mailed(cast: Cast, purged: Purge, key: str) -> None:
    unanchored = made(purged)
    anchor_trails(now=LONG_AFTER)
    anchor_trails(now=LONG_AFTER + timedelta(days=1))

    certificate = made(purged)

    assert unanchored["tree"]["anchored"] is None
    assert certificate["tree"]["anchored"]["day"] == "2038-01-04"
    assert verifying.faults(certificate, public_key=key) == []
    other_day = copy.deepcopy(certificate)
    other_day["tree"]["anchored"]["day"] = "2038-01-05"
    assert "not the one that was signed" in verifying.faults(signed_again(other_day), public_key=key)[0]


@pytest.mark.parametrize("anchored", [False, True])
def test_a_stranger_with_the_handbook_comes_to_the_same(purged: Purge, key: str, anchored: bool) -> None:
    if anchored:
        anchor_trails(now=LONG_AFTER)

    file = verifying.written(made(purged))

    assert stranger.holds(file, key)
    assert not stranger.holds(file.replace(b'"rows": ', b'"rows": 1'), key)


def test_what_goes_by_itself_has_one_too(cast: Cast, key: str) -> None:
    people.record_person(Particulars(given_names="Rosa", first_surname="Quispe"), by=cast.ana, at=NOW)
    services.purge_prospects(now=NOW + timedelta(days=31))

    certificate = made(Purge.objects.get())

    assert verifying.faults(certificate, public_key=key) == []
    assert (certificate["purge"]["approved_by"], len(certificate["destroyed"]["keys"])) == (None, 1)


def test_a_purge_cut_off_between_the_databases_names_its_keys_when_it_is_finished(
    cast: Cast, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.close_matter(cast.matter, by=cast.ana, on=TODAY, at=NOW, outcome="Granted", kept_as="FULL")
    purge = services.propose_purge(cast.matter, by=cast.ana, at=LONG_AFTER, today=LONG_AFTER.date())
    with monkeypatch.context() as cut, pytest.raises(KeyboardInterrupt):
        cut.setattr(people, "next_place", cut_off)
        services.approve_purge(purge, by=cast.dee, at=LONG_AFTER)

    services.finish_purges(now=LONG_AFTER + timedelta(hours=1))

    purge.refresh_from_db()
    certificate = made(purge)
    assert len(certificate["destroyed"]["keys"]) == 3
    assert verifying.faults(certificate, public_key=key) == certificates.faults_here(certificate) == []


def cut_off(clinic_id: object) -> None:
    raise KeyboardInterrupt


# --- the second stage


def end_the_clinic_key(purge: Purge, *, at: datetime) -> None:
    """Destroy the clinic's key, step by step, as if all that is left had moved to a later one."""
    SubjectKey.objects.filter(clinic_id=purge.clinic_id).update(generation=3)
    of_the_clinic = ClinicKey.objects.filter(clinic_id=purge.clinic_id)
    of_the_clinic.update(state=KeyState.RETIRING)
    of_the_clinic.update(state=KeyState.RETIRED, retired_at=at)
    of_the_clinic.update(state=KeyState.DESTROYED, wrapped=None, destroyed_at=at)


def test_it_is_pending_while_a_key_that_wrapped_these_is_there(purged: Purge) -> None:
    certificate = made(purged, at=LONG_AFTER + timedelta(days=400))

    assert certificate["irrecoverable"] == {
        "stage": "pending",
        "wrapping_key_destroyed_at": None,
        "keyring_backups_kept_days": 7,
        "from": None,
    }


def test_seven_days_after_the_last_wrapping_key_went_no_backup_can_open_them(purged: Purge, key: str) -> None:
    gone_at = LONG_AFTER + timedelta(days=3)
    end_the_clinic_key(purged, at=gone_at)

    before = made(purged, at=gone_at + timedelta(days=7, seconds=-1))
    after = made(purged, at=gone_at + timedelta(days=7))

    assert [each["irrecoverable"]["stage"] for each in (before, after)] == ["dated", "reached"]
    assert after["irrecoverable"]["from"] == "2038-01-14T16:00:00.000000+00:00"
    assert verifying.faults(after, public_key=key) == []


def test_an_earlier_generation_that_still_stands_keeps_it_pending(purged: Purge) -> None:
    ClinicKey.objects.filter(clinic_id=purged.clinic_id).update(generation=2)
    end_the_clinic_key(purged, at=LONG_AFTER)
    Tombstone.objects.filter(clinic_id=purged.clinic_id).update(generation=2)
    sql("UPDATE caseapp_entry SET digest = %s WHERE event = 'purge:done'", certificates.digest_of(purged))

    certificate = made(purged, at=LONG_AFTER + timedelta(days=400))

    assert certificate["irrecoverable"]["stage"] == "pending", "generation 1 may have wrapped it too"


# --- what cannot be made


@trying(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    state=st.sampled_from(Purge.State.values),
    person=st.booleans(),
    said=st.booleans(),
    tombstone=st.booleans(),
)
def test_nothing_certifies_a_client_who_was_not_purged(
    cast: Cast, key: str, state: str, person: bool, said: bool, tombstone: bool
) -> None:
    """Whatever rows someone with the databases plants, while the client's key is there."""
    purge = Purge.objects.create(
        clinic=cast.clinic,
        person_id=cast.mateo.id if person else None,
        matter_id=None if person else cast.matter.id,
        code=cast.matter.code,
        state=state,
        proposed_by=cast.ana,
        approved_by=cast.dee,
        proposed_at=NOW,
        done_at=NOW,
        keys_destroyed=1,
    )
    if tombstone:
        Tombstone.objects.create(
            key_id=SubjectKey.objects.get(subject_id=cast.mateo.id).key_id,
            clinic_id=cast.clinic.id,
            subject_pseudonym=bytes(32),
            reason=certificates.reason_for(purge.id),
            generation=1,
        )
    if said:
        audit.record(
            Entry.Event.PURGED,
            clinic_id=cast.clinic.id,
            actor_id=None,
            object_id=purge.id,
            digest=certificates.digest_of(purge),
        )

    with pytest.raises(NotProven):
        made(purge)

    Purge.objects.filter(pk=purge.pk).delete()
    Tombstone.objects.filter(reason=certificates.reason_for(purge.id)).delete()


def test_a_purge_that_was_only_proposed_or_refused_is_not_certified(cast: Cast, key: str) -> None:
    services.close_matter(cast.matter, by=cast.ana, on=TODAY, at=NOW, outcome="Granted", kept_as="FULL")
    purge = services.propose_purge(cast.matter, by=cast.ana, at=LONG_AFTER, today=LONG_AFTER.date())

    with pytest.raises(NotProven):
        made(purge)


def test_a_key_that_an_old_keyring_brought_back_is_not_certified_as_gone(cast: Cast, key: str) -> None:
    kept = list(SubjectKey.objects.filter(subject_id=cast.mateo.id))
    services.close_matter(cast.matter, by=cast.ana, on=TODAY, at=NOW, outcome="Granted", kept_as="FULL")
    purge = services.propose_purge(cast.matter, by=cast.ana, at=LONG_AFTER, today=LONG_AFTER.date())
    services.approve_purge(purge, by=cast.dee, at=LONG_AFTER)
    purge.refresh_from_db()
    certificate = made(purge)
    SubjectKey.objects.bulk_create(kept)

    with pytest.raises(NotProven, match="again"):
        made(purge)
    assert "was destroyed is here" in certificates.faults_here(certificate)[0]


# --- what is made up


def test_a_flip_of_any_byte_of_the_file_fails(purged: Purge, key: str) -> None:
    file = verifying.written(made(purged))

    for at in range(len(file)):
        for bit in (0x01, 0x20):
            assert refused(file[:at] + bytes([file[at] ^ bit]) + file[at + 1 :], key), f"byte {at}"


def test_a_file_cut_or_longer_fails(purged: Purge, key: str) -> None:
    file = verifying.written(made(purged))

    assert all(refused(file[:size], key) for size in range(0, len(file), 7))
    assert refused(file + b"\n", key) and refused(file.replace(b"\n", b"\r\n"), key)


def refused(file: bytes, key: str) -> bool:
    try:
        return bool(verifying.faults(verifying.read(file), public_key=key))
    except NotACertificate:
        return True


CHANGES: dict[str, dict[str, Any]] = {
    "keys": {"destroyed": {"keys": [{"id": "00" * 8, "generation": 1}]}},
    "no keys": {"destroyed": {"keys": []}},
    "counts": {"destroyed": {"rows": 1}},
    "another purge": {"purge": {"id": str(uuid4())}},
    "another clinic": {"clinic": str(uuid4())},
    "time": {"entry": {"at": "2038-01-04T16:00:01.000000+00:00"}},
    "place": {"entry": {"seq": 1}},
    "event": {"entry": {"event": "purge:refused"}},
    "root": {"tree": {"root": "00" * 32}},
    "size": {"tree": {"size": 1}},
    "path": {"tree": {"path": []}},
    "no tree": {"tree": None},
    "a number": {"destroyed": 7},
    "huge": {"entry": {"seq": 1 << 80}},
}


@pytest.mark.parametrize("change", CHANGES)
def test_even_with_the_signing_key_it_says_only_what_the_trail_says(
    purged: Purge, key: str, change: str
) -> None:
    certificate = made(purged)
    for part, values in CHANGES[change].items():
        changed = certificate[part] | values if isinstance(values, dict) else values
        certificate[part] = changed

    forged = signed_again(certificate)

    assert verifying.faults(forged, public_key=key)


def test_another_clinics_root_fails(cast: Cast, purged: Purge, key: str) -> None:
    people.record_person(Particulars(given_names="Rosa", first_surname="Quispe"), by=cast.eve, at=NOW)
    services.purge_prospects(now=NOW + timedelta(days=31))
    theirs = made(Purge.objects.get(clinic=cast.other_clinic))
    ours = made(purged)

    ours["tree"] = theirs["tree"]

    found = verifying.faults(signed_again(ours), public_key=key)
    assert found == ["The entry is not in the audit trail that this root stands for."]


def test_another_deployments_key_fails(purged: Purge, key: str, tmp_path: Path, settings: Any) -> None:
    make_signing_key(tmp_path, settings)
    forged = made(purged)

    found = verifying.faults(forged, public_key=key)

    assert "another key" in found[0] and "signature does not hold" in found[1]


@pytest.mark.parametrize(
    "harm",
    [
        "DELETE FROM caseapp_entry WHERE event = 'purge:done'",
        "DELETE FROM caseapp_entry WHERE event = 'purge:approved'",
        "UPDATE caseapp_entry SET event = 'purge:refused' WHERE event = 'purge:done'",
        "UPDATE caseapp_entry SET link = sha256(link) WHERE event = 'client:recorded'",
        "UPDATE caseapp_entry SET seq = -seq WHERE seq IN (2, 3);"
        " UPDATE caseapp_entry SET seq = 5 + seq WHERE seq < 0",
    ],
    ids=["removed", "another removed", "changed", "forked", "reordered"],
)
def test_a_trail_that_lost_or_changed_an_entry_contradicts_it(purged: Purge, key: str, harm: str) -> None:
    certificate = made(purged)
    sql(harm)

    found = certificates.faults_here(certificate)

    assert found and all("%" not in fault for fault in found)


def test_a_lost_tombstone_contradicts_it(purged: Purge, key: str) -> None:
    certificate = made(purged)
    sql("DELETE FROM caseapp_tombstone", using="keyring")

    assert len(certificates.faults_here(certificate)) == 3


# --- as an operator does it


def run(command: str, *args: object, **options: Any) -> str:
    out = io.StringIO()
    call_command(command, *map(str, args), stdout=out, stderr=out, **options)
    return out.getvalue()


def test_an_operator_prints_one_and_anyone_checks_it(
    cast: Cast, purged: Purge, key: str, tmp_path: Path
) -> None:
    file = tmp_path / "cert.json"
    anchor_trails(now=LONG_AFTER)
    kept = tmp_path / "anchors" / f"{cast.clinic.id}.jsonl"

    listed = run("certificate")
    run("certificate", purged.id, "--out", file)
    said = run("verify_purge", file, "--public-key", key, "--anchors", kept)
    against = run("verify_purge", file, "--against")

    assert str(purged.id) in listed and purged.code in listed
    assert "3 keys destroyed on 2038-01-04" in said and "Pending" in said
    assert "The databases agree" in against
    with pytest.raises(CommandError, match="was not written"):
        run("certificate", purged.id, "--out", file)


def test_checking_a_file_asks_no_database(
    purged: Purge, key: str, tmp_path: Path, django_assert_num_queries: Any
) -> None:
    file = tmp_path / "cert.json"
    run("certificate", purged.id, "--out", file)

    with django_assert_num_queries(0), django_assert_num_queries(0, connection=connections["keyring"]):
        run("verify_purge", file)


def test_a_false_one_fails_in_words(cast: Cast, purged: Purge, key: str, tmp_path: Path) -> None:
    file, other = tmp_path / "cert.json", tmp_path / "other.jsonl"
    run("certificate", purged.id, "--out", file)
    other.write_text("")

    with pytest.raises(CommandError, match="does not hold"):
        run("verify_purge", file, "--public-key", "00" * 32)
    with pytest.raises(CommandError, match="does not hold"):
        run("verify_purge", file, "--anchors", other)
    file.write_bytes(file.read_bytes().replace(b"3", b"4", 1))
    with pytest.raises(CommandError):
        run("verify_purge", file)
    with pytest.raises(CommandError, match="cannot be read"):
        run("verify_purge", tmp_path / "nothing.json")
    with pytest.raises(CommandError, match="No purge"):
        run("certificate", uuid4())


def test_the_worker_can_certify_and_check(purged: Purge, key: str) -> None:
    for alias, role in (("default", "amparo_worker"), ("keyring", "amparo_shredder")):
        sql(f"SET ROLE {role}", using=alias)
    try:
        certificate = made(purged)
        found = certificates.faults_here(certificate)
    finally:
        for alias in ("default", "keyring"):
            sql("RESET ROLE", using=alias)

    assert found == []


# --- the page


@pytest.fixture
def long_after(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("caseapp.clock.now", lambda: LONG_AFTER)


def test_the_page_is_reached_from_what_is_gone_and_names_nobody(
    cast: Cast, purged: Purge, key: str, long_after: None
) -> None:
    dee = signed_in(cast.dee)
    url = reverse("purge-certificate", args=[purged.id])

    listed = dee.get(reverse("retention")).content.decode()
    page = dee.get(url).content.decode()

    main = page[page.index("<main") :]
    assert url in listed
    assert key in main and "Pending." in main
    assert all(each["id"] in main for each in made(purged)["destroyed"]["keys"])
    assert [name for name in ["Mateo", "Pascual", "Eulalia", "Clínica"] if name in main] == []


def test_the_file_from_the_page_holds(cast: Cast, purged: Purge, key: str, long_after: None) -> None:
    answer = signed_in(cast.dee).get(reverse("purge-certificate-file", args=[purged.id]))

    assert answer.headers["Content-Type"] == "application/json"
    assert verifying.faults(verifying.read(answer.content), public_key=key) == []


@pytest.mark.parametrize("page", ["purge-certificate", "purge-certificate-file"])
def test_another_clinic_finds_nothing_and_a_volunteer_is_told_why_not(
    cast: Cast, purged: Purge, long_after: None, page: str
) -> None:
    url = reverse(page, args=[purged.id])

    assert signed_in(cast.eve).get(url).status_code == 404
    assert signed_in(cast.vic).get(url).status_code == 403


def test_a_purge_that_cannot_be_certified_says_so_on_the_page(
    cast: Cast, purged: Purge, long_after: None, settings: Any
) -> None:
    settings.AUDIT_KEY_FILE.unlink()

    answer = signed_in(cast.dee).get(reverse("purge-certificate", args=[purged.id]))

    assert answer.status_code == 422 and "The signing key" in answer.content.decode()
