"""What sealing costs: one field of 200 bytes, and 1,000 rows of six texts through the ORM."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV
from django.conf import settings
from django.db import connection, transaction
from tink import aead, json_proto_keyset_format, new_keyset_handle, secret_key_access

from benchmarks import invented, tables
from benchmarks.models import (
    SIX,
    SIXES,
    CryptographySix,
    FernetSix,
    FieldsealSix,
    PlainSix,
    SealedSix,
    TinkSix,
)
from benchmarks.timing import Table, Took, micro, mid, milli, side_by_side, took, verdict
from caseapp.access import wall
from caseapp.vault import cipher, keyring
from caseapp.vault.sealed import OPENED

BYTES: Final = 200
MOST_TO_OPEN: Final = 2.5
AT_ONCE: Final = 2000
ONE_BY_ONE: Final = 1000
ONE_KEY: Final = "vault"
KEY_EACH: Final = "vault, a key each, cold"
TEXTS: Final = [("Guatemala, Huehuetenango " * 10)[:length] for length in (12, 20, 40, 60, 120, BYTES)]

Act = Callable[[], object]


def run(quick: bool) -> list[Table]:
    clinic = invented.make_clinic()
    person = uuid4()
    keyring.make_key(clinic.id, person)
    _make_tink_keyset()
    tables.make(SIXES)
    try:
        return [_one_field(clinic.id, person, quick), _through_the_orm(clinic.id, person, quick)]
    finally:
        wall.leave()


def _make_tink_keyset() -> None:
    path: str = getattr(settings, "TINK_FIELDS_CONFIG")["default"]["path"]  # noqa: B009 (types know the product's)
    aead.register()
    handle = new_keyset_handle(aead.aead_key_templates.AES256_GCM)
    Path(path).write_text(json_proto_keyset_format.serialize(handle, secret_key_access.TOKEN))


def _one_field(clinic_id: UUID, person: UUID, quick: bool) -> Table:
    rounds, times = (3, 20) if quick else (101, 1000)
    value = TEXTS[-1]
    pairs = {
        "AES-256-GCM-SIV itself": _raw(value.encode()),
        "vault, cipher": _cipher(clinic_id, value.encode()),
        "vault, field of a row": _sealed_field(clinic_id, person, value),
        "cryptography's Fernet": _fernet(value.encode()),
        "django-fernet-encrypted-fields": _fernet_field(value),
        "django-tink-fields (AES-256-GCM)": _tink_field(value),
    }
    acts = {
        f"{way} {name}": act
        for name, acts in pairs.items()
        for way, act in zip(("seal", "open"), acts, strict=True)
    }
    found = side_by_side(acts, rounds=rounds, times=times)
    table = Table(
        f"One field of {BYTES} bytes",
        ("µs", "seal, median", "seal, least", "open, median", "open, least"),
    )
    for name in pairs:
        seals, opens = found[f"seal {name}"], found[f"open {name}"]
        figures = (mid(seals), min(seals), mid(opens), min(opens))
        table.rows.append((name, *map(micro, figures)))
    table.notes.append(
        f"{rounds} rounds of {times:,} calls, in turn; the least is what remains when nothing else runs. The"
        " field of a row is what reading row.one costs, finding its key in memory included; the other"
        " libraries' fields are their conversion to and from the column."
    )
    for name in ("vault, cipher", "vault, field of a row"):
        taken = mid(found[f"open {name}"]) * 1e6
        table.verdicts.append(verdict(f"{name}: opening {BYTES} bytes", taken, MOST_TO_OPEN, "µs"))
    return table


def _raw(value: bytes) -> tuple[Act, Act]:
    """Only the library's call, on what the vault gives it: the floor under everything built on it."""
    suite = AESGCMSIV(AESGCMSIV.generate_key(256))
    nonce, bound_to = bytes(12), bytes(69)
    padded = value.ljust(cipher.padded_length(len(value) + 2), b"\0")
    sealed = suite.encrypt(nonce, padded, bound_to)
    return (lambda: suite.encrypt(nonce, padded, bound_to)), (lambda: suite.decrypt(nonce, sealed, bound_to))


def _cipher(clinic_id: UUID, value: bytes) -> tuple[Act, Act]:
    key = cipher.DataKey(bytes(32), key_id=bytes(8), clinic=clinic_id, subject=uuid4())
    place, row = cipher.field_place(1, 1), uuid4().bytes
    box = key.seal(value, cipher.TEXT, place, row)
    return (
        lambda: key.seal(value, cipher.TEXT, place, row),
        lambda: key.open(box, cipher.TEXT, place, row),
    )


def _sealed_field(clinic_id: UUID, person: UUID, value: str) -> tuple[Act, Act]:
    SealedSix.objects.bulk_create(
        [SealedSix(clinic_id=clinic_id, person_id=person, **dict.fromkeys(SIX, value))]
    )
    row = SealedSix.objects.get()
    field: Any = SealedSix._meta.get_field("one")
    if row.one != value:
        raise RuntimeError("The field does not open.")
    opened: dict[str, Any] = row.__dict__[OPENED]

    def read() -> object:
        opened.clear()
        return row.one

    return (lambda: field.seal(row, value)), read


def _fernet(value: bytes) -> tuple[Act, Act]:
    suite = Fernet(Fernet.generate_key())
    token = suite.encrypt(value)
    return (lambda: suite.encrypt(value)), (lambda: suite.decrypt(token))


def _fernet_field(value: str) -> tuple[Act, Act]:
    field: Any = FernetSix._meta.get_field("one")
    stored = field.get_prep_value(value)
    return (lambda: field.get_prep_value(value)), (lambda: field.from_db_value(stored, None, connection))


