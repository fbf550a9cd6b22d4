"""Sealed columns: ordinary to read and write, closed to queries, pickles, logs and mistakes."""

import copy
import json
import logging
import pickle
from collections.abc import Callable
from datetime import date, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.apps import apps
from django.core import serializers
from django.core.exceptions import FieldError
from django.db import DataError, IntegrityError, connection, models, transaction
from django.db.models import Case, Count, F, Max, OuterRef, Subquery, Value, When
from django.db.models.functions import Upper
from django.forms import modelform_factory
from django.template import Context, Template

from caseapp.vault import cipher, keyring
from caseapp.vault.cipher import SealFormat, SealKeyGone, SealLocked, SealTampered
from caseapp.vault.constraints import SealedCheck
from caseapp.vault.fields import SealedDateField, SealedTextField
from caseapp.vault.sealed import Sealed, ValueDropped
from tests.vault.conftest import record_person, set_up_clinic
from tests.vault.proof_models import Letter, Parcel, Stamp

pytestmark = pytest.mark.django_db(databases=["default", "keyring"])
CANARY = "c4n4ry-5e3d-Quetzaltenango"


def stored(row: models.Model, column: str) -> bytes | None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {row._meta.db_table} WHERE id = %s", [row.pk])
        ((value,),) = cursor.fetchall()
    return None if value is None else bytes(value)


def plant(row: models.Model, column: str, box: bytes | None, *, unguarded: bool = False) -> None:
    with connection.cursor() as cursor:
        if unguarded:
            cursor.execute(
                f"ALTER TABLE {row._meta.db_table} DROP CONSTRAINT {row._meta.model_name}_{column}_is_sealed"
            )
        cursor.execute(f"UPDATE {row._meta.db_table} SET {column} = %s WHERE id = %s", [box, row.pk])


# Reading and writing


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("text", "Q'anjob'al, María José Ñandú, محمد, 王小明"),
        ("text", ""),
        ("text", "x" * 400),
        ("reply", "e\u0301 stays as it was typed"),
        ("day", date(1989, 2, 11)),
        ("facts", {"names": ["Ana", None], "n": 1.5, "yes": True}),
        ("facts", []),
        ("number", "A201555902"),
    ],
)
def test_what_is_saved_is_read_back(clinic: UUID, person: UUID, column: str, value: Any) -> None:
    made = Letter.objects.create(clinic_id=clinic, person_id=person, **{column: value})

    loaded = Letter.objects.get(pk=made.pk)

    assert getattr(made, column) == value
    assert getattr(loaded, column) == value
    assert type(getattr(loaded, column)) is type(value)


def test_bulk_created_rows_are_sealed_each_for_itself(clinic: UUID, person: UUID) -> None:
    made = [Letter(clinic_id=clinic, person_id=person, text=f"letter {n}") for n in range(3)]

    Letter.objects.bulk_create(made)

    assert {row.text for row in Letter.objects.filter(person_id=person)} == {
        "letter 0",
        "letter 1",
        "letter 2",
    }


def test_no_value_is_anywhere_in_the_table(clinic: UUID, person: UUID) -> None:
    row = Letter.objects.create(
        clinic_id=clinic, person_id=person, text=CANARY, facts={"k": CANARY}, number=CANARY
    )

    for column in ("text", "facts", "number"):
        assert CANARY.encode() not in (stored(row, column) or b"")


def test_nothing_is_opened_until_it_is_read(letter: Letter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring, "key_by_id", lambda *_: pytest.fail("opened"))

    listed = list(Letter.objects.filter(pk=letter.pk))

    assert [row.colour for row in listed] == ["white"]
    assert listed[0] == letter


def test_a_value_is_opened_once(letter: Letter, monkeypatch: pytest.MonkeyPatch) -> None:
    first = letter.text
    monkeypatch.setattr(keyring, "key_by_id", lambda *_: pytest.fail("opened again"))

    assert letter.text is first


