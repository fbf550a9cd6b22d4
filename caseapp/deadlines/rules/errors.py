"""Why a date was not computed. Every message says what to do next and names no client."""

from caseapp.errors import Refused


class RuleError(Refused):
    """Nothing was computed; `message` says why."""


class UnknownRule(RuleError):
    """The pack holds no rule of that name."""


class UnknownVariant(RuleError):
    """The rule has no variant of that name."""


class UnknownService(RuleError):
    """No such way of serving a paper, or not one this variant counts."""


class UnknownEvent(RuleError):
    """The catalogue holds no such event, or the event no such outcome."""


class ImpossibleDate(RuleError):
    """A date that does not exist, or outside 1 Jan 1990 to 31 Dec 2100; the results included."""


class ImpossibleStop(RuleError):
    """A stopped stretch that cannot be: backwards, over before the clock started, or on no clock at all."""


class NothingToCompute(RuleError):
    """The law gives no number of days here; the message says where the date comes from instead."""
