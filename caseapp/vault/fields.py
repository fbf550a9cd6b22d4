"""Columns that hold sealed values: sealed when the row is saved, opened when the attribute is first read.

The database takes nothing from these columns but a box made for that very row, and no query can
look inside one. What a developer may not do is refused with words on what to do instead.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import date, datetime
from functools import cached_property
from types import CodeType
from typing import TYPE_CHECKING, Any, ClassVar, Final, NoReturn, TypeVar

from django import forms
from django.core import checks
from django.core.exceptions import FieldError
from django.db import models
from django.db.models.expressions import Col
from django.db.models.query_utils import DeferredAttribute
from django.db.models.sql.compiler import SQLCompiler
from django.db.models.sql.query import Query

from caseapp.vault import cipher, keyring, registry
from caseapp.vault.constraints import SealedCheck
from caseapp.vault.sealed import (
    MISSING,
    OPENED,
    REFRESHING,
    SHUT,
    UNSAVED,
    Opened,
    Sealed,
    ToStore,
    ValueDropped,
)

_ST = TypeVar("_ST", contravariant=True)
_GT = TypeVar("_GT", covariant=True)

if TYPE_CHECKING:

    class _Binary(models.BinaryField[_ST, _GT]):
        pass

else:

    class _Binary(models.BinaryField):
        def __class_getitem__(cls, _: object) -> type[_Binary]:
            return cls


class SealedAttribute(DeferredAttribute):
    """Opens a row's box when it is first read, and keeps what is set until the row is saved."""

    def __init__(self, field: SealedField[Any, Any]) -> None:
        super().__init__(field)
        self.name = field.attname

    def __get__(self, row: models.Model | None, cls: type[models.Model] | None = None) -> Any:
        if row is None:
            return self
        opened = row.__dict__.get(OPENED)
        if opened is not None:
            value = opened.get(self.name, MISSING)
            if value is not MISSING:
                return value
        return self._open(row, cls)

    def _open(self, row: models.Model, cls: type[models.Model] | None) -> Any:
        state = row.__dict__
        if self.name not in state:
            super().__get__(row, cls)
        held = state[self.name]
        if held is None or state.get(OPENED) is SHUT:
            return held
        if held is UNSAVED:
            raise ValueDropped(
                f"{self.field.name} was set but not saved before this row was pickled, and sealed values do"
                " not travel. Save the row first, or pass its id and load it again."
            )
        value = self.field.open(row, held)  # type: ignore[attr-defined]
        opened = state.get(OPENED)
        if opened is None:
            opened = state[OPENED] = Opened()
        opened[self.name] = value
        return value

    def __set__(self, row: models.Model, value: Any) -> None:
        state = row.__dict__
        if isinstance(value, Sealed):
            if self.name in state and REFRESHING not in state:
                raise TypeError(
                    f"{self.field.name} was given another row's sealed value, which opens only there. Read"
                    " the other row's attribute and assign what it says."
                )
            state[self.name] = value
            state.get(OPENED, {}).pop(self.name, None)
        elif value is None:
            state[self.name] = None
            state.get(OPENED, {}).pop(self.name, None)
        else:
            self._keep(state, value)

    def _keep(self, state: dict[str, Any], value: Any) -> None:
        self.field.encode(value)  # type: ignore[attr-defined]
        opened = state.setdefault(OPENED, Opened())
        unchanged = type(opened.get(self.name)) is type(value) and opened[self.name] == value
        if not (unchanged and isinstance(state.get(self.name), Sealed)):
            state[self.name] = UNSAVED
        opened[self.name] = value


# Where Django asks for a column in order to sort by it or compute with it, rather than to fetch it.
_USES: Final = {
    code
    for place in (Query.resolve_ref, SQLCompiler.find_ordering_name, SQLCompiler.get_distinct)
    for code in (place.__code__, *place.__code__.co_consts)  # a comprehension is code within code
    if isinstance(code, CodeType)
}