def test_saving_an_untouched_row_needs_no_key_and_changes_no_box(letter: Letter) -> None:
    before = stored(letter, "text")
    keyring.destroy(letter.clinic_id, [letter.person_id], reason="test")

    letter.colour = "blue"
    letter.save()

    assert stored(letter, "text") == before


def test_assigning_the_value_a_row_already_has_changes_no_box(letter: Letter) -> None:
    before = stored(letter, "text")

    letter.text = str(letter.text)
    letter.save()

    assert stored(letter, "text") == before


def test_a_changed_value_is_sealed_anew(letter: Letter) -> None:
    before = stored(letter, "text")

    letter.text = "Dear Ana"
    letter.save(update_fields=["text"])

    assert stored(letter, "text") != before
    assert Letter.objects.get(pk=letter.pk).text == "Dear Ana"


def test_a_structure_changed_in_place_is_saved(clinic: UUID, person: UUID) -> None:
    made = Letter.objects.create(clinic_id=clinic, person_id=person, facts={"names": ["Ana"]})
    loaded = Letter.objects.get(pk=made.pk)

    facts: Any = loaded.facts
    facts["names"].append("Ben")
    loaded.save()

    assert Letter.objects.get(pk=made.pk).facts == {"names": ["Ana", "Ben"]}


def test_none_is_null_and_can_be_put_back(letter: Letter) -> None:
    assert stored(letter, "reply") is None

    letter.reply = "yes"
    letter.save()
    letter.reply = None
    letter.save()

    assert stored(letter, "reply") is None
    assert Letter.objects.get(pk=letter.pk).reply is None


def test_a_hidden_nothing_is_stored_like_a_value(clinic: UUID, person: UUID) -> None:
    none = Letter.objects.create(clinic_id=clinic, person_id=person, number=None)
    some = Letter.objects.create(clinic_id=clinic, person_id=person, number="A201555902")
    unset = Letter.objects.create(clinic_id=clinic, person_id=person)

    lengths = {len(stored(row, "number") or b"") for row in (none, some, unset)}

    assert lengths == {70}
    assert Letter.objects.get(pk=none.pk).number is None


def test_a_row_can_be_saved_after_the_database_refused_it(clinic: UUID, person: UUID) -> None:
    row = Letter(clinic_id=clinic, person_id=person, text="kept", colour="x" * 21)
    with pytest.raises(DataError), transaction.atomic():
        row.save()

    row.colour = "white"
    row.save()

    assert Letter.objects.get(pk=row.pk).text == "kept"


def test_a_deferred_column_is_loaded_when_read(letter: Letter) -> None:
    deferred = Letter.objects.defer("text").get(pk=letter.pk)
    only = Letter.objects.only("colour").get(pk=letter.pk)

    assert (deferred.text, only.text) == ("Dear María", "Dear María")
    assert stored(letter, "text") == deferred.__dict__["text"]


def test_saving_one_deferred_column_keeps_it(letter: Letter) -> None:
    deferred = Letter.objects.defer("text").get(pk=letter.pk)
    before = stored(letter, "text")

    deferred.save(update_fields=["text"])

    assert stored(letter, "text") == before


def test_refreshing_forgets_what_was_set_and_opens_nothing(
    letter: Letter, monkeypatch: pytest.MonkeyPatch
) -> None:
    letter.text = "a draft"
    with monkeypatch.context() as patch:
        patch.setattr(keyring, "key_by_id", lambda *_: pytest.fail("opened"))
        letter.refresh_from_db()

    assert letter.text == "Dear María"


def test_a_purged_row_can_still_be_listed_refreshed_and_deleted(letter: Letter) -> None:
    keyring.destroy(letter.clinic_id, [letter.person_id], reason="test")

    letter.refresh_from_db()
    with pytest.raises(SealKeyGone):
        _ = letter.text
    letter.delete()

    assert not Letter.objects.filter(pk=letter.pk).exists()


