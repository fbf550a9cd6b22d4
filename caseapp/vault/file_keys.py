"""The column that holds a file's key, wrapped under the file key of the subject it belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from caseapp.vault import cipher, keyring
from caseapp.vault.cipher import FileKey
from caseapp.vault.fields import SealedField

_ST = TypeVar("_ST", contravariant=True)
_GT = TypeVar("_GT", covariant=True)


class FileKeyField(SealedField[_ST, _GT]):
    """A random key, one per file, that opens only in the row it was made for.

    It is found, counted and sealed again like any sealed value, so that a subject's key is never
    destroyed while a file needs it.
    """

    if TYPE_CHECKING:
        _pyi_private_set_type: FileKey
        _pyi_private_get_type: FileKey

    def encode(self, value: Any) -> bytes:
        if not isinstance(value, FileKey) or len(value) != cipher.KEY_BYTES:
            raise TypeError(f"{self.name} takes a FileKey of {cipher.KEY_BYTES} bytes.")
        return value

    def open(self, row: Any, box: bytes) -> FileKey:
        key_id = cipher.key_id_of(box)
        key = keyring.key_by_id(row.clinic_id, getattr(row, row.sealed_under), key_id)
        return key.unwrap_file(bytes(box), self.place, row.id.bytes)

    def seal(self, row: Any, value: Any) -> bytes:
        clinic_id, subject_id, row_id = row.sealing_place()
        self.encode(value)
        return keyring.field_key(clinic_id, subject_id).wrap_file(value, self.place, row_id)

    def reseal(self, box: bytes, row: bytes, *, old: cipher.DataKey, new: cipher.DataKey) -> bytes:
        return new.wrap_file(old.unwrap_file(box, self.place, row), self.place, row)
