"""Rows with sealed columns: whose key seals them, and what may not be done to them."""

from __future__ import annotations

import copy
from collections.abc import Collection, Container, Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar
from uuid import UUID

from django.core import checks
from django.db import models
from django.db.models.query import ModelIterable

from caseapp.vault.cipher import key_id_of
from caseapp.vault.declared import is_sealed
from caseapp.vault.sealed import BOUND, OPENED, REFRESHING, SHUT, Opened, Sealed

_Row = TypeVar("_Row", bound=models.Model)


@cache
def _bound_by(model: Any) -> tuple[str, ...]:
    """Return the columns that say where a row's boxes open: its own id, its subject's and its clinic's."""
    names = {field.attname for field in model._meta.concrete_fields}
    places = (model._meta.pk.attname, model.sealed_under, "clinic_id")
    return tuple(dict.fromkeys(name for name in places if name in names))


@cache
def _sealed_columns(model: Any) -> frozenset[str]:
    return frozenset(field.attname for field in model._meta.concrete_fields if is_sealed(field))


class SealedQuerySet(models.QuerySet[_Row]):
    """Refuses, before the database is asked, what would leave rows that cannot be opened.

    A room's own queryset of sealed rows inherits from it.
    """

    def update(self, **values: Any) -> int:
        named = {self._attname(name): value for name, value in values.items()}
        moved = named.keys() & set(_bound_by(self.model))
        sealed = {name for name in named.keys() & _sealed_columns(self.model) if named[name] is not None}
        self._refuse(moved, sealed)
        return super().update(**values)

    def bulk_update(self, objs: Iterable[Any], fields: Iterable[str], batch_size: int | None = None) -> int:
        fields = list(fields)
        named = set(map(self._attname, fields))
        self._refuse(named & set(_bound_by(self.model)), named & _sealed_columns(self.model))
        return super().bulk_update(objs, fields, batch_size)

    def bulk_create(
        self,
        objs: Iterable[Any],
        batch_size: int | None = None,
        ignore_conflicts: bool = False,
        update_conflicts: bool = False,
        update_fields: Collection[str] | None = None,
        unique_fields: Collection[str] | None = None,
    ) -> list[Any]:
        named = set(map(self._attname, update_fields or ()))
        self._refuse(named & set(_bound_by(self.model)), named & _sealed_columns(self.model))
        return super().bulk_create(
            objs, batch_size, ignore_conflicts, update_conflicts, update_fields, unique_fields
        )

    def _attname(self, name: str) -> str:
        return str(getattr(self.model._meta.get_field("id" if name == "pk" else name), "attname", name))

    def _refuse(self, moved: Collection[str], sealed: Collection[str]) -> None:
        if sealed:
            raise TypeError(
                f"{', '.join(sorted(sealed))} is sealed and only a row being saved can seal it. Set the"
                " attribute and call save(), or bulk_create() for new rows."
            )
        if moved:
            raise TypeError(_moved(moved))


def _moved(names: Iterable[str]) -> str:
    return (
        f"{', '.join(sorted(names))} cannot change: the row's sealed values open only where they were sealed."
        " Make a new row from the values read, and delete this one."
    )


class _Shut(ModelIterable[Any]):
    """Yields rows that hand over their boxes unopened."""

    def __iter__(self) -> Iterator[Any]:
        for row in super().__iter__():
            row.__dict__[OPENED] = SHUT
            yield row