def test_a_purged_row_takes_no_new_values(letter: Letter) -> None:
    keyring.destroy(letter.clinic_id, [letter.person_id], reason="test")
    letter.text = "too late"

    with pytest.raises(SealKeyGone):
        letter.save()


def test_copies_read_what_the_row_reads(letter: Letter) -> None:
    letter.reply = "unsaved"
    letter.facts = {"list": [1]}

    shallow, deep = copy.copy(letter), copy.deepcopy(letter)
    deep_facts: Any = deep.facts
    deep_facts["list"].append(2)

    assert (shallow.text, shallow.reply, shallow) == ("Dear María", "unsaved", letter)
    assert (deep.text, deep.reply, letter.facts) == ("Dear María", "unsaved", {"list": [1]})


def test_a_form_reads_and_writes_the_columns(letter: Letter) -> None:
    form_class = modelform_factory(Letter, fields=["text", "reply", "day", "facts", "number"])
    typed = {"text": "from a form", "reply": "", "day": "2026-06-03", "facts": '{"a": 1}', "number": ""}

    bound = form_class(typed, instance=letter)
    saved = bound.save()

    loaded = Letter.objects.get(pk=saved.pk)
    assert form_class(instance=loaded).initial["text"] == "from a form"
    assert (loaded.text, loaded.reply, loaded.day) == ("from a form", None, date(2026, 6, 3))
    assert (loaded.facts, loaded.number) == ({"a": 1}, None)


def test_a_form_refuses_what_is_too_long(letter: Letter) -> None:
    form = modelform_factory(Letter, fields=["text"])({"text": "x" * 501}, instance=letter)

    assert "text" in form.errors


# What is refused at assignment


@pytest.mark.parametrize(
    ("column", "value", "error"),
    [
        ("text", "half \ud800", ValueError),
        ("text", "nul \0", ValueError),
        ("text", 7, TypeError),
        ("text", b"bytes", TypeError),
        ("text", F("reply"), TypeError),
        ("day", "2026-01-01", TypeError),
        ("day", datetime(2026, 1, 1), TypeError),
        ("facts", {"when": date(2026, 1, 1)}, ValueError),
        ("facts", {"half": "\ud800"}, ValueError),
        ("facts", float("nan"), ValueError),
    ],
)
def test_a_value_that_cannot_be_kept_is_refused_when_set(
    column: str, value: Any, error: type[Exception]
) -> None:
    row = Letter()

    with pytest.raises(error, match=column) as caught:
        setattr(row, column, value)

    assert type(caught.value) is error
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_refusal_does_not_say_the_value() -> None:
    with pytest.raises(ValueError, match="half a character") as caught:
        Letter(text=f"{CANARY} \ud800")

    assert CANARY not in f"{caught.value!r} {caught.value.__cause__!r}"


# Places


def test_a_box_from_any_other_place_does_not_open(clinic: UUID, person: UUID) -> None:
    other_clinic = set_up_clinic()
    rows: list[Any] = [
        Letter(clinic_id=clinic, person_id=person),
        Letter(clinic_id=clinic, person_id=person),
        Letter(clinic_id=clinic, person_id=record_person(clinic)),
        Letter(clinic_id=other_clinic, person_id=record_person(other_clinic)),
        Parcel(clinic_id=clinic, person_id=person),
    ]
    for row in rows:
        row.text = "mine"
        if isinstance(row, Letter):
            row.reply = "mine too"
        row.save()
    cells = [(row, column) for row in rows for column in ("text", "reply") if hasattr(row, column)]
    boxes = {cell: stored(*cell) for cell in cells}

    for here in cells:
        for there in cells:
            plant(*here, boxes[there])
            loaded = type(here[0]).objects.get(pk=here[0].pk)
            if here == there:
                assert getattr(loaded, here[1]).startswith("mine")
            else:
                with pytest.raises(SealTampered):
                    getattr(loaded, here[1])