class SealedField(_Binary[_ST, _GT]):
    """A sealed column. Use one of its kinds: text, date or JSON.

    With `hide_presence=True` nothing is sealed too, so that a row with a value and a row without look
    alike; the column is then NOT NULL, though None may be assigned and read.
    """

    is_sealed: Final = True
    descriptor_class = SealedAttribute
    empty_values = (None, "")
    kind: ClassVar[int]
    # Whether a value can change without being assigned again, so that saving must seal it anew.
    mutable: ClassVar[bool] = False

    def __init__(self, *args: Any, hide_presence: bool = False, **kwargs: Any) -> None:
        if kwargs.get("unique") or kwargs.get("primary_key") or kwargs.get("db_index"):
            raise TypeError("A sealed column cannot be unique or indexed: equal values look different.")
        kwargs.setdefault("editable", True)
        self.hide_presence = hide_presence
        # Whether None stands for no value; the column itself is NULL only where that is no secret.
        self.optional = bool(kwargs.get("null"))
        kwargs["null"] = self.optional and not hide_presence
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        name, path, args, kwargs = super().deconstruct()
        if kwargs.get("editable"):
            del kwargs["editable"]
        else:
            kwargs["editable"] = False
        if self.hide_presence:
            # The column is NOT NULL either way, so a migration need not know what None stands for.
            kwargs["hide_presence"] = True
        return name, path, args, kwargs

    def contribute_to_class(self, cls: type[models.Model], name: str, private_only: bool = False) -> None:
        """Join the model, and give its table the constraint that only boxes fit this column."""
        super().contribute_to_class(cls, name, private_only)
        options = cls._meta
        if options.abstract or cls.__module__ == "__fake__":
            return
        constraint = SealedCheck(
            column=str(self.column), name=f"{options.model_name}_{self.column}_is_sealed"
        )
        options.constraints = [*options.constraints, constraint]
        options.original_attrs["constraints"] = options.constraints

    def check(self, **kwargs: Any) -> list[checks.CheckMessage]:
        found = super().check(**kwargs)
        if not hasattr(self.model, "sealed_under"):
            found.append(
                checks.Error(
                    "A sealed field needs a row that says whose key seals it. Make the model a SealedRow.",
                    obj=self,
                    id="vault.E001",
                )
            )
        return found

    def _check_str_default_value(self) -> list[checks.CheckMessage]:
        return []

    # Sealing and opening

    @cached_property
    def place(self) -> bytes:
        """What values of this column are bound to. Raises LookupError if the registry does not declare it."""
        return cipher.field_place(*registry.numbers_of(self))

    def encode(self, value: Any) -> bytes:
        """Return the value's bytes. Raises TypeError or ValueError, never with the value in the message."""
        raise TypeError("Use SealedTextField, SealedDateField or SealedJSONField.")

    def decode(self, data: bytes) -> Any:
        raise TypeError("Use SealedTextField, SealedDateField or SealedJSONField.")

    def open(self, row: Any, box: bytes) -> Any:
        """Return what the box says in this row, or None if it is the sealed nothing. Raises a SealError."""
        if box[:2] != cipher.PREFIX:
            cipher.key_id_of(box)
        key = keyring.key_by_id(row.clinic_id, getattr(row, row.sealed_under), box[2:10])
        return self.said_by(key, box, row.id.bytes)

    def said_by(self, key: cipher.DataKey, box: bytes, row: bytes) -> Any:
        """Return what the box says in the row with this id, opened with its subject's key. Raises as open."""
        data = key.open(box, self.kind, self.place, row)
        if data is None:
            return None
        try:
            return self.decode(data)
        except ValueError:
            raise cipher.SealTampered("This value is authentic but malformed.") from None

    def seal(self, row: Any, value: Any) -> bytes:
        """Return the value, or nothing if it is None, sealed for this row. Raises a SealError."""
        clinic_id, subject_id, row_id = row.sealing_place()
        key = keyring.field_key(clinic_id, subject_id)
        if value is None:
            return key.seal(b"", cipher.EMPTY, self.place, row_id)
        return key.seal(self.encode(value), self.kind, self.place, row_id)

    def reseal(self, box: bytes, row: bytes, *, old: cipher.DataKey, new: cipher.DataKey) -> bytes:
        """Return what `old` sealed for the row with this id, sealed by `new`. Raises a SealError."""
        value = old.open(box, self.kind, self.place, row)
        if value is None:
            return new.seal(b"", cipher.EMPTY, self.place, row)
        return new.seal(value, self.kind, self.place, row)

    def pre_save(self, model_instance: models.Model, add: bool) -> ToStore | None:
        """Return the box to store: the one that was loaded if nothing changed, or else a new one."""
        state = model_instance.__dict__
        if self.attname not in state:
            model_instance.refresh_from_db(fields=[self.attname])
        held = state[self.attname]
        if held is None and not self.hide_presence:
            return None
        opened = state.setdefault(OPENED, Opened())
        anew = self.attname in opened and (self.mutable or model_instance._state.adding)
        if isinstance(held, Sealed) and not anew:
            return self._as_loaded(model_instance, held)
        value = None if held is None else getattr(model_instance, self.attname)
        box = self.seal(model_instance, value)
        state[self.attname] = Sealed(box)
        opened[self.attname] = value
        return ToStore(box)

    def _as_loaded(self, row: Any, held: Sealed) -> ToStore:
        if row._state.adding:
            raise TypeError(
                f"{self.name} of a new row holds another row's sealed value, which opens only there. Make the"
                " new row from the values read, not from the row."
            )
        row.refuse_if_moved()
        return ToStore(held)

    # What the database may be given, and asked

    def from_db_value(self, value: bytes | None, expression: object, connection: object) -> Sealed | None:
        return None if value is None else Sealed(value)

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if value is None and not self.hide_presence:
            return None
        if not isinstance(value, ToStore):
            self._refuse_update()
        return connection.Database.Binary(bytes(value))

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        return self.get_db_prep_value(value, connection)

    def _refuse_update(self) -> NoReturn:
        raise TypeError(
            f"{self.name} is sealed and only a row being saved can seal it. Set the attribute and call"
            " save(), or bulk_create() for new rows; update(), bulk_update() and expressions cannot."
        )

    def _refuse_query(self, use: str) -> NoReturn:
        raise FieldError(
            f"{self.name} is sealed, so the database cannot {use}. Load the rows and do it in Python; to find"
            " people by name or number, ask the roster."
        )

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name != "isnull":
            self._refuse_query("compare it")
        if self.hide_presence:
            self._refuse_query("tell whether it is empty")
        return super().get_lookup(lookup_name)

    def get_transform(self, lookup_name: str) -> Any:
        self._refuse_query("take it apart")

    def get_col(self, alias: str, output_field: models.Field[Any, Any] | None = None) -> Col:
        """Return the column for fetching. Refuses when it is wanted for sorting or for an expression."""
        if sys._getframe(2).f_code in _USES:
            self._refuse_query("sort by it, group by it or compute with it")
        return super().get_col(alias, output_field)

    # What forms and serialisers see

    def get_default(self) -> Any:
        return super().get_default() if self.has_default() else None

    def to_python(self, value: Any) -> Any:
        return value

    def validate(self, value: Any, model_instance: models.Model | None) -> None:
        if value is None and self.hide_presence and self.blank:
            return
        super().validate(value, model_instance)

    def value_to_string(self, obj: models.Model) -> str:
        raise TypeError(f"{self.name} is sealed and is not written to fixtures. Use the backup commands.")


