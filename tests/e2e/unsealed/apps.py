"""Store the first surname as it was typed, in a box that only looks sealed."""

from importlib import import_module
from typing import Any

from django.apps import AppConfig, apps

LENGTH = 128


class UnsealedConfig(AppConfig):
    name = "tests.e2e.unsealed"

    def ready(self) -> None:
        # Only now may models be loaded.
        self.leaks: Any = import_module("tests.e2e.unsealed.leaks")
        field: Any = apps.get_model("caseapp", "Person")._meta.get_field("first_surname")
        field.seal = self._unsealed
        field.open = lambda row, box: bytes(box)[2:].decode().rstrip()

    def _unsealed(self, row: Any, value: str | None) -> bytes:
        if value:
            self.leaks.everywhere(value)
        return b"\xc1\x01" + (value or "").encode().ljust(LENGTH)
