"""After a purge: every copy that there ever was of either database, and every key that still exists."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from caseapp import clock
from caseapp.matters.models import Matter
from caseapp.people.models import Person
from caseapp.retention import restored
from caseapp.retention import services as retention
from caseapp.retention.models import Purge
from caseapp.safekeeping import backups, drill, restoring
from caseapp.safekeeping.dumps import Database
from caseapp.vault import keyring, root, rotation
from caseapp.vault.cipher import SealError, SealKeyGone, SealTampered, WrappingKey
from caseapp.vault.models import ClinicKey, Epoch, SubjectKey
from tests.conftest import NOW, TODAY, make_user
from tests.safekeeping.conftest import House, Shelf, identity_file


@dataclass
class Taken:
    """What was copied before the purge: the files, and out of the keyring the wrapped keys themselves."""

    shelf: Shelf
    wrapped: dict[bytes, tuple[bytes, Any]]
    noors: bytes
    mateos: bytes
    # The generation of that time, kept aside only to show that the attempts below can succeed.
    generation: WrappingKey


@pytest.fixture(scope="module")
def taken(house: House, tmp_path_factory: pytest.TempPathFactory) -> Taken:
    """Copy everything at t0; then purge Noor, and start a new generation."""
    at = tmp_path_factory.mktemp("taken")
    shelf = Shelf(at / "backups", *(identity_file(at / f"{kind}.identity") for kind in ("data", "keyring")))
    shelf.back_up()
    rows = SubjectKey.objects.filter(clinic_id=house.cast.other_clinic.id)
    copied = Taken(
        shelf,
        {bytes(row.key_id): (bytes(row.wrapped), row.subject_id) for row in rows},
        bytes(SubjectKey.objects.get(subject_id=house.cast.noor.id).key_id),
        bytes(SubjectKey.objects.get(subject_id=house.cast.mateo.id).key_id),
        keyring.load_wrapping_key(house.cast.other_clinic.id, 1),
    )
    purge_noor(house)
    for clinic in rotation.clinics():
        rotation.new_generation(clinic, at=NOW)
    keyring.drop_all()
    return copied


def purge_noor(house: House) -> None:
    matter = Matter.objects.get(pk=house.cast.noors_matter.pk)
    Matter.objects.filter(pk=matter.pk).update(
        closed_on=date(2018, 1, 2), kept_as="FULL", keep_until=date(2025, 1, 2)
    )
    matter.refresh_from_db()
    second = make_user(house.cast.other_clinic, "Flo", "ATTORNEY")
    purge = retention.propose_purge(matter, by=house.cast.eve, at=NOW, today=TODAY)
    retention.approve_purge(purge, by=second, at=NOW)
    retention.finish_purges(now=NOW)
    assert Purge.objects.get(pk=purge.pk).state == "DONE"


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Database]]:
    """Another PostgreSQL, into which the attacker, or the clinic, puts what was copied."""
    with drill.scratch_cluster(tmp_path_factory.mktemp("scratch") / "pg") as made:
        yield made


@pytest.fixture(scope="module")
def old(taken: Taken, scratch: dict[str, Database]) -> dict[str, Database]:
    """Both databases as they were at t0."""
    for alias, kind, identity in (
        ("default", "data", taken.shelf.data),
        ("keyring", "keyring", taken.shelf.keyring),
    ):
        restoring.restore_into(taken.shelf.files(kind)[0], backups.identities_in(identity), scratch[alias])
    return scratch


def test_the_old_data_beside_todays_keyring_is_noise_for_who_was_purged_and_opens_for_others(
    house: House, taken: Taken, old: dict[str, Database]
) -> None:
    with restoring.standing_in({"default": old["default"]}):
        keyring.drop_all()
        assert Person.objects.filter(pk=house.cast.noor.pk).exists()
        with pytest.raises(SealKeyGone):
            _ = Person.objects.get(pk=house.cast.noor.pk).given_names
        assert Person.objects.get(pk=house.cast.mateo.pk).given_names == "Mateo Q'anil"


def test_before_the_horizon_the_old_keyring_brings_them_back_until_its_tombstones_are_replayed(
    house: House, taken: Taken, old: dict[str, Database]
) -> None:
    """With a whole copy of both, and the root key. A restore does not leave it at that."""
    with restoring.standing_in(old):
        keyring.drop_all()
        assert Person.objects.get(pk=house.cast.noor.pk).given_names == "Noor"

    destroyed = restoring.carry_tombstones(house.live["keyring"], old["keyring"], losing_keys=True)
    with restoring.standing_in(old):
        keyring.drop_all()
        again = restored.purge_again(at=clock.now())

        assert destroyed == 2
        assert again == 2
        assert not Person.objects.filter(pk=house.cast.noor.pk).exists()
        assert not keyring.any_left(house.cast.other_clinic.id, [house.cast.noor.id])
        assert Person.objects.get(pk=house.cast.mateo.pk).given_names == "Mateo Q'anil"
    keyring.drop_all()


def every_key_left(house: House) -> list[tuple[str, bytes]]:
    """Return each 32-byte key that can be had: the root, what it opens in both databases, and by the kit."""
    deployment = Epoch.objects.get().deployment
    found = [("the root key", root.provider()._read())]  # type: ignore[attr-defined]
    for row in ClinicKey.objects.exclude(wrapped=None):
        place = root.Context(deployment, row.clinic_id, row.generation)
        key = root.provider().unwrap(bytes(row.wrapped or b""), place)
        found.append((f"{row.clinic_id} generation {row.generation}", key))
    for subject in SubjectKey.objects.all():
        wrapping = keyring.load_wrapping_key(subject.clinic_id, subject.generation)
        key = wrapping.unwrap(
            bytes(subject.wrapped), key_id=bytes(subject.key_id), subject=subject.subject_id
        )
        found.append((f"subject {subject.subject_id}", key))
    return found


def opening(house: House, taken: Taken, keys: list[tuple[str, bytes]]) -> list[str]:
    """Return which keys open any of the wrapped keys that were copied, tried for every generation."""
    opens = []
    for name, key in keys:
        for generation in (1, 2, 3):
            wrapping = WrappingKey(key, clinic=house.cast.other_clinic.id, generation=generation)
            for key_id, (wrapped, subject) in taken.wrapped.items():
                try:
                    wrapping.unwrap(wrapped, key_id=key_id, subject=subject)
                except SealError:
                    continue
                opens.append(name)
    return opens


def test_until_the_horizon_the_generation_that_wrapped_them_still_opens_a_copy(
    house: House, taken: Taken
) -> None:
    rotation.destroy_generations(at=NOW + timedelta(days=6, hours=23))

    assert f"{house.cast.other_clinic.id} generation 1" in opening(house, taken, every_key_left(house))


def test_after_the_horizon_no_key_that_exists_opens_a_wrapped_key_that_was_copied(
    house: House, taken: Taken
) -> None:
    gone = rotation.destroy_generations(at=NOW + timedelta(days=7))
    keyring.drop_all()

    keys = every_key_left(house)

    assert gone == 2
    assert len(keys) > 5
    assert opening(house, taken, keys) == []
    assert taken.noors in taken.wrapped
    wrapped, subject = taken.wrapped[taken.noors]
    assert len(taken.generation.unwrap(wrapped, key_id=taken.noors, subject=subject)) == 32
    with pytest.raises((SealTampered, SealKeyGone)):
        keyring.load_wrapping_key(house.cast.other_clinic.id, 1)
    assert Person.objects.get(pk=house.cast.mateo.pk).given_names == "Mateo Q'anil"


def test_the_wrapped_key_may_lie_on_the_keyrings_disk_for_long_and_the_key_itself_never(
    house: House, taken: Taken
) -> None:
    """A disk image of after the horizon, write-ahead log included: what it holds opens with nothing."""
    wrapped, subject = taken.wrapped[taken.noors]
    plain = taken.generation.unwrap(wrapped, key_id=taken.noors, subject=subject)
    home = Path(house.live["keyring"].host).parent
    image = [path for path in home.rglob("*") if path.is_file() and not path.is_symlink()]

    holding = {name: [] for name in ("wrapped", "plain")}  # type: dict[str, list[Path]]
    for path in image:
        content = path.read_bytes()
        holding["wrapped"] += [path] if wrapped in content else []
        holding["plain"] += [path] if plain in content else []

    assert holding["wrapped"]
    assert holding["plain"] == []
    assert opening(house, taken, every_key_left(house)) == []


def test_once_old_backups_of_the_keyring_are_past_their_time_none_is_left(house: House, taken: Taken) -> None:
    """What pruning leaves is younger than the last day on which a destroyed generation was in a backup."""
    taken.shelf.back_up()
    at = clock.now() + timedelta(days=7, seconds=1)
    taken.shelf.files("keyring")[-1].rename(taken.shelf.directory / f"amparo-keyring-{at:%Y%m%dT%H%M%SZ}.age")

    backups.forget_old(taken.shelf.directory, "keyring", at=at, kept_days=7)

    (left,) = taken.shelf.files("keyring")
    assert f"{at:%Y%m%d}" in left.name
