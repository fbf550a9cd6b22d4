"""Keys: made once, loaded together, let go in time, destroyed for good."""

import hmac
import logging
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, IntegrityError, ProgrammingError, connections, transaction
from django.test.utils import CaptureQueriesContext

from caseapp.vault import cache as caching
from caseapp.vault import keyring, services
from caseapp.vault.cache import KeyCache, Loaded
from caseapp.vault.cipher import DataKey, SealKeyGone, SealLocked, SealTampered
from caseapp.vault.keyring import KeyExists
from caseapp.vault.models import ClinicKey, Epoch, SubjectKey, Tombstone
from tests.vault.conftest import Clock, record_person, set_up_clinic
from tests.vault.proof_models import Letter

pytestmark = pytest.mark.django_db(databases=["default", "keyring"])
ActingAs = Callable[[str], AbstractContextManager[None]]


def keyring_queries() -> CaptureQueriesContext:
    return CaptureQueriesContext(connections["keyring"])


def destroyed_elsewhere(person: UUID) -> None:
    """Destroy a key as another process would: in the database, past this process's cache."""
    held = keyring.cache
    keyring.cache = KeyCache()  # type: ignore[misc]
    keyring.destroy(SubjectKey.objects.get(subject_id=person).clinic_id, [person], reason="test")
    keyring.cache = held  # type: ignore[misc]


# Making


def test_a_clinics_key_is_made_once(clinic: UUID) -> None:
    with pytest.raises(KeyExists):
        keyring.make_clinic_key(clinic)

    assert ClinicKey.objects.get(clinic_id=clinic).generation == 1


def test_a_subjects_key_is_made_once(clinic: UUID, person: UUID) -> None:
    with pytest.raises(KeyExists):
        keyring.make_key(clinic, person)

    assert SubjectKey.objects.filter(subject_id=person).count() == 1


def test_a_clinic_that_was_never_set_up_gets_no_subjects(vault: None) -> None:
    with pytest.raises(SealKeyGone, match="never set up"):
        keyring.make_key(uuid4(), uuid4())


def test_no_key_is_stored_in_the_clear(clinic: UUID, person: UUID) -> None:
    row = SubjectKey.objects.get(subject_id=person)
    (key,) = keyring._load(clinic, SubjectKey.objects.filter(subject_id=person))

    assert len(row.wrapped) == 80
    assert key.key_id == bytes(row.key_id)
    assert len(bytes(ClinicKey.objects.get(clinic_id=clinic).wrapped or b"")) == 12 + 32 + 16 + 16


# Loading


def test_the_keys_of_a_page_come_in_one_query_and_then_none(clinic: UUID) -> None:
    people = [record_person(clinic) for _ in range(50)]
    rows = [Letter.objects.create(clinic_id=clinic, person_id=person, text="x") for person in people]
    keyring.drop_all()
    with keyring_queries() as first:
        keyring.preload(clinic, [*people, uuid4()])
    with keyring_queries() as later:
        keyring.preload(clinic, people)
        texts = [Letter.objects.get(pk=row.pk).text for row in rows]

    assert len(first) == 2  # the subjects' keys, and the clinic's own
    assert (len(later), texts) == (0, ["x"] * 50)


def test_a_key_is_not_given_to_another_subject_or_clinic(clinic: UUID, person: UUID) -> None:
    key_id = keyring.field_key(clinic, person).key_id

    for wrong_clinic, wrong_subject in ((clinic, uuid4()), (uuid4(), person)):
        with pytest.raises((SealTampered, SealKeyGone)):
            keyring.key_by_id(wrong_clinic, wrong_subject, key_id)


def test_a_key_row_pointed_at_another_subject_does_not_open(clinic: UUID, person: UUID) -> None:
    """Someone who can write the keyring gives a thief's subject the wrapped key of a victim."""
    thief = record_person(clinic)
    victims = SubjectKey.objects.get(subject_id=person)
    SubjectKey.objects.filter(subject_id=thief).update(wrapped=victims.wrapped)

    with pytest.raises(SealTampered):
        keyring.field_key(clinic, thief)


