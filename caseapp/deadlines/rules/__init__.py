"""Deadlines as law: pure functions of dates, with no Django, no database and no clock."""

from caseapp.deadlines.rules.calendar import HOLIDAY_TABLE
from caseapp.deadlines.rules.engine import FIRST_DAY, LAST_DAY, compute
from caseapp.deadlines.rules.errors import (
    ImpossibleDate,
    ImpossibleStop,
    NothingToCompute,
    RuleError,
    UnknownEvent,
    UnknownRule,
    UnknownService,
    UnknownVariant,
)
from caseapp.deadlines.rules.model import SERVICES, Computation, Rule, Step, Variant, Version
from caseapp.deadlines.rules.pack import PACK_VERSION, rule, rules

__all__ = [
    "FIRST_DAY",
    "HOLIDAY_TABLE",
    "LAST_DAY",
    "PACK_VERSION",
    "SERVICES",
    "Computation",
    "ImpossibleDate",
    "ImpossibleStop",
    "NothingToCompute",
    "Rule",
    "RuleError",
    "Step",
    "UnknownEvent",
    "UnknownRule",
    "UnknownService",
    "UnknownVariant",
    "Variant",
    "Version",
    "compute",
    "rule",
    "rules",
]
