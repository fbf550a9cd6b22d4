"""New keys in place of old ones: nothing becomes unreadable, and nothing old goes on opening."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, ProgrammingError, connection, connections, transaction
from django.http import HttpResponse
from django.test import RequestFactory

from caseapp.access.models import Clinic
from caseapp.people.models import Person
from caseapp.safekeeping.models import Check
from caseapp.vault import cipher, keyring, resealing, root, rotation, services
from caseapp.vault.cipher import SealError, SealKeyGone, SealTampered, WrappingKey
from caseapp.vault.models import ClinicKey, Epoch, KeyState, SubjectKey, Tombstone
from caseapp.web.rekeying import FreshKeys
from tests.conftest import Cast, signed_in
from tests.vault.conftest import record_person, set_up_clinic
from tests.vault.proof_models import Letter, Parcel

NOW = datetime(2026, 6, 3, 16, 0, tzinfo=UTC)
DAY = timedelta(days=1)
BOTH = ["default", "keyring"]
pytestmark = pytest.mark.django_db(databases=BOTH)


@pytest.fixture(autouse=True)
def proof_tables_are_swept(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """In small batches, so that there are several."""
    monkeypatch.setattr(rotation, "KEYS_AT_ONCE", 2)
    monkeypatch.setattr(resealing, "ROWS_AT_ONCE", 2)
    if "cast" not in request.fixturenames:
        proofs = [*resealing.tables(), resealing.Table(Letter), resealing.Table(Parcel)]
        monkeypatch.setattr(resealing, "tables", lambda: proofs)


def write(clinic: UUID, person: UUID, text: str = "Dear María") -> Letter:
    """Make a letter of three sealed values, one of which is the sealed nothing."""
    return Letter.objects.create(clinic_id=clinic, person_id=person, text=text, facts={"a": 1}, number=None)


def read(letter: Letter) -> tuple[str, Any, Any]:
    row = Letter.objects.get(pk=letter.pk)
    return row.text, row.facts, row.number


def states(clinic: UUID) -> dict[int, str]:
    return dict(ClinicKey.objects.filter(clinic_id=clinic).values_list("generation", "state"))


def states_of(person: UUID) -> list[str]:
    return sorted(SubjectKey.objects.filter(subject_id=person).values_list("state", flat=True))


def generations_in_use(clinic: UUID) -> set[int]:
    return set(SubjectKey.objects.filter(clinic_id=clinic).values_list("generation", flat=True))


def boxes_of(letter: Letter) -> list[bytes]:
    columns = ("text", "facts", "number")
    return [bytes(box) for box in Letter.objects.filter(pk=letter.pk).values_list(*columns)[0]]


def copy_of_keys(clinic: UUID) -> list[tuple[bytes, UUID, bytes, int]]:
    rows = SubjectKey.objects.filter(clinic_id=clinic)
    return [(bytes(r.key_id), r.subject_id, bytes(r.wrapped), r.generation) for r in rows]


class CutError(Exception):
    """The process ends here."""


@contextmanager
def cut_at(number: int) -> Iterator[list[int]]:
    """Raise CutError in place of the numbered statement of either database, once. Yields the count."""
    count = [0]

    def step(execute: Callable[..., Any], *args: Any) -> Any:
        count[0] += 1
        if count[0] == number:
            raise CutError
        return execute(*args)

    with ExitStack() as wrapped:
        for alias in BOTH:
            wrapped.enter_context(connections[alias].execute_wrapper(step))
        yield count


def cut_everywhere(
    act: Callable[[UUID, UUID], object],
    check: Callable[[UUID, list[Letter]], None],
    *,
    after: Callable[[UUID, UUID], object] = lambda clinic, person: None,
) -> int:
    """Cut `act` at each of its statements in turn, read everything, run it again, read again and `check`.

    `after` goes before, uncut. Returns how many statements there were.
    """
    for number in range(1, 200):
        clinic = set_up_clinic()
        person = record_person(clinic)
        letters = [write(clinic, person, f"letter {n}") for n in range(3)]
        letters += [write(clinic, record_person(clinic), f"letter {n}") for n in (3, 4)]
        written = [(f"letter {n}", {"a": 1}, None) for n in range(5)]
        after(clinic, person)
        keyring.drop_all()
        try:
            with cut_at(number) as count:
                act(clinic, person)
        except CutError:
            keyring.drop_all()
            assert [read(letter) for letter in letters] == written
            keyring.drop_all()
            act(clinic, person)
        else:
            assert count[0] < number
            return count[0]
        keyring.drop_all()
        assert [read(letter) for letter in letters] == written
        check(clinic, letters)
    raise AssertionError("It never ran to its end.")


# A clinic's key


def test_a_new_generation_wraps_every_key_and_retires_the_old_one(clinic: UUID) -> None:
    people = [record_person(clinic) for _ in range(5)]
    letters = [write(clinic, person) for person in people]
    boxes = [boxes_of(letter) for letter in letters]

    generation = rotation.new_generation(clinic, at=NOW)

    keyring.drop_all()
    assert generation == 2
    assert states(clinic) == {1: "RETIRED", 2: "ACTIVE"}
    assert generations_in_use(clinic) == {2}
    assert ClinicKey.objects.get(clinic_id=clinic, generation=1).retired_at == NOW
    assert [read(letter) for letter in letters] == [("Dear María", {"a": 1}, None)] * 5
    assert [boxes_of(letter) for letter in letters] == boxes  # the data is not touched


def test_keys_made_afterwards_are_wrapped_by_the_new_generation(clinic: UUID, person: UUID) -> None:
    rotation.new_generation(clinic, at=NOW)

    later = SubjectKey.objects.get(subject_id=record_person(clinic))

    assert later.generation == 2
    assert bytes(later.wrapped)[:4] == (2).to_bytes(4, "big")


def test_a_key_made_across_the_change_is_not_left_with_the_old_generation(
    clinic: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process has opened the old clinic key when another one changes it."""
    real = keyring.newest_wrapping_key
    offered: list[int] = []

    def slow(clinic_id: UUID) -> WrappingKey:
        wrapping = real(clinic_id)
        offered.append(wrapping.generation)
        if len(offered) == 1:
            rotation.new_generation(clinic, at=NOW)
        return wrapping

    monkeypatch.setattr(keyring, "newest_wrapping_key", slow)
    person = record_person(clinic)

    assert offered[0] == 1
    assert SubjectKey.objects.get(subject_id=person).generation == 2
    assert keyring.field_key(clinic, person)