def test_a_clinics_wrapped_key_does_not_open_for_another_clinic_or_generation(
    clinic: UUID, person: UUID
) -> None:
    other = set_up_clinic()
    ClinicKey.objects.filter(clinic_id=clinic).update(wrapped=ClinicKey.objects.get(clinic_id=other).wrapped)
    keyring.drop_all()

    with pytest.raises(SealLocked, match="not the one this clinic was set up with"):
        keyring.field_key(clinic, person)


def test_the_newest_of_several_clinic_keys_is_the_one_named(clinic: UUID, person: UUID) -> None:
    SubjectKey.objects.filter(subject_id=person).update(generation=2)

    with pytest.raises(SealKeyGone):
        keyring.field_key(clinic, person)


def test_a_keyring_that_does_not_answer_locks_the_vault(
    clinic: UUID, person: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(*_: Any, **__: Any) -> None:
        raise DatabaseError("connection lost")

    monkeypatch.setattr("django.db.models.query.QuerySet._fetch_all", silent)

    with pytest.raises(SealLocked, match="does not answer"):
        keyring.field_key(clinic, person)


# Letting go


def test_a_data_key_is_used_for_two_minutes_and_no_longer(clinic: UUID, person: UUID, clock: Clock) -> None:
    key = keyring.field_key(clinic, person)
    keyring.cache.trusted_until = float("inf")

    clock.tick(caching.DATA_KEY_SECONDS - 0.001)
    assert keyring.cache.get(clinic, person, key.key_id) is key
    clock.tick(0.001)
    assert keyring.cache.get(clinic, person, key.key_id) is None


def test_use_does_not_lengthen_a_data_keys_life(clinic: UUID, person: UUID, clock: Clock) -> None:
    key = keyring.field_key(clinic, person)
    keyring.cache.trusted_until = float("inf")

    for _ in range(119):
        clock.tick(1)
        assert keyring.cache.get(clinic, person, key.key_id) is key
    clock.tick(1)

    assert keyring.cache.get(clinic, person, key.key_id) is None


def test_a_clinics_key_goes_after_five_idle_minutes(clinic: UUID, person: UUID, clock: Clock) -> None:
    keyring.field_key(clinic, person)

    clock.tick(caching.WRAPPING_KEY_IDLE_SECONDS - 0.001)
    assert keyring.cache.wrapping_key(clinic, 1) is not None
    clock.tick(caching.WRAPPING_KEY_IDLE_SECONDS)
    assert keyring.cache.wrapping_key(clinic, 1) is None


def test_a_clinics_key_goes_after_fifteen_minutes_of_constant_use(
    clinic: UUID, person: UUID, clock: Clock
) -> None:
    keyring.field_key(clinic, person)

    for _ in range(899):
        clock.tick(1)
        assert keyring.cache.wrapping_key(clinic, 1) is not None
    clock.tick(1)

    assert keyring.cache.wrapping_key(clinic, 1) is None


def test_keys_nobody_asks_for_are_let_go_as_well(clinic: UUID, person: UUID, clock: Clock) -> None:
    other = record_person(clinic)
    keyring.field_key(clinic, person)

    clock.tick(caching.DATA_KEY_SECONDS)
    keyring.field_key(clinic, other)

    assert len(keyring.cache) == 1


def test_the_cache_keeps_the_4096_used_last() -> None:
    held = KeyCache()
    held.heard(1, asked_at=held.clock())
    clinic, keys = uuid4(), []
    for n in range(4097):
        subject = UUID(int=n)
        keys.append(
            (subject, DataKey(bytes(32), key_id=n.to_bytes(8, "big"), clinic=clinic, subject=subject))
        )
    for subject, key in keys[:4096]:
        held.put_all([Loaded(subject, key, seals=True)], clinic=clinic, epoch=1, asked_at=held.clock())
    assert held.newest(clinic, keys[0][0]) is keys[0][1]

    subject, key = keys[4096]
    held.put_all([Loaded(subject, key, seals=True)], clinic=clinic, epoch=1, asked_at=held.clock())

    assert len(held) == 4096
    assert held.newest(clinic, keys[0][0]) is keys[0][1]
    assert held.newest(clinic, keys[1][0]) is None


def test_an_older_epoch_is_not_believed() -> None:
    held, clinic, subject = KeyCache(), uuid4(), uuid4()
    key = DataKey(bytes(32), key_id=bytes(8), clinic=clinic, subject=subject)
    held.heard(6, asked_at=held.clock())

    held.heard(5, asked_at=held.clock())
    held.put_all([Loaded(subject, key, seals=True)], clinic=clinic, epoch=5, asked_at=held.clock())

    assert (held.epoch, len(held)) == (6, 0)


def test_a_forked_child_holds_no_keys(clinic: UUID, person: UUID) -> None:
    keyring.field_key(clinic, person)
    assert len(keyring.cache) == 1
    keyring.cache._lock.acquire()  # as another thread might at that moment

    child = os.fork()
    if child == 0:
        free = keyring.cache._lock.acquire(timeout=1)
        os._exit(0 if free and len(keyring.cache) == 0 and not keyring.cache._wrapping else 1)
    keyring.cache._lock.release()
    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0


def test_dropping_all_keys_leaves_none(clinic: UUID, person: UUID) -> None:
    keyring.field_key(clinic, person)

    keyring.drop_all()

    assert len(keyring.cache) == 0
    assert not keyring.cache.holds_clinic(clinic)


# Destroying


def test_a_destroyed_key_is_gone_at_once_here(letter: Letter) -> None:
    assert letter.text == "Dear María"

    assert keyring.destroy(letter.clinic_id, [letter.person_id], reason="retention") == 1

    with pytest.raises(SealKeyGone):
        _ = Letter.objects.get(pk=letter.pk).text
    with pytest.raises(SealKeyGone):
        keyring.field_key(letter.clinic_id, letter.person_id)


def test_a_key_destroyed_by_another_process_is_unusable_within_five_seconds(
    letter: Letter, clock: Clock
) -> None:
    assert letter.text == "Dear María"
    destroyed_elsewhere(letter.person_id)

    clock.tick(4.999)
    assert Letter.objects.get(pk=letter.pk).text == "Dear María"
    clock.tick(0.001)
    with pytest.raises(SealKeyGone):
        _ = Letter.objects.get(pk=letter.pk).text


def test_use_of_other_keys_does_not_put_the_five_seconds_off(letter: Letter, clock: Clock) -> None:
    busy = record_person(letter.clinic_id)
    assert letter.text == "Dear María"
    destroyed_elsewhere(letter.person_id)

    for _ in range(10):
        clock.tick(0.5)
        keyring.field_key(letter.clinic_id, busy)

    with pytest.raises(SealKeyGone):
        _ = Letter.objects.get(pk=letter.pk).text


def test_another_persons_key_survives(clinic: UUID, person: UUID) -> None:
    other = record_person(clinic)
    kept = Letter.objects.create(clinic_id=clinic, person_id=other, text="kept")

    keyring.destroy(clinic, [person], reason="retention")

    assert Letter.objects.get(pk=kept.pk).text == "kept"


def test_destroying_names_the_clinic(clinic: UUID, person: UUID) -> None:
    assert keyring.destroy(set_up_clinic(), [person], reason="retention") == 0

    assert SubjectKey.objects.filter(subject_id=person).exists()


def test_destroying_twice_finds_nothing_and_writes_nothing(clinic: UUID, person: UUID) -> None:
    assert keyring.destroy(clinic, [person], reason="retention") == 1
    epoch = Epoch.objects.get().number

    assert keyring.destroy(clinic, [person], reason="retention") == 0
    assert keyring.destroy(clinic, [], reason="retention") == 0

    assert (Tombstone.objects.count(), Epoch.objects.get().number) == (1, epoch)


def test_a_tombstone_says_which_key_when_and_why_but_not_whose(clinic: UUID, person: UUID) -> None:
    key = SubjectKey.objects.get(subject_id=person)

    keyring.destroy(clinic, [person], reason="retention")

    (stone,) = Tombstone.objects.all()
    assert (bytes(stone.key_id), stone.clinic_id, stone.reason) == (bytes(key.key_id), clinic, "retention")
    assert (stone.generation, stone.at is not None) == (1, True)
    assert bytes(stone.subject_pseudonym) == hmac.digest(bytes(key.salt), person.bytes, "sha256")
    assert not SubjectKey.objects.filter(salt=key.salt).exists()


def test_if_the_tombstone_cannot_be_written_the_key_stays(clinic: UUID, person: UUID) -> None:
    with pytest.raises(IntegrityError):
        keyring.destroy(clinic, [person], reason="")

    assert SubjectKey.objects.filter(subject_id=person).exists()
    assert not Tombstone.objects.exists()


def test_destroying_needs_no_root_key(clinic: UUID, person: UUID, settings: Any) -> None:
    settings.ROOT_KEY_FILE = None
    keyring.drop_all()

    assert keyring.destroy(clinic, [person], reason="retention") == 1


def test_a_query_overtaken_by_a_destruction_leaves_no_key_behind(
    clinic: UUID, person: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread fetches a key, the key is destroyed, and only then the thread puts away what it fetched."""
    keyring.field_key(clinic, record_person(clinic))
    unwrap = keyring._unwrap

    def overtaken(*found: Any) -> list[Loaded]:
        keys = unwrap(*found)
        monkeypatch.setattr(keyring, "_unwrap", unwrap)
        keyring.destroy(clinic, [person], reason="test")
        return keys

    monkeypatch.setattr(keyring, "_unwrap", overtaken)
    in_flight = keyring.field_key(clinic, person)

    assert keyring.cache.get(clinic, person, in_flight.key_id) is None
    with pytest.raises(SealKeyGone):
        keyring.field_key(clinic, person)


@pytest.mark.django_db(databases=["default", "keyring"], transaction=True)
def test_nobody_reads_a_client_after_the_purge_however_many_are_reading(proof_tables: None) -> None:
    clinic = set_up_clinic()
    person = record_person(clinic)
    row = Letter.objects.create(clinic_id=clinic, person_id=person, text="Dear María")
    purged, reads, late = threading.Event(), threading.Barrier(9), []

    def read_and_write() -> None:
        reads.wait()
        try:
            while True:
                after_purge = purged.is_set()
                loaded = Letter.objects.get(pk=row.pk)
                assert loaded.text.startswith("Dear")
                loaded.text = f"Dear {os.urandom(2).hex()}"
                loaded.save()
                if after_purge:
                    late.append(loaded)
        except SealKeyGone:
            pass
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        running = [pool.submit(read_and_write) for _ in range(8)]
        reads.wait()
        keyring.destroy(clinic, [person], reason="test")
        purged.set()
        for one in running:
            one.result(timeout=30)

    assert late == []
    assert not SubjectKey.objects.filter(subject_id=person).exists()


# What each process may do, held by PostgreSQL


def refused(statement: str) -> None:
    denied = pytest.raises(ProgrammingError, match="permission denied")
    with denied, transaction.atomic(using="keyring"), connections["keyring"].cursor() as cursor:
        cursor.execute(statement)


SECRETS = [
    "SELECT wrapped FROM caseapp_subjectkey",
    "SELECT wrapped FROM caseapp_clinickey",
    "SELECT * FROM caseapp_subjectkey",
]


@pytest.mark.parametrize("query", SECRETS)
def test_the_worker_cannot_read_a_wrapped_key(query: str, person: UUID, acting_as: ActingAs) -> None:
    with acting_as("amparo_shredder"):
        refused(query)


def test_the_worker_cannot_open_a_value_even_with_the_root_key(letter: Letter, acting_as: ActingAs) -> None:
    keyring.drop_all()

    with acting_as("amparo_shredder"), pytest.raises(SealLocked), transaction.atomic(using="keyring"):
        _ = letter.text


def test_the_worker_destroys_keys(clinic: UUID, person: UUID, acting_as: ActingAs, settings: Any) -> None:
    settings.ROOT_KEY_FILE = None
    with acting_as("amparo_shredder"):
        assert keyring.destroy(clinic, [person], reason="retention") == 1
        assert keyring.destroy(clinic, [person], reason="retention") == 0

    assert Tombstone.objects.count() == 1


def test_the_web_makes_loads_and_destroys_keys(vault: None, acting_as: ActingAs) -> None:
    with acting_as("amparo_keyring"):
        clinic = set_up_clinic()
        person = record_person(clinic)
        keyring.drop_all()
        keyring.preload(clinic, [person])
        assert services.ready().unlocked
        assert keyring.destroy(clinic, [person], reason="retention") == 1


FORBIDDEN = [
    ("amparo_shredder", "UPDATE caseapp_subjectkey SET generation = 2"),
    ("amparo_shredder", "INSERT INTO caseapp_clinickey (id) VALUES (gen_random_uuid())"),
    ("amparo_shredder", "DELETE FROM caseapp_clinickey"),
    ("amparo_shredder", "UPDATE caseapp_epoch SET deployment = gen_random_uuid()"),
    ("amparo_shredder", "DELETE FROM caseapp_tombstone"),
    ("amparo_shredder", "UPDATE caseapp_tombstone SET reason = 'x'"),
    ("amparo_keyring", "DELETE FROM caseapp_tombstone"),
    ("amparo_keyring", "UPDATE caseapp_tombstone SET reason = 'x'"),
    ("amparo_keyring", "DELETE FROM caseapp_epoch"),
    ("amparo_keyring", "CREATE TABLE mine (id int)"),
]


@pytest.mark.parametrize(("role", "statement"), FORBIDDEN)
def test_neither_may_do_more(role: str, statement: str, vault: None, acting_as: ActingAs) -> None:
    with acting_as(role):
        refused(statement)


# Whether the vault is ready


def test_a_sound_vault_is_unlocked(clinic: UUID) -> None:
    assert services.ready() == services.State(unlocked=True)


def test_the_wrong_root_key_locks_says_why_and_recovers(
    clinic: UUID, person: UUID, root_key: Path, settings: Any, tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong.key"
    wrong.write_bytes(os.urandom(32))
    wrong.chmod(0o600)
    settings.ROOT_KEY_FILE = wrong
    keyring.drop_all()

    locked = services.ready()
    with pytest.raises(SealLocked):
        keyring.field_key(clinic, person)
    settings.ROOT_KEY_FILE = root_key

    assert not locked.unlocked
    assert "not the one this clinic was set up with" in locked.reason
    assert services.ready().unlocked
    assert keyring.field_key(clinic, person)


def test_no_root_key_locks_and_says_why(clinic: UUID, settings: Any, tmp_path: Path) -> None:
    settings.ROOT_KEY_FILE = tmp_path / "nowhere"

    state = services.ready()

    assert not state.unlocked
    assert "Put the file back" in state.reason


def test_an_unknown_provider_is_a_wrong_setting(clinic: UUID, settings: Any) -> None:
    settings.KEY_PROVIDER = "carrier pigeon"

    with pytest.raises(ImproperlyConfigured, match="AMPARO_KEY_PROVIDER is 'carrier pigeon'"):
        services.ready()


def test_no_key_is_logged(letter: Letter, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    row = SubjectKey.objects.get(subject_id=letter.person_id)
    logging.getLogger("test").info("%s %r", row, row)
    keyring.destroy(letter.clinic_id, [letter.person_id], reason="test")

    assert bytes(row.wrapped).hex() not in caplog.text.replace("\\x", "")
