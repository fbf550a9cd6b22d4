"""Documents: kept sealed, opened by those on the matter, gone for good when they go."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connections

from caseapp.access.rules import MayNot
from caseapp.audit.models import Entry
from caseapp.documents import queries, services
from caseapp.documents.models import Document, OwedRemoval, Version
from caseapp.documents.receiving import receive
from caseapp.documents.services import Described, NotSoKept
from caseapp.matters import services as matters
from caseapp.matters.models import Matter
from caseapp.people import services as people
from caseapp.people.services import Particulars
from caseapp.retention import services as retention
from caseapp.vault import keyring, resealing, rotation
from caseapp.vault.cipher import SealKeyGone, SealTampered
from caseapp.vault.models import KeyState, SubjectKey
from caseapp.vault.storage import LocalStorage, StorageDown
from tests.conftest import NOW, TODAY, Cast

PASSPORT = b"%PDF-1.7 passport of Mateo Pascual " * 3
SAID = Described(kind="passport", title="Passport", expires_on=date(2027, 1, 31))


def add(cast: Cast, data: bytes = PASSPORT, said: Described = SAID, name: str = "scan 01.pdf") -> Document:
    return services.add_document(cast.matter, receive(name, data), said, by=cast.ana, at=NOW)


def newest(document: Document) -> Version:
    return queries.version_for(document.recorded_by, document.versions.latest("number").id)


def read(version: Version, cast: Cast) -> bytes:
    return b"".join(services.open_file(version, by=cast.ana).part())


def stored(home: Path) -> set[str]:
    return {path.name for path in home.rglob("*") if path.is_file()}


def events(document: Document) -> list[str]:
    return list(Entry.objects.filter(object_id=document.id).order_by("seq").values_list("event", flat=True))


def age(home: Path, name: UUID, days: int) -> None:
    then = time.time() - days * 86400
    os.utime(home / name.hex[:2] / name.hex, (then, then))


def now() -> datetime:
    return datetime.now(UTC)


def test_a_document_is_kept_with_what_is_said_of_it_and_opens_again(cast: Cast) -> None:
    document = queries.document_for(cast.vic, add(cast).id)

    version = newest(document)

    assert (document.title, document.kind_label, document.expires_on) == (
        "Passport",
        "Passport",
        date(2027, 1, 31),
    )
    assert (version.name, version.media_type, version.size) == (
        "scan 01.pdf",
        "application/pdf",
        len(PASSPORT),
    )
    assert read(version, cast) == PASSPORT
    assert events(document) == ["document:added", "document:opened"]


def test_without_a_title_it_is_called_as_its_file(cast: Cast) -> None:
    assert (
        add(cast, said=Described(kind="other"), name="Acta_de nacimiento.pdf").title == "Acta de nacimiento"
    )


def test_a_new_version_leaves_the_one_before_it(cast: Cast) -> None:
    document = add(cast)
    services.add_version(document, receive("b.pdf", b"%PDF- better scan"), by=cast.vic, at=NOW)

    first, second = Version.objects.order_by("number")

    assert [first.number, second.number] == [1, 2]
    assert (read(first, cast), read(second, cast)) == (PASSPORT, b"%PDF- better scan")


def test_an_empty_file_is_refused_and_leaves_nothing(cast: Cast, storage_home: Path) -> None:
    received = receive("a.pdf", b"")

    with pytest.raises(NotSoKept, match="empty"):
        services.add_document(cast.matter, received, SAID, by=cast.ana, at=NOW)
    received.discard()

    assert not Document.objects.exists() and stored(storage_home) == set()


def test_the_row_holds_nothing_that_can_be_read(cast: Cast) -> None:
    add(cast)

    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT d::text || v::text FROM caseapp_document d, caseapp_version v")
        said = str(cursor.fetchone())

    for value in ("Passport", "scan", b"scan 01".hex(), "2027-01-31", "pdf"):
        assert value not in said


def test_whoever_is_not_on_the_matter_finds_no_document(cast: Cast) -> None:
    document = add(cast)

    seen = [Document.objects.visible_to(who).count() for who in (cast.ana, cast.vic, cast.dee)]
    unseen = [
        model.objects.visible_to(who).count()
        for who in (cast.ben, cast.cam, cast.ira, cast.eve)
        for model in (Document, Version)
    ]

    assert seen == [1, 1, 1] and unseen == [0] * 8
    assert document.matter_id == cast.matter.id


@pytest.mark.parametrize("who", ["ben", "vic"])
def test_only_some_may_remove_one(cast: Cast, who: str) -> None:
    document = add(cast)

    with pytest.raises(MayNot):
        retention.remove_document(document, by=getattr(cast, who), at=NOW)


# What is noticed


def test_a_file_copied_to_another_document_does_not_open(cast: Cast, storage_home: Path) -> None:
    mine, other = newest(add(cast)), newest(add(cast, b"%PDF- another paper"))
    place = LocalStorage(storage_home)
    place._path(other.id).write_bytes(place._path(mine.id).read_bytes())

    with pytest.raises(NotSoKept, match="altered"):
        services.open_file(other, by=cast.ana)


def test_a_files_key_copied_to_another_row_does_not_open(cast: Cast) -> None:
    mine, other = newest(add(cast)), newest(add(cast, b"%PDF- another paper"))
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "UPDATE caseapp_version SET file_key = (SELECT file_key FROM caseapp_version WHERE id = %s)"
            " WHERE id = %s",
            [mine.id, other.id],
        )

    with pytest.raises(SealTampered):
        _ = Version.objects.get(pk=other.id).file_key


def test_a_file_that_is_gone_is_said_to_be_gone_and_not_recorded_as_opened(
    cast: Cast, storage_home: Path
) -> None:
    document = add(cast)
    LocalStorage(storage_home).remove(newest(document).id)

    with pytest.raises(NotSoKept, match="does not have this file"):
        services.open_file(newest(document), by=cast.ana)

    assert events(document) == ["document:added"]


# Removing


def test_a_removed_document_leaves_no_row_no_key_and_no_file(
    cast: Cast, storage_home: Path, django_capture_on_commit_callbacks: Any
) -> None:
    document, other = add(cast), add(cast, b"%PDF- stays")
    services.add_version(document, receive("b.pdf", b"%PDF- second"), by=cast.ana, at=NOW)

    gone = document.id
    with django_capture_on_commit_callbacks(execute=True):
        retention.remove_document(document, by=cast.ana, at=NOW)

    assert list(Document.objects.all()) == [other]
    assert stored(storage_home) == {newest(other).id.hex}
    assert not OwedRemoval.objects.exists()
    assert Entry.objects.filter(event=Entry.Event.DOCUMENT_REMOVED, object_id=gone).count() == 1


def test_a_hold_forbids_removing_one(cast: Cast) -> None:
    document = add(cast)
    retention.place_hold(
        matter=cast.matter,
        reason="r",
        authority="a",
        review_on=TODAY + timedelta(days=30),
        by=cast.ana,
        at=NOW,
    )

    with pytest.raises(retention.Held):
        retention.remove_document(document, by=cast.ana, at=NOW)

    assert Document.objects.exists()


def closed_and_due(cast: Cast) -> Matter:
    Matter.objects.filter(pk=cast.matter.pk).update(
        closed_on=date(2018, 1, 2), kept_as="FULL", keep_until=date(2025, 1, 2)
    )
    return Matter.objects.get(pk=cast.matter.pk)


def purge(cast: Cast) -> None:
    proposed = retention.propose_purge(closed_and_due(cast), by=cast.dee, at=NOW, today=TODAY)
    retention.approve_purge(proposed, by=cast.ana, at=NOW)


@pytest.mark.django_db(transaction=True, databases=["default", "keyring"])
def test_a_purge_takes_the_files_with_it(cast: Cast, storage_home: Path) -> None:
    version = newest(add(cast))

    purge(cast)

    assert stored(storage_home) == set()
    assert not Version.objects.exists() and not OwedRemoval.objects.exists()
    with pytest.raises(SealKeyGone):
        keyring.key_by_id(version.clinic_id, version.matter_id, bytes(version.__dict__["file_key"])[2:10])


@pytest.mark.django_db(transaction=True, databases=["default", "keyring"])
def test_a_purge_is_not_held_up_by_a_storage_that_is_down_and_the_sweep_makes_it_good(
    cast: Cast, storage_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = newest(add(cast))

    def down(*_: object) -> None:
        raise StorageDown

    with monkeypatch.context() as broken:
        broken.setattr(LocalStorage, "remove", down)
        purge(cast)
        with pytest.raises(StorageDown):
            services.remove_owed()
    owed = list(OwedRemoval.objects.values_list("pk", flat=True))

    assert owed == [version.id] and stored(storage_home) == {version.id.hex}
    assert services.remove_owed() == 1
    assert stored(storage_home) == set() and not OwedRemoval.objects.exists()


def test_the_keyless_worker_may_do_what_purging_and_sweeping_take(cast: Cast) -> None:
    version = newest(add(cast))
    with connections["default"].cursor() as cursor:
        cursor.execute("SET ROLE amparo_worker")
    try:
        services.owe_removal_of([cast.matter.id], at=NOW)
        removed, _ = Version.objects.filter(pk=version.pk).delete()
        owed = services.remove_owed()
        swept = services.sweep(now=now())
    finally:
        with connections["default"].cursor() as cursor:
            cursor.execute("RESET ROLE")

    assert (removed, owed, swept) == (1, 1, 0)


# Sweeping


def test_the_sweep_removes_old_files_without_a_row_and_nothing_else(cast: Cast, storage_home: Path) -> None:
    mine = newest(add(cast))
    left, fresh = receive("left.pdf", b"%PDF-").file.name, receive("fresh.pdf", b"%PDF-").file.name
    age(storage_home, mine.id, 400)
    age(storage_home, left, 2)

    assert services.sweep(now=now()) == 1

    assert stored(storage_home) == {mine.id.hex, fresh.hex}
    assert services.sweep(now=now()) == 0


def test_the_sweep_stops_before_it_empties_the_storage_of_another_database(
    cast: Cast, storage_home: Path
) -> None:
    only = receive("x.pdf", b"%PDF-").file.name
    age(storage_home, only, 2)

    with pytest.raises(services.TooMany, match="right database"):
        services.sweep(now=now())
    age(storage_home, newest(add(cast)).id, 2)
    for _ in range(3):
        age(storage_home, receive("x.pdf", b"%PDF-").file.name, 2)
    with pytest.raises(services.TooMany, match="4 of 5 files"):
        services.sweep(now=now())

    assert len(stored(storage_home)) == 5
    assert services.sweep(now=now(), however_many=True) == 4


def test_the_web_process_which_sees_one_clinic_sweeps_nothing(
    cast: Cast, storage_home: Path, settings: Any
) -> None:
    settings.AMPARO_ROLE = "web"

    with pytest.raises(RuntimeError, match="one clinic"):
        services.sweep(now=now(), however_many=True)


# Keys that change


@pytest.mark.django_db(transaction=True, databases=["default", "keyring"])
def test_when_the_matters_key_changes_its_files_go_with_the_new_one(cast: Cast) -> None:
    document = add(cast)
    rotation.rotate_subject(cast.clinic.id, cast.matter.id, at=NOW)

    old = SubjectKey.objects.using("keyring").get(subject_id=cast.matter.id, state=KeyState.RETIRED)
    named = resealing.still_named(cast.clinic.id, [bytes(old.key_id)])
    rotation.destroy_rotated(at=NOW + timedelta(days=100))
    keyring.drop_all()

    assert named == frozenset()
    assert not SubjectKey.objects.using("keyring").filter(pk=old.pk).exists()
    assert read(newest(document), cast) == PASSPORT


@pytest.mark.django_db(transaction=True, databases=["default", "keyring"])
def test_a_key_that_still_wraps_a_files_key_is_not_destroyed(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = add(cast)
    monkeypatch.setattr(resealing, "_replace", lambda *_: 0)
    with pytest.raises(rotation.StillNamed):
        rotation.rotate_subject(cast.clinic.id, cast.matter.id, at=NOW)
    old = SubjectKey.objects.using("keyring").get(subject_id=cast.matter.id, state=KeyState.RETIRING)

    assert resealing.still_named(cast.clinic.id, [bytes(old.key_id)])
    assert read(newest(document), cast) == PASSPORT


# Until when


def test_what_ends_soon_or_has_ended_is_found_the_earliest_first(cast: Cast) -> None:
    days = {"a": -400, "b": 30, "c": 89, "d": 91}
    for title, ahead in days.items():
        add(cast, said=Described(kind="passport", title=title, expires_on=TODAY + timedelta(days=ahead)))
    add(cast, said=Described(kind="letter", title="never"))

    found = queries.expiring(cast.vic, TODAY, 90)

    assert [document.title for document in found] == ["a", "b", "c"]
    assert queries.expiring(cast.ben, TODAY, 90) == []


def test_what_is_on_a_closed_matter_is_not_warned_of(cast: Cast) -> None:
    add(cast)
    closed_and_due(cast)

    assert queries.expiring(cast.ana, TODAY, 10_000) == []


def test_expiring_takes_the_same_number_of_queries_however_many_there_are(
    cast: Cast, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    noor = people.record_person(Particulars(given_names="Li", first_surname="Na"), by=cast.ana, at=NOW)
    other = matters.open_matter(noor, kind="asylum-affirmative", by=cast.ana, on=TODAY, at=NOW)
    for each in (cast.matter, other):
        for _ in range(3):
            services.add_document(each, receive("p.pdf", PASSPORT), SAID, by=cast.ana, at=NOW)
    keyring.drop_all()

    with django_assert_max_num_queries(8, using="default"):
        assert len(queries.expiring(cast.ana, TODAY, 1000)) == 6


def test_an_unknown_kind_is_refused(cast: Cast) -> None:
    with pytest.raises(ValueError):
        add(cast, said=Described(kind=str(uuid4())))