def test_another_clinics_keys_are_left_alone(clinic: UUID) -> None:
    other = set_up_clinic()
    theirs = record_person(other)
    before = copy_of_keys(other)

    rotation.new_generation(clinic, at=NOW)

    assert (states(other), copy_of_keys(other)) == ({1: "ACTIVE"}, before)
    assert keyring.field_key(other, theirs)


@pytest.mark.django_db(databases=BOTH, transaction=True)
def test_cut_at_any_statement_a_new_generation_is_finished_by_the_next_run(vault: None) -> None:
    def check(clinic: UUID, letters: list[Letter]) -> None:
        found = states(clinic)
        active = [generation for generation, state in found.items() if state == "ACTIVE"]
        assert generations_in_use(clinic) == set(active)
        assert set(found.values()) == {"ACTIVE", "RETIRED"}
        # A run that was cut off after its last change had made its generation; the next makes another.
        assert active in ([2], [3])

    statements = cut_everywhere(lambda clinic, _: rotation.new_generation(clinic, at=NOW), check)

    assert statements > 15


@pytest.mark.django_db(databases=BOTH, transaction=True)
def test_cut_at_any_statement_destroying_a_generation_is_finished_by_the_next_run(vault: None) -> None:
    def check(clinic: UUID, letters: list[Letter]) -> None:
        assert states(clinic) == {1: "DESTROYED", 2: "ACTIVE"}
        assert generations_in_use(clinic) == {2}

    statements = cut_everywhere(
        lambda clinic, person: rotation.destroy_generations(at=NOW + 7 * DAY),
        check,
        after=lambda clinic, person: rotation.new_generation(clinic, at=NOW),
    )

    assert statements >= 2  # the keys, and the word to drop them


def test_an_interrupted_change_does_not_begin_another(clinic: UUID, person: UUID) -> None:
    rotation._add(clinic)

    rotation.new_generation(clinic, at=NOW)

    assert states(clinic) == {1: "RETIRED", 2: "ACTIVE"}


