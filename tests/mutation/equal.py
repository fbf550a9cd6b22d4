"""Broken forms that behave as the module does, each with why, so that no test can tell them apart."""

from typing import Final

EQUAL: Final[dict[tuple[str, str], str]] = {}