@pytest.mark.parametrize("column", ["person_id", "clinic_id", "id"])
def test_a_row_moved_by_sql_does_not_open(letter: Letter, column: str) -> None:
    to = {"person_id": record_person(letter.clinic_id), "clinic_id": set_up_clinic(), "id": uuid4()}[column]

    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE vaultproof_letter SET {column} = %s WHERE id = %s", [to, letter.pk])

    with pytest.raises(SealTampered):
        _ = Letter.objects.get(colour="white").text


@pytest.mark.parametrize("column", ["person_id", "clinic_id", "id"])
def test_a_loaded_or_saved_row_cannot_be_moved(letter: Letter, column: str) -> None:
    made = Letter.objects.create(clinic_id=letter.clinic_id, person_id=letter.person_id, text="made")

    for row in (letter, made):
        setattr(row, column, uuid4())
        with pytest.raises(TypeError, match=f"{column} cannot change"):
            row.save()
        with pytest.raises(TypeError, match=f"{column} cannot change"):
            row.save(update_fields=["colour"])


def test_a_row_whose_subject_was_not_loaded_cannot_be_given_one(letter: Letter) -> None:
    partial = Letter.objects.only("colour").get(pk=letter.pk)

    partial.person_id = record_person(letter.clinic_id)

    with pytest.raises(TypeError, match="person_id cannot change"):
        partial.save()


def test_a_row_whose_subject_was_loaded_late_can_be_saved(letter: Letter) -> None:
    partial = Letter.objects.only("colour").get(pk=letter.pk)

    partial.text = f"{partial.text}!"
    partial.save()

    assert Letter.objects.get(pk=letter.pk).text == "Dear María!"


def test_a_loaded_row_cannot_be_saved_again_as_a_new_one(letter: Letter) -> None:
    letter.pk = uuid4()
    letter._state.adding = True

    with pytest.raises(TypeError, match="id cannot change"):
        letter.save()


def test_a_loaded_row_cannot_be_moved_by_bulk_create(letter: Letter) -> None:
    letter.pk = uuid4()

    with pytest.raises(TypeError, match="id cannot change"):
        Letter.objects.bulk_create([letter])


def test_a_new_row_cannot_take_over_a_box(letter: Letter) -> None:
    box = Letter.objects.values_list("text", flat=True).get(pk=letter.pk)
    thief = Letter(clinic_id=letter.clinic_id, person_id=letter.person_id, text=box)

    with pytest.raises(TypeError, match="opens only there"):
        thief.save()
    with pytest.raises(TypeError, match="opens only there"):
        letter.reply = box


def test_a_row_without_a_subject_says_what_is_missing(clinic: UUID) -> None:
    with pytest.raises(TypeError, match="person_id must be a UUID"):
        Letter(clinic_id=clinic, text="whose?").save()


# What the database refuses, and what is planted past it


@pytest.mark.parametrize("planted", [b"Dear plain text" * 8, b"gAAAAABl" * 12, b"", b"\xc1" + bytes(68)])
def test_the_database_refuses_anything_but_a_box(letter: Letter, planted: bytes) -> None:
    with pytest.raises(IntegrityError, match="letter_text_is_sealed"), transaction.atomic():
        plant(letter, "text", planted)


@pytest.mark.parametrize(
    "planted", [b"Dear plain text" * 8, b"gAAAAABl" * 12, b"", b"\xc1" + bytes(68), b"\xc1\x03" * 60]
)
def test_what_is_planted_past_the_database_is_refused_on_reading(letter: Letter, planted: bytes) -> None:
    plant(letter, "text", planted, unguarded=True)

    with pytest.raises(SealFormat):
        _ = Letter.objects.get(pk=letter.pk).text