def _tink_field(value: str) -> tuple[Act, Act]:
    field: Any = TinkSix._meta.get_field("one")
    stored = bytes(field.get_db_prep_save(value, connection).obj)
    return (
        lambda: field.get_db_prep_save(value, connection),
        lambda: field.from_db_value(stored, None, connection),
    )


class _Rows:
    """One kind of row in the ORM, and what is done with a thousand of them."""

    def __init__(self, model: Any, clinic_id: UUID, subjects: Sequence[UUID], *, cold: bool = False) -> None:
        self.model = model
        self.clinic_id = clinic_id
        self.subjects = subjects
        self.cold = cold
        self.bytes = 0

    def round(self, found: dict[str, list[Took]]) -> None:
        tables.empty([self.model])
        ids = [uuid4() for _ in self.subjects]
        acts = {
            "create one by one": lambda: self.create_singly(),
            "create in bulk": lambda: self.create(ids),
            "read, every field": lambda: self.read(),
            "read, no field": lambda: list(self.model.objects.all()),
            "read one by one": lambda: self.read_singly(ids[:ONE_BY_ONE]),
        }
        for name, act in acts.items():
            if name == "create in bulk":
                tables.empty([self.model])
            if self.cold:
                keyring.drop_all()
            found.setdefault(name, []).append(took(act))
        self.bytes = tables.size(self.model)

    def _new(self, subject: UUID, pk: UUID) -> Any:
        return self.model(
            id=pk, clinic_id=self.clinic_id, person_id=subject, **dict(zip(SIX, TEXTS, strict=True))
        )

    def create(self, ids: Sequence[UUID]) -> None:
        for start in range(0, len(ids), AT_ONCE):
            subjects = self.subjects[start : start + AT_ONCE]
            self._fetch_keys(subjects)
            pairs = zip(subjects, ids[start : start + AT_ONCE], strict=True)
            self.model.objects.bulk_create([self._new(subject, pk) for subject, pk in pairs])

    def create_singly(self) -> None:
        """In one transaction, so that it is not the disk that is measured a thousand times."""
        some = self.subjects[:ONE_BY_ONE]
        self._fetch_keys(some)
        with transaction.atomic():
            for subject in some:
                self._new(subject, uuid4()).save(force_insert=True)

    def read_singly(self, ids: Sequence[UUID]) -> None:
        for pk in ids:
            self._check([self.model.objects.get(pk=pk)])

    def read(self) -> None:
        """Read all rows in one query, and their keys, of which 4,096 are held, in as many as needed."""
        rows = list(self.model.objects.all())
        for start in range(0, len(rows), AT_ONCE):
            batch = rows[start : start + AT_ONCE]
            self._fetch_keys([row.person_id for row in batch])
            self._check(batch)

    def _check(self, rows: Sequence[Any]) -> None:
        for row in rows:
            for name, text in zip(SIX, TEXTS, strict=True):
                if getattr(row, name) != text:
                    raise RuntimeError("A field does not open.")

    def _fetch_keys(self, subjects: Sequence[UUID]) -> None:
        if self.model is SealedSix:
            keyring.preload(self.clinic_id, subjects)


def _through_the_orm(clinic_id: UUID, person: UUID, quick: bool) -> Table:
    rounds, count = (1, 5) if quick else (5, 10_000)
    strangers = [uuid4() for _ in range(count)]
    for start in range(0, count, AT_ONCE):
        invented.make_subject_keys(clinic_id, strangers[start : start + AT_ONCE])
    kinds = {
        "plain": _Rows(PlainSix, clinic_id, [person] * count),
        ONE_KEY: _Rows(SealedSix, clinic_id, [person] * count),
        KEY_EACH: _Rows(SealedSix, clinic_id, strangers, cold=True),
        "tink": _Rows(TinkSix, clinic_id, [person] * count),
        "fernet-encrypted": _Rows(FernetSix, clinic_id, [person] * count),
        "cryptography-5": _Rows(CryptographySix, clinic_id, [person] * count),
        "fieldseal": _Rows(FieldsealSix, clinic_id, [person] * count),
    }
    found: dict[str, dict[str, list[Took]]] = {name: {} for name in kinds}
    for _ in range(rounds):
        for name, rows in kinds.items():
            rows.round(found[name])
    table = Table(f"{count:,} rows of six texts through the ORM, in ms (times plain)", ("", *kinds))
    times_plain: dict[tuple[str, str], float] = {}
    plain = found["plain"]
    for act in plain:
        base = mid([each.wall for each in plain[act]])
        cells = {name: mid([each.wall for each in found[name][act]]) for name in kinds}
        times_plain |= {(act, name): cell / base for name, cell in cells.items()}
        table.rows.append((act, *[f"{milli(cell)} ({cell / base:.1f})" for cell in cells.values()]))
    table.rows.append(("table on disk, kB", *[f"{rows.bytes / 1000:.0f}" for rows in kinds.values()]))
    lengths = ", ".join(str(len(text)) for text in TEXTS)
    table.notes.append(
        f"Texts of {lengths} bytes; medians of {rounds} rounds, the libraries in turn. One by one:"
        f" {ONE_BY_ONE:,} of the rows, in one transaction. The vault opens a field when it is first read, the"
        " others every field when the row is loaded. A key each: every row is another person's, and no key"
        " was in memory. None of the others binds a value to its row; fieldseal, the nearest, to its column."
    )
    for name, most in ((ONE_KEY, 6), (KEY_EACH, 10)):
        table.verdicts.append(
            verdict(
                f"{name}: reading every field", times_plain["read, every field", name], most, "times plain"
            )
        )
    return table