class SealedRow(models.Model):
    """A row some of whose columns are sealed under the key of one subject.

    `sealed_under` names the attribute with the subject's id ("id", "person_id", "matter_id",
    "clinic_id"); `clinic_id` gives the clinic. Neither these nor the row's id may change afterwards.
    """

    sealed_under: ClassVar[str]

    if not TYPE_CHECKING:
        # Each model declares its own type; to the checker a manager of the base would be in the way.
        objects = SealedQuerySet.as_manager()

    class Meta:
        abstract = True

    def __getstate__(self) -> dict[str, Any]:
        """Return what may be pickled: everything but the values that were opened or set."""
        state: dict[str, Any] = super().__getstate__()
        state.pop(OPENED, None)
        return state

    def __copy__(self) -> Self:
        return self._twin(self.__getstate__(), Opened(self.__dict__.get(OPENED, {})))

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        opened = self.__dict__.get(OPENED, {})
        values = Opened((name, copy.deepcopy(value, memo)) for name, value in opened.items())
        return self._twin(copy.deepcopy(self.__getstate__(), memo), values)

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.refuse_if_moved()
        super().save(*args, **kwargs)

    @classmethod
    def from_db(
        cls, db: str | None, field_names: Collection[str], values: Collection[Any], **kwargs: Any
    ) -> Self:
        row = super().from_db(db, field_names, values, **kwargs)
        state = row.__dict__
        state[BOUND] = [state.get(name) for name in _bound_by(cls)]
        return row

    def refresh_from_db(
        self, using: str | None = None, fields: Iterable[str] | None = None, from_queryset: Any = None
    ) -> None:
        """Load the row again, or some columns. What was opened is forgotten, and nothing is opened."""
        manager = type(self)._base_manager.db_manager(using, hints={"instance": self})
        rows = manager.all() if from_queryset is None else from_queryset.all()
        rows._iterable_class = _Shut
        names = None if fields is None else set(fields)
        self.__dict__[REFRESHING] = True
        try:
            super().refresh_from_db(using, names, rows)
        finally:
            del self.__dict__[REFRESHING]
        self._note_binding(names)

    def _note_binding(self, loaded: set[str] | None) -> None:
        state = self.__dict__
        bound = _bound_by(type(self))
        then = state.get(BOUND) or [None] * len(bound)
        state[BOUND] = [
            state.get(name) if loaded is None or {name, name.removesuffix("_id")} & loaded else was
            for name, was in zip(bound, then, strict=True)
        ]

    @classmethod
    def check(cls, **kwargs: Any) -> list[checks.CheckMessage]:
        found = super().check(**kwargs)
        for name in (getattr(cls, "sealed_under", "sealed_under"), "clinic_id", "id"):
            if not hasattr(cls, name):
                found.append(
                    checks.Error(
                        f"{cls.__name__} is a SealedRow without {name}. It needs an id, clinic_id, and"
                        " sealed_under, naming the attribute with its subject's id.",
                        obj=cls,
                        id="vault.E002",
                    )
                )
        return found

    def sealing_place(self) -> tuple[UUID, UUID, bytes]:
        """Return the clinic, the subject and the row's id. Raises TypeError if one is unset or changed."""
        self.refuse_if_moved()
        clinic_id, subject_id = self.clinic_id, getattr(self, self.sealed_under)  # type: ignore[attr-defined]
        for name, value in (("clinic_id", clinic_id), (self.sealed_under, subject_id), ("id", self.id)):  # type: ignore[attr-defined]
            if not isinstance(value, UUID):
                raise TypeError(f"{name} must be a UUID before this row can be sealed. Set it, then save.")
        self.__dict__[BOUND] = [self.__dict__.get(name) for name in _bound_by(type(self))]
        return clinic_id, subject_id, self.id.bytes  # type: ignore[attr-defined]

    def names_a_key_in(self, key_ids: Container[bytes]) -> bool:
        """Whether one of the loaded boxes was sealed with one of these keys. Opens nothing."""
        boxes = (self.__dict__.get(name) for name in _sealed_columns(type(self)))
        return any(key_id_of(box) in key_ids for box in boxes if isinstance(box, Sealed))

    def refuse_if_moved(self) -> None:
        """Raise TypeError if the row's id, subject or clinic is not what its boxes were sealed for."""
        state = self.__dict__
        then = state.get(BOUND)
        if then is None:
            return
        names = _bound_by(type(self))
        moved = [name for name, was in zip(names, then, strict=True) if name in state and state[name] != was]
        if moved:
            raise TypeError(_moved(moved))

    def _twin(self, state: dict[str, Any], opened: Opened) -> Self:
        twin = type(self).__new__(type(self))
        twin.__dict__.update(state)
        twin.__dict__[OPENED] = opened
        return twin

    def _get_field_expression_map(self, meta: Any, exclude: set[str] | None = None) -> dict[str, Any]:
        """Keep sealed values out of the queries by which Django checks constraints."""
        sealed = {field.name for field in self._meta.concrete_fields if is_sealed(field)}
        found: dict[str, Any] = super()._get_field_expression_map(meta, (exclude or set()) | sealed)  # type: ignore[misc]
        return found