def test_null_is_refused_where_presence_is_hidden_or_a_value_is_needed(letter: Letter) -> None:
    for column in ("number", "text"):
        with pytest.raises(IntegrityError), transaction.atomic():
            plant(letter, column, None)


def test_every_sealed_column_has_its_constraint_once() -> None:
    names = [constraint.name for constraint in Letter._meta.constraints]

    assert names == [f"letter_{column}_is_sealed" for column in ("text", "reply", "day", "facts", "number")]


# Queries


REFUSED: dict[str, Callable[[Any], Any]] = {
    "exact": lambda q: q.filter(text="Dear María"),
    "exact none": lambda q: q.filter(reply=None),
    "icontains": lambda q: q.filter(text__icontains="dear"),
    "in": lambda q: q.filter(text__in=["Dear María"]),
    "exclude": lambda q: q.exclude(text="Dear María"),
    "get": lambda q: q.get(text="Dear María"),
    "gte": lambda q: q.filter(day__gte=date(2026, 1, 1)),
    "transform": lambda q: q.filter(day__year=2026),
    "json key": lambda q: q.filter(facts__name="x"),
    "hidden isnull": lambda q: q.filter(number__isnull=True),
    "order_by": lambda q: list(q.order_by("text")),
    "order_by descending": lambda q: list(q.order_by("-text")),
    "order_by F": lambda q: list(q.order_by(F("text").asc())),
    "order_by across": lambda q: list(Stamp._default_manager.order_by("letter__text")),
    "filter across": lambda q: list(Stamp._default_manager.filter(letter__text="Dear María")),
    "annotate across": lambda q: list(Stamp._default_manager.annotate(x=F("letter__text"))),
    "distinct on": lambda q: list(q.distinct("text")),
    "annotate": lambda q: q.annotate(x=F("text")),
    "annotate function": lambda q: q.annotate(x=Upper("text")),
    "alias": lambda q: q.alias(x=F("text")),
    "values expression": lambda q: q.values(x=F("text")),
    "count": lambda q: q.aggregate(n=Count("text")),
    "max": lambda q: q.aggregate(n=Max("day")),
    "compared with": lambda q: q.filter(colour=F("text")),
    "subquery": lambda q: list(
        q.annotate(x=Subquery(Letter.objects.filter(text=OuterRef("colour")).values("pk")))
    ),
    "case": lambda q: q.annotate(x=Case(When(text="x", then=Value(1)), default=Value(2))),
    "latest": lambda q: q.latest("day"),
    "dates": lambda q: list(q.dates("day", "year")),
    "in_bulk": lambda q: q.in_bulk(["x"], field_name="text"),
}


@pytest.mark.parametrize("query", REFUSED.values(), ids=REFUSED.keys())
def test_a_query_that_looks_inside_is_refused_with_what_to_do(
    letter: Letter, query: Callable[[Any], Any]
) -> None:
    with pytest.raises((FieldError, TypeError, ValueError)) as caught:
        query(Letter.objects.all())

    assert "sealed" in str(caught.value) or "field_name" in str(caught.value)


UPDATES: dict[str, Callable[[Letter, type[models.QuerySet[Any]]], Any]] = {
    "value": lambda row, q: q(Letter).update(text="plain"),
    "date": lambda row, q: q(Letter).update(day=date(2026, 1, 1)),
    "bytes": lambda row, q: q(Letter).update(text=b"\xc1" * 80),
    "a box": lambda row, q: q(Letter).update(reply=Sealed(stored(row, "text") or b"")),
    "F": lambda row, q: q(Letter).update(reply=F("colour")),
    "F of sealed": lambda row, q: q(Letter).update(reply=F("text")),
    "Value": lambda row, q: q(Letter).update(reply=Value("plain")),
    "hidden none": lambda row, q: q(Letter).update(number=None),
    "bulk_update": lambda row, q: q(Letter).bulk_update([row], ["text"]),
}