class SealedTextField(SealedField[_ST, _GT]):
    """Text, kept exactly as it was typed."""

    if TYPE_CHECKING:
        _pyi_private_set_type: str
        _pyi_private_get_type: str  # type: ignore[assignment]

    kind = cipher.TEXT

    def encode(self, value: Any) -> bytes:
        if not isinstance(value, str):
            raise TypeError(f"{self.name} takes text, not {type(value).__name__}.")
        if "\0" in value:
            raise ValueError(f"{self.name} cannot hold the character NUL. Remove it.")
        try:
            return value.encode()
        except UnicodeEncodeError:
            raise ValueError(f"{self.name} holds half a character (a lone surrogate). Remove it.") from None

    def decode(self, data: bytes) -> str:
        return data.decode()

    def get_default(self) -> Any:
        return super().get_default() if self.has_default() or self.optional else ""

    def to_python(self, value: Any) -> Any:
        return value if value is None or isinstance(value, str) else str(value)

    def formfield(self, **kwargs: Any) -> Any:
        defaults = {} if self.choices else {"max_length": self.max_length}
        if self.optional and not self.choices:
            defaults["empty_value"] = None
        return super().formfield(**defaults | kwargs)


class SealedDateField(SealedField[_ST, _GT]):
    """A day."""

    if TYPE_CHECKING:
        _pyi_private_set_type: date
        _pyi_private_get_type: date  # type: ignore[assignment]

    kind = cipher.DATE

    def encode(self, value: Any) -> bytes:
        if not isinstance(value, date) or isinstance(value, datetime):
            raise TypeError(f"{self.name} takes a date, not {type(value).__name__}.")
        return value.isoformat().encode()

    def decode(self, data: bytes) -> date:
        return date.fromisoformat(data.decode())

    def to_python(self, value: Any) -> Any:
        return models.DateField().to_python(value)

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**{"form_class": forms.DateField} | kwargs)


_CANONICAL: Final = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
)


class SealedJSONField(SealedField[_ST, _GT]):
    """Lists, dictionaries with text keys, text, numbers, booleans and None. None alone is no value."""

    if TYPE_CHECKING:
        _pyi_private_set_type: Any
        _pyi_private_get_type: Any

    kind = cipher.JSON
    mutable = True

    def encode(self, value: Any) -> bytes:
        try:
            return _CANONICAL.encode(value).encode()
        except (TypeError, ValueError, RecursionError):
            raise ValueError(
                f"{self.name} takes lists, dictionaries with text keys, whole text, numbers and booleans."
            ) from None

    def decode(self, data: bytes) -> Any:
        return json.loads(data)

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**{"form_class": forms.JSONField} | kwargs)
