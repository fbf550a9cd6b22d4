"""The database's own refusal of anything but a box in a sealed column."""

from collections.abc import Sequence
from typing import Any

from django.db import models

from caseapp.vault.cipher import SHORTEST_BOX, VERSION


class SealedCheck(models.BaseConstraint):
    """CHECK that a column begins like a box and is long enough to be one. NULL is left to NOT NULL.

    PostgreSQL prints the refused row in its error; the server must run with log_error_verbosity=terse.
    """

    def __init__(self, *, column: str, name: str) -> None:
        super().__init__(name=name)
        self.column = column

    def _condition(self, schema_editor: Any) -> str:
        column = schema_editor.quote_name(self.column)
        begins = f"substring({column} from 1 for 1) = '\\x{VERSION:02x}'"
        return f"octet_length({column}) >= {SHORTEST_BOX} AND {begins}"

    def constraint_sql(self, model: Any, schema_editor: Any) -> str:
        return str(schema_editor._check_sql(self.name, self._condition(schema_editor)))

    def create_sql(self, model: Any, schema_editor: Any) -> str:
        made: str = schema_editor._create_check_sql(model, self.name, self._condition(schema_editor))
        return made

    def remove_sql(self, model: Any, schema_editor: Any) -> str:
        made: str = schema_editor._delete_check_sql(model, self.name)
        return made

    def validate(
        self, model: type[models.Model], instance: models.Model, exclude: Any = None, using: str = "default"
    ) -> None:
        """Nothing to ask of a form: what is typed is not yet sealed, and what is sealed passes."""

    def check(self, model: Any, connection: Any) -> list[Any]:
        return []

    def deconstruct(self) -> tuple[str, Sequence[Any], dict[str, Any]]:
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            (),
            {"column": self.column, "name": self.name},
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SealedCheck):
            return NotImplemented
        return (self.column, self.name) == (other.column, other.name)

    def __hash__(self) -> int:
        return hash((self.column, self.name))

    def __repr__(self) -> str:
        return f"<SealedCheck: {self.name}>"