@pytest.mark.parametrize("update", UPDATES.values(), ids=UPDATES.keys())
@pytest.mark.parametrize("queryset", [type(Letter.objects.all()), models.QuerySet], ids=["ours", "Django's"])
def test_an_update_that_would_store_anything_but_a_box_is_refused(
    letter: Letter, update: Callable[..., Any], queryset: type[models.QuerySet[Any]]
) -> None:
    letter.text = "changed"
    before = {column: stored(letter, column) for column in ("text", "reply", "day", "number")}

    with pytest.raises((TypeError, FieldError), match="sealed"), transaction.atomic():
        update(letter, queryset)

    assert {column: stored(letter, column) for column in before} == before


def test_a_column_may_be_emptied_by_update(letter: Letter) -> None:
    letter.reply = "x"
    letter.save()

    Letter.objects.update(reply=None)

    assert stored(letter, "reply") is None


@pytest.mark.parametrize("column", ["person_id", "clinic_id", "id", "pk"])
def test_an_update_that_would_move_rows_is_refused(letter: Letter, column: str) -> None:
    with pytest.raises(TypeError, match="cannot change"):
        Letter.objects.update(**{column: uuid4()})


def test_an_upsert_that_would_put_a_box_into_another_row_is_refused(letter: Letter) -> None:
    row = Letter(clinic_id=letter.clinic_id, person_id=letter.person_id, text="x")

    with pytest.raises(TypeError, match="sealed"):
        Letter.objects.bulk_create([row], update_conflicts=True, update_fields=["text"], unique_fields=["id"])


def test_values_give_only_the_marker(letter: Letter) -> None:
    (row,) = Letter.objects.values("text", "colour")
    (listed,) = Letter.objects.values_list("text", flat=True)

    assert str(row) == "{'text': ‹sealed›, 'colour': 'white'}"
    assert (str(listed), f"{listed}", f"{listed:>3}") == ("‹sealed›",) * 3


def test_whether_a_value_is_there_may_be_asked_where_it_is_not_hidden(letter: Letter) -> None:
    assert Letter.objects.filter(reply__isnull=True).get() == letter
    assert not Letter.objects.filter(day__isnull=False).exists()
    assert (
        Letter.objects.filter(pk__in=Letter.objects.filter(reply__isnull=True).values("pk")).get() == letter
    )
    assert Letter.objects.filter(pk=letter.pk).count() == 1


# What leaves the process


@pytest.fixture
def unpickled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Django find the test's tables by name, as it finds those of an installed app."""
    found = SimpleNamespace(
        get_model=lambda name, require_ready=True: apps.all_models["vaultproof"][name.lower()]
    )
    monkeypatch.setitem(apps.app_configs, "vaultproof", found)


def test_a_pickle_holds_no_value_and_opens_again_elsewhere(letter: Letter, unpickled: None) -> None:
    letter.text, letter.facts = CANARY, {"k": CANARY}
    letter.save()
    assert letter.text == CANARY

    pickled = pickle.dumps([letter, vars(letter)])

    assert "_opened" not in letter.__getstate__()
    assert CANARY.encode() not in pickled
    assert pickle.loads(pickled)[0].text == CANARY


def test_a_value_never_saved_does_not_travel(letter: Letter, unpickled: None) -> None:
    letter.text = CANARY

    pickled = pickle.dumps(letter)
    arrived = pickle.loads(pickled)

    assert CANARY.encode() not in pickled
    with pytest.raises(ValueDropped, match="Save the row first"):
        _ = arrived.text
    with pytest.raises(ValueDropped):
        arrived.save()


def test_no_repr_log_or_template_shows_a_value(letter: Letter, caplog: pytest.LogCaptureFixture) -> None:
    letter.text = CANARY
    letter.facts = {"k": CANARY}
    box = Letter.objects.values_list("text", flat=True)[0]

    logging.getLogger("test").warning("%r %s %s", letter, vars(letter), letter.__dict__)
    page = Template("{{ letter }} {{ box }}").render(Context({"letter": letter, "box": box}))

    assert CANARY not in caplog.text + page + repr(vars(letter)) + str(letter.__getstate__())


