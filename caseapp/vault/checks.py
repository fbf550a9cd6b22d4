"""Refuse to start where sealing would not be safe. Registered with Django by being imported."""

from typing import Any

from django.core import checks

from caseapp.vault import root, selftest


@checks.register("vault")
def the_cipher_works_here(**_: Any) -> list[checks.CheckMessage]:
    try:
        selftest.run()
    except selftest.SelfTestFailed as failure:
        return [checks.Critical(str(failure), id="vault.C001")]
    return []


@checks.register("vault")
def the_key_provider_is_known(**_: Any) -> list[checks.CheckMessage]:
    root.provider()
    return []