def test_two_processes_changing_at_once_leave_every_key_with_the_newest(
    clinic: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One is about to store fresh wraps when the other, faster, changes the key twice."""
    people = [record_person(clinic) for _ in range(3)]
    real = rotation._rewrapped
    overtaken: list[bool] = []

    def slow(row: rotation.Wrapping, old: WrappingKey, new: WrappingKey) -> bytes | None:
        fresh = real(row, old, new)
        if not overtaken:
            overtaken.append(True)
            rotation.finish(clinic, at=NOW)
            rotation.new_generation(clinic, at=NOW)
        return fresh

    monkeypatch.setattr(rotation, "_rewrapped", slow)
    rotation.new_generation(clinic, at=NOW)

    keyring.drop_all()
    assert states(clinic) == {1: "RETIRED", 2: "RETIRED", 3: "ACTIVE"}
    assert generations_in_use(clinic) == {3}
    assert all(keyring.field_key(clinic, person) for person in people)


def test_a_key_purged_during_the_change_stays_gone(clinic: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    people = [record_person(clinic) for _ in range(3)]
    real = rotation._rewrapped

    def purging(row: rotation.Wrapping, old: WrappingKey, new: WrappingKey) -> bytes | None:
        keyring.destroy(clinic, [UUID(bytes=row.subject)], reason="test")
        return real(row, old, new)

    monkeypatch.setattr(rotation, "_rewrapped", purging)
    rotation.new_generation(clinic, at=NOW)

    assert not SubjectKey.objects.filter(subject_id__in=people).exists()
    assert states(clinic) == {1: "RETIRED", 2: "ACTIVE"}


def test_a_key_that_someone_else_wrote_meanwhile_is_not_overwritten(
    clinic: UUID, person: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = rotation._rewrapped
    written: list[bytes] = []

    def overtaken(row: rotation.Wrapping, old: WrappingKey, new: WrappingKey) -> bytes | None:
        theirs = old.rewrap(row.wrapped, key_id=row.key_id, subject=person, to=new)
        SubjectKey.objects.filter(key_id=row.key_id).update(wrapped=theirs, generation=new.generation)
        written.append(theirs)
        return real(row, old, new)

    monkeypatch.setattr(rotation, "_rewrapped", overtaken)
    rotation.new_generation(clinic, at=NOW)

    assert [bytes(SubjectKey.objects.get(subject_id=person).wrapped)] == written


def test_a_damaged_key_keeps_the_old_generation_and_holds_up_no_other(clinic: UUID) -> None:
    people = [record_person(clinic) for _ in range(5)]
    SubjectKey.objects.filter(subject_id=people[2]).update(wrapped=bytes(80))

    with pytest.raises(SealTampered, match="1 stored keys"):
        rotation.new_generation(clinic, at=NOW)

    assert states(clinic) == {1: "RETIRING", 2: "ACTIVE"}
    assert SubjectKey.objects.filter(clinic_id=clinic, generation=2).count() == 4


def test_a_generation_that_a_key_names_cannot_be_retired(clinic: UUID, person: UUID) -> None:
    rotation._add(clinic)
    rotation._activate(clinic)

    with pytest.raises(rotation.StillNamed):
        rotation.retire(clinic, 1, at=NOW)
    with pytest.raises(IntegrityError, match="still wrapped"), transaction.atomic(using="keyring"):
        ClinicKey.objects.filter(clinic_id=clinic, generation=1).update(state="RETIRED", retired_at=NOW)

    assert states(clinic) == {1: "RETIRING", 2: "ACTIVE"}


STATES = list(KeyState)
STEPS = [(a, b) for a in STATES for b in STATES if a != b and STATES.index(b) != STATES.index(a) + 1]


@pytest.mark.parametrize(("before", "after"), STEPS, ids=str)
def test_a_key_never_goes_back_or_skips_a_step(vault: None, before: KeyState, after: KeyState) -> None:
    row = ClinicKey.objects.create(clinic_id=uuid4(), generation=1, wrapped=b"x", state=KeyState.ADDED)
    mine = ClinicKey.objects.filter(pk=row.pk)
    for state in STATES[1 : STATES.index(before) + 1]:
        mine.update(state=state, **moment(state))

    with pytest.raises(IntegrityError, match="one step"), transaction.atomic(using="keyring"):
        mine.update(state=after, **moment(after))


def moment(state: KeyState) -> dict[str, Any]:
    """Return the other columns that go with a state."""
    gone = {"destroyed_at": NOW, "wrapped": None} if state is KeyState.DESTROYED else {}
    ended = NOW if state in (KeyState.RETIRED, KeyState.DESTROYED) else None
    return {"retired_at": ended, **gone}


@pytest.mark.parametrize("state", [KeyState.RETIRING, KeyState.RETIRED, KeyState.DESTROYED])
def test_a_key_does_not_begin_at_its_end(vault: None, state: KeyState) -> None:
    columns = {"wrapped": b"x"} | moment(state)

    with pytest.raises(IntegrityError, match="begins as"), transaction.atomic(using="keyring"):
        ClinicKey.objects.create(clinic_id=uuid4(), generation=1, state=state, **columns)


def test_a_clinic_has_one_active_key(clinic: UUID) -> None:
    with pytest.raises(IntegrityError, match="one_active_key"), transaction.atomic(using="keyring"):
        ClinicKey.objects.create(clinic_id=clinic, generation=2, wrapped=b"x")


def test_an_old_generation_is_destroyed_when_no_backup_of_the_keyring_needs_it(
    clinic: UUID, person: UUID
) -> None:
    rotation.new_generation(clinic, at=NOW)
    epoch = Epoch.objects.get().number

    early = rotation.destroy_generations(at=NOW + 7 * DAY - timedelta(seconds=1))
    then = rotation.destroy_generations(at=NOW + 7 * DAY)

    assert (early, then, rotation.destroy_generations(at=NOW + 8 * DAY)) == (0, 1, 0)
    gone = ClinicKey.objects.get(clinic_id=clinic, generation=1)
    assert (gone.state, gone.wrapped, gone.escrowed) == ("DESTROYED", None, None)
    assert Epoch.objects.get().number == epoch + 1
    assert services.ready().unlocked


def test_the_worker_destroys_a_generation_and_can_read_none(
    clinic: UUID, person: UUID, acting_as: Callable[[str], AbstractContextManager[None]]
) -> None:
    rotation.new_generation(clinic, at=NOW)

    with acting_as("amparo_shredder"):
        gone = rotation.destroy_generations(at=NOW + 7 * DAY)
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic("keyring"):
            list(ClinicKey.objects.values_list("wrapped"))

    assert gone == 1


def test_an_old_copy_of_the_keys_opens_with_nothing_that_still_exists(clinic: UUID, person: UUID) -> None:
    """The wrapped keys from before the change, beside today's root key and today's keyring."""
    stolen = copy_of_keys(clinic)
    rotation.new_generation(clinic, at=NOW)
    assert opened_by(wrapping_keys_that_exist(clinic), stolen, clinic) == 1  # until then, of use

    rotation.destroy_generations(at=NOW + 7 * DAY)

    assert opened_by(wrapping_keys_that_exist(clinic), stolen, clinic) == 0


def wrapping_keys_that_exist(clinic: UUID) -> list[bytes]:
    deployment = Epoch.objects.get().deployment
    rows = ClinicKey.objects.filter(clinic_id=clinic).exclude(wrapped=None)
    return [
        root.provider().unwrap(bytes(row.wrapped or b""), root.Context(deployment, clinic, row.generation))
        for row in rows
    ]


def opened_by(keys: list[bytes], stolen: list[tuple[bytes, UUID, bytes, int]], clinic: UUID) -> int:
    count = 0
    for key_id, subject, wrapped, generation in stolen:
        for key in keys:
            wrapping = WrappingKey(key, clinic=clinic, generation=generation)
            try:
                wrapping.unwrap(wrapped, key_id=key_id, subject=subject)
            except SealError:
                continue
            count += 1
    return count


# Weekly


def age(clinic: UUID, days: int) -> None:
    ClinicKey.objects.filter(clinic_id=clinic).update(made_at=NOW - days * DAY)


def test_keys_that_are_a_week_old_are_renewed_and_younger_ones_not(clinic: UUID, person: UUID) -> None:
    young = set_up_clinic()
    age(clinic, 7)
    age(young, 6)

    renewed = services.renew_keys(at=NOW)

    assert renewed == services.Renewed(clinics=1)
    assert (states(clinic), states(young)) == ({1: "RETIRED", 2: "ACTIVE"}, {1: "ACTIVE"})


def test_a_change_that_was_cut_off_is_due_at_once(clinic: UUID, person: UUID) -> None:
    age(clinic, 0)
    rotation._add(clinic)
    rotation._activate(clinic)

    assert rotation.rekey_due(at=NOW) == [clinic]
    assert states(clinic) == {1: "RETIRED", 2: "ACTIVE"}


def test_a_clinic_whose_change_fails_holds_up_no_other(clinic: UUID) -> None:
    clinics = sorted([clinic, set_up_clinic()])
    people = [record_person(each) for each in clinics]
    SubjectKey.objects.filter(subject_id=people[0]).update(wrapped=bytes(80))
    for each in clinics:
        age(each, 8)

    renewed = services.renew_keys(at=NOW)

    assert renewed == services.Renewed(failure="SealTampered")
    assert states(clinics[1]) == {1: "RETIRED", 2: "ACTIVE"}


def test_nothing_is_done_without_the_root_key_and_the_old_keys_serve(
    clinic: UUID, person: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    age(clinic, 8)
    letter = write(clinic, person)
    with monkeypatch.context() as without:
        without.setattr(root, "provider", lambda: root.FileRoot(None))
        renewed = services.renew_keys(at=NOW)

    assert renewed == services.Renewed(failure="RootKeyRefused")
    assert states(clinic) == {1: "ACTIVE"}
    assert read(letter)[0] == "Dear María"


@pytest.mark.django_db(databases=BOTH, transaction=True)
def test_only_one_process_at_a_time_renews(clinic: UUID) -> None:
    age(clinic, 8)
    other = connections["keyring"].copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [rotation._TURN])
            assert cursor.fetchone() == (True,)
        while_theirs = rotation.rekey_due(at=NOW)
    finally:
        other.close()

    assert while_theirs == []
    assert states(clinic) == {1: "ACTIVE"}


def test_a_page_renews_the_keys_that_are_due_and_the_health_page_hears_of_it(cast: Cast) -> None:
    ClinicKey.objects.filter(clinic_id=cast.clinic.id).update(made_at=datetime.now(UTC) - 8 * DAY)

    answer = signed_in(cast.ana).get("/")

    assert answer.status_code == 200
    assert states(cast.clinic.id) == {1: "RETIRED", 2: "ACTIVE"}
    assert [check.ok for check in Check.objects.filter(kind="rekey")] == [True]


def test_a_failed_renewal_holds_up_no_page_and_is_tried_again_in_an_hour(
    vault: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    seconds = [5000.0]
    tries: list[datetime] = []

    def failing(*, at: datetime) -> services.Renewed:
        tries.append(at)
        return services.Renewed(failure="SealTampered")

    monkeypatch.setattr(services, "renew_keys", failing)
    monkeypatch.setattr("caseapp.web.rekeying.time.monotonic", lambda: seconds[0])
    door = FreshKeys(lambda request: HttpResponse("the page"))
    answers = []
    for passed in (0.0, 3599.0, 1.0):
        seconds[0] += passed
        answers.append(door(RequestFactory().get("/")).content)

    assert answers == [b"the page"] * 3
    assert len(tries) == 2
    assert "SealTampered" in caplog.text
    assert {(check.ok, check.code) for check in Check.objects.filter(kind="rekey")} == {
        (False, "SealTampered")
    }


# A subject's key


def test_a_subjects_values_are_sealed_with_its_new_key(clinic: UUID, person: UUID) -> None:
    letters = [write(clinic, person, f"letter {n}") for n in range(5)]
    bystander = write(clinic, record_person(clinic), "another's")
    theirs = boxes_of(bystander)
    old = bytes(SubjectKey.objects.get(subject_id=person).key_id)

    count = rotation.rotate_subject(clinic, person, at=NOW)

    keyring.drop_all()
    new = bytes(SubjectKey.objects.get(subject_id=person, state=KeyState.ACTIVE).key_id)
    assert count == 15
    assert {box[2:10] for letter in letters for box in boxes_of(letter)} == {new}
    assert new != old
    assert [read(letter) for letter in letters] == [(f"letter {n}", {"a": 1}, None) for n in range(5)]
    assert boxes_of(bystander) == theirs
    assert SubjectKey.objects.get(key_id=old).state == "RETIRED"


def test_new_values_are_sealed_with_the_new_key(clinic: UUID, person: UUID) -> None:
    assert keyring.field_key(clinic, person)  # held by this process across the change
    rotation.rotate_subject(clinic, person, at=NOW)

    letter = write(clinic, person)

    new = bytes(SubjectKey.objects.get(subject_id=person, state=KeyState.ACTIVE).key_id)
    assert {box[2:10] for box in boxes_of(letter)} == {new}


@pytest.mark.django_db(databases=BOTH, transaction=True)
def test_cut_at_any_statement_a_change_of_a_subjects_key_is_finished_by_the_next_run(
    vault: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resealing, "tables", lambda: [resealing.Table(Letter)])

    def check(clinic: UUID, letters: list[Letter]) -> None:
        keys = SubjectKey.objects.filter(subject_id=letters[0].person_id)
        (active,) = keys.filter(state="ACTIVE")
        assert set(keys.exclude(pk=active.pk).values_list("state", flat=True)) == {"RETIRED"}
        used = {box[2:10] for letter in letters[:3] for box in boxes_of(letter)}
        assert used == {bytes(active.key_id)}

    assert cut_everywhere(lambda c, p: rotation.rotate_subject(c, p, at=NOW), check) > 15


@pytest.mark.django_db(databases=BOTH, transaction=True)
def test_cut_at_any_statement_destroying_a_rotated_key_is_finished_by_the_next_run(
    vault: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resealing, "tables", lambda: [resealing.Table(Letter)])

    def check(clinic: UUID, letters: list[Letter]) -> None:
        assert states_of(letters[0].person_id) == ["ACTIVE"]
        assert Tombstone.objects.filter(clinic_id=clinic).count() == 1

    statements = cut_everywhere(
        lambda clinic, person: rotation.destroy_rotated(at=NOW + 35 * DAY),
        check,
        after=lambda clinic, person: rotation.rotate_subject(clinic, person, at=NOW),
    )

    assert statements >= 5


def test_an_edit_during_the_sweep_wins(clinic: UUID, person: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    """The editor had the row open before the change, and saves between the sweeper's reading and writing."""
    letters = [write(clinic, person, f"letter {n}") for n in range(2)]
    opened = Letter.objects.get(pk=letters[0].pk)
    assert opened.text == "letter 0"
    real = resealing._replace

    def overtaken(*args: Any) -> int:
        if opened.text != "the last edit":
            opened.text = "the last edit"
            opened.save()
        return real(*args)

    monkeypatch.setattr(resealing, "_replace", overtaken)
    rotation.rotate_subject(clinic, person, at=NOW)

    keyring.drop_all()
    assert read(letters[0]) == ("the last edit", {"a": 1}, None)
    assert read(letters[1])[0] == "letter 1"


@pytest.mark.django_db(databases=BOTH, transaction=True)
def test_a_row_that_is_being_edited_is_not_waited_for_and_the_key_stays(clinic: UUID, person: UUID) -> None:
    letters = [write(clinic, person, f"letter {n}") for n in range(3)]
    editor = connection.copy()
    try:
        editor.set_autocommit(False)
        with editor.cursor() as cursor:
            table = Letter._meta.db_table
            cursor.execute(f"SELECT 1 FROM {table} WHERE id = %s FOR UPDATE", [letters[1].pk])
        with pytest.raises(rotation.StillNamed, match="Run this again"):
            rotation.rotate_subject(clinic, person, at=NOW)
        assert states_of(person) == ["ACTIVE", "RETIRING"]
    finally:
        editor.close()

    rotation.rotate_subject(clinic, person, at=NOW)

    keyring.drop_all()
    assert [read(letter)[0] for letter in letters] == ["letter 0", "letter 1", "letter 2"]
    assert states_of(person) == ["ACTIVE", "RETIRED"]


def test_an_altered_value_is_left_as_it_is_and_keeps_the_old_key(clinic: UUID, person: UUID) -> None:
    letter = write(clinic, person)
    box = boxes_of(letter)[0]
    forged = box[:-1] + bytes([box[-1] ^ 1])
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {Letter._meta.db_table} SET text = %s WHERE id = %s", [forged, letter.pk])

    with pytest.raises(rotation.StillNamed):
        rotation.rotate_subject(clinic, person, at=NOW)

    assert boxes_of(letter)[0] == forged
    assert states_of(person) == ["ACTIVE", "RETIRING"]


def test_a_replaced_key_goes_when_no_backup_of_the_data_needs_it(clinic: UUID, person: UUID) -> None:
    letter = write(clinic, person)
    backup = boxes_of(letter)
    rotation.rotate_subject(clinic, person, at=NOW)

    early = rotation.destroy_rotated(at=NOW + 35 * DAY - timedelta(seconds=1))
    then = rotation.destroy_rotated(at=NOW + 35 * DAY)

    keyring.drop_all()
    assert (early, then) == (0, 1)
    assert read(letter)[0] == "Dear María"
    with pytest.raises(SealKeyGone):
        keyring.key_by_id(clinic, person, backup[0][2:10])


def test_where_no_backups_are_kept_a_replaced_key_stays_an_hour(
    clinic: UUID, person: UUID, settings: Any
) -> None:
    settings.DATA_BACKUP_DAYS = 0
    rotation.rotate_subject(clinic, person, at=NOW)

    early = rotation.destroy_rotated(at=NOW + timedelta(minutes=59))
    then = rotation.destroy_rotated(at=NOW + timedelta(hours=1))

    assert (early, then) == (0, 1)


def test_a_key_that_an_old_page_wrote_back_is_kept_and_swept_again(
    clinic: UUID, person: UUID, caplog: pytest.LogCaptureFixture
) -> None:
    letter = write(clinic, person)
    page = Letter.objects.get(pk=letter.pk)
    rotation.rotate_subject(clinic, person, at=NOW)
    page.colour = "blue"
    page.save()  # its sealed columns too, as it had loaded them

    early = rotation.destroy_rotated(at=NOW + 35 * DAY)
    again = rotation.finish_subjects(at=NOW + 35 * DAY)
    then = rotation.destroy_rotated(at=NOW + 35 * DAY)

    keyring.drop_all()
    assert (early, again, then) == (0, 3, 1)
    assert "still in use" in caplog.text
    assert read(letter)[0] == "Dear María"


def test_the_tombstone_of_a_rotated_key_does_not_remove_the_living(clinic: UUID, person: UUID) -> None:
    rotation.rotate_subject(clinic, person, at=NOW)
    rotation.destroy_rotated(at=NOW + 35 * DAY)

    (stone,) = Tombstone.objects.filter(clinic_id=clinic)

    assert stone.reason == keyring.ROTATED
    assert keyring.tombstones(clinic) == frozenset()


def test_once_the_subject_is_purged_its_rotated_keys_count_too(clinic: UUID, person: UUID) -> None:
    """A backup that is older than the change brings back rows that only the rotated key names."""
    living = record_person(clinic)
    old = bytes(SubjectKey.objects.get(subject_id=person).key_id)
    for subject in (person, living):
        rotation.rotate_subject(clinic, subject, at=NOW)
    rotation.destroy_rotated(at=NOW + 35 * DAY)
    new = bytes(SubjectKey.objects.get(subject_id=person).key_id)

    keyring.destroy(clinic, [person], reason="retention")

    assert keyring.tombstones(clinic) == {old, new}


def test_a_purge_takes_the_old_key_with_the_new(clinic: UUID, person: UUID) -> None:
    rotation.rotate_subject(clinic, person, at=NOW)

    assert keyring.destroy(clinic, [person], reason="retention") == 2
    assert not SubjectKey.objects.filter(subject_id=person).exists()


def test_a_purge_that_waited_for_a_rotation_takes_the_key_it_made(
    clinic: UUID, person: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its statement began before the new key was there, and cannot see it."""
    real = keyring._delete_keys
    calls: list[int] = []

    def waiting(clinic_id: UUID, subjects: Any) -> list[keyring.Gone]:
        gone = real(clinic_id, subjects)
        if not calls:
            wrapping = keyring.newest_wrapping_key(clinic)
            keyring.new_subject_key(wrapping, clinic, person, salt=bytes(16)).save(using="keyring")
        calls.append(len(gone))
        return gone

    monkeypatch.setattr(keyring, "_delete_keys", waiting)
    destroyed = keyring.destroy(clinic, [person], reason="retention")

    assert destroyed == 2
    assert not SubjectKey.objects.filter(subject_id=person).exists()


def test_a_subject_without_a_key_has_none_to_change(clinic: UUID) -> None:
    with pytest.raises(SealKeyGone):
        rotation.rotate_subject(clinic, uuid4(), at=NOW)


def keys_of(subject: UUID) -> list[bytes]:
    rows = SubjectKey.objects.filter(subject_id=subject)
    return [bytes(key_id) for key_id in rows.values_list("key_id", flat=True)]


def test_every_kind_of_row_is_sealed_again(cast: Cast) -> None:
    subjects = [cast.mateo.id, cast.matter.id, cast.clinic.id]
    old = [key for subject in subjects for key in keys_of(subject)]
    assert resealing.still_named(cast.clinic.id, old) == frozenset(old)

    for subject in subjects:
        rotation.rotate_subject(cast.clinic.id, subject, at=NOW)

    keyring.drop_all()
    assert resealing.still_named(cast.clinic.id, old) == frozenset()
    assert Clinic.objects.get(pk=cast.clinic.id).name == "Clínica del Río"
    assert Person.objects.get(pk=cast.mateo.id).given_names == "Mateo Q'anil"


def test_the_web_process_sweeps_from_behind_its_wall(cast: Cast) -> None:
    """Row-level security shows the web process nothing by itself, which must not pass for nothing left."""
    old = keys_of(cast.mateo.id)

    with as_roles("amparo_web", "amparo_keyring"):
        named = resealing.still_named(cast.clinic.id, old)
        rotation.rotate_subject(cast.clinic.id, cast.mateo.id, at=NOW)

    assert named == frozenset(old)
    assert resealing.still_named(cast.clinic.id, old) == frozenset()


def test_the_worker_destroys_rotated_keys(cast: Cast) -> None:
    rotation.rotate_subject(cast.clinic.id, cast.mateo.id, at=NOW)

    with as_roles("amparo_worker", "amparo_shredder"):
        gone = services.destroy_old_keys(at=NOW + 35 * DAY)

    assert gone == 1


@contextmanager
def as_roles(data: str, keys: str) -> Iterator[None]:
    roles = {"default": data, "keyring": keys}
    for alias, role in roles.items():
        with connections[alias].cursor() as cursor:
            cursor.execute(f"SET ROLE {role}")
    try:
        yield
    finally:
        for alias in roles:
            with connections[alias].cursor() as cursor:
                cursor.execute("RESET ROLE")


# The command


def test_the_command_rekeys_every_clinic(clinic: UUID, person: UUID) -> None:
    out = StringIO()

    call_command("rekey", yes=True, stdout=out)

    assert f"clinic {clinic}: every key is wrapped by generation 2" in out.getvalue()
    assert states(clinic)[2] == "ACTIVE"
    assert Check.objects.get(kind="rekey").ok


def test_the_command_finds_a_subjects_clinic(clinic: UUID, person: UUID) -> None:
    write(clinic, person)
    out = StringIO()

    call_command("rekey", subject=person, yes=True, stdout=out)

    assert f"{person}: 3 values" in out.getvalue()


def test_the_command_changes_nothing_for_an_unknown_subject_or_without_a_yes(
    clinic: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("builtins.input", lambda _: "")

    with pytest.raises(CommandError, match="has a key"):
        call_command("rekey", subject=uuid4(), yes=True)
    with pytest.raises(CommandError, match="Nothing was changed"):
        call_command("rekey", clinic=clinic)
    assert states(clinic) == {1: "ACTIVE"}


def test_the_command_finishes_what_was_cut_off(clinic: UUID, person: UUID) -> None:
    letter = write(clinic, person)
    rotation._replace_key(clinic, person)
    age(clinic, 8)
    out = StringIO()

    call_command("rekey", due=True, stdout=out)

    keyring.drop_all()
    assert "Sealed 3 values" in out.getvalue()
    assert states_of(person) == ["ACTIVE", "RETIRED"]
    assert read(letter)[0] == "Dear María"


# Suite 2


def test_new_values_take_the_suite_that_is_set_and_both_open(
    clinic: UUID, person: UUID, settings: Any
) -> None:
    first = write(clinic, person, "under suite 1")
    settings.SEAL_SUITE = cipher.SUITE_GCM
    keyring.drop_all()
    second = write(clinic, person, "under suite 2")

    assert [boxes_of(letter)[0][1] for letter in (first, second)] == [1, 2]
    for suite in cipher.SUITES:
        settings.SEAL_SUITE = suite
        keyring.drop_all()
        assert [read(letter)[0] for letter in (first, second)] == ["under suite 1", "under suite 2"]


def test_a_change_of_key_moves_values_to_the_suite_that_is_set(
    clinic: UUID, person: UUID, settings: Any
) -> None:
    letter = write(clinic, person)
    settings.SEAL_SUITE = cipher.SUITE_GCM
    keyring.drop_all()

    rotation.rotate_subject(clinic, person, at=NOW)

    assert {box[1] for box in boxes_of(letter)} == {2}
    assert read(letter)[0] == "Dear María"