@pytest.mark.parametrize("output", ["json", "python"])
def test_a_row_is_not_written_to_a_fixture(letter: Letter, output: str) -> None:
    with pytest.raises(TypeError, match="not written to fixtures"):
        serializers.serialize(output, [letter])


def test_an_error_holds_no_value(letter: Letter) -> None:
    letter.text = CANARY
    letter.save()
    plant(letter, "text", bytes(reversed(stored(letter, "text") or b""))[::-1][:-1] + b"\0")

    with pytest.raises(SealTampered) as caught:
        _ = Letter.objects.get(pk=letter.pk).text

    assert CANARY not in repr(caught.value)


# Without the key


def test_without_the_root_key_nothing_opens_or_seals(letter: Letter, settings: Any) -> None:
    settings.ROOT_KEY_FILE = None
    keyring.drop_all()

    with pytest.raises(SealLocked, match="without the root key"):
        _ = letter.text
    letter.text = "new"
    with pytest.raises(SealLocked):
        letter.save()


# Declaring the columns


def test_a_field_survives_a_migration_unchanged() -> None:
    for field in (
        Letter._meta.get_field("number"),
        Letter._meta.get_field("text"),
        SealedDateField(editable=False),
    ):
        _, path, args, kwargs = field.deconstruct()
        rebuilt = type(field)(*args, **kwargs)

        assert path == f"caseapp.vault.fields.{type(field).__name__}"
        assert rebuilt.deconstruct()[1:] == field.deconstruct()[1:]
        assert (rebuilt.editable, rebuilt.null) == (field.editable, field.null)


def test_the_constraint_survives_a_migration_unchanged() -> None:
    (constraint, *_) = Letter._meta.constraints
    path, args, kwargs = constraint.deconstruct()

    assert path == "caseapp.vault.constraints.SealedCheck"
    assert SealedCheck(*args, **kwargs) == constraint == constraint.clone()


@pytest.mark.parametrize("option", ["unique", "db_index", "primary_key"])
def test_a_sealed_column_cannot_be_indexed(option: str) -> None:
    with pytest.raises(TypeError, match="unique or indexed"):
        SealedTextField(**{option: True})


def test_a_sealed_column_on_an_ordinary_row_is_reported() -> None:
    class Loose(models.Model):
        text = SealedTextField()

        class Meta:
            app_label = "vaultproof"

        def __str__(self) -> str:
            return "loose"

    class Whose(Letter.__base__):  # type: ignore[name-defined,misc]
        sealed_under = "person_id"

        class Meta:
            app_label = "vaultproof"

    assert "vault.E001" in [found.id for found in Loose.check()]
    assert [found.id for found in Whose.check()].count("vault.E002") == 2


def test_an_undeclared_column_says_where_to_declare_it(
    clinic: UUID, person: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    field = Parcel._meta.get_field("text")
    monkeypatch.delitem(field.__dict__, "place", raising=False)
    monkeypatch.delitem(keyring_registry(), "vaultproof.Parcel.text")

    with pytest.raises(LookupError, match=r"registry\.py"):
        Parcel.objects.create(clinic_id=clinic, person_id=person, text="x")


def keyring_registry() -> dict[str, Any]:
    from caseapp.vault import registry

    return registry.FIELDS


def test_json_is_written_one_way_only() -> None:
    field = Letter._meta.get_field("facts")

    assert field.encode({"b": "ñ", "a": [1, None]}) == '{"a":[1,null],"b":"ñ"}'.encode()
    assert field.decode(field.encode({"b": 1})) == json.loads('{"b":1}')
    assert field.kind == cipher.JSON
