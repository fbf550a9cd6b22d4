"""When a message may go to a person: their day, their night, and their morning. Pure.

Hours are whole ones of the person's own clock, 0 to 23. Quiet hours run from `quiet_from` up to
`quiet_until`, over midnight if need be; the two the same means that no hour is quiet.
"""

from dataclasses import dataclass
from datetime import datetime

MORNING, QUIET_FROM, QUIET_UNTIL = 7, 20, 7
# So that nobody, by mistake or on purpose, is told of nothing until the day is over.
LONGEST_QUIET, EARLIEST_MORNING, LATEST_MORNING = 14, 4, 12
NOON = 12


@dataclass(frozen=True, slots=True)
class Clockface:
    """One person's hours."""

    morning: int = MORNING
    quiet_from: int = QUIET_FROM
    quiet_until: int = QUIET_UNTIL

    def quiet(self, hour: int) -> bool:
        if self.quiet_from <= self.quiet_until:
            return self.quiet_from <= hour < self.quiet_until
        return hour >= self.quiet_from or hour < self.quiet_until

    @property
    def quiet_length(self) -> int:
        return (self.quiet_until - self.quiet_from) % 24

    def faults(self) -> list[str]:
        """Return what is wrong with these hours: "morning", "quiet", "clash"; nothing if they will do."""
        found = []
        if not EARLIEST_MORNING <= self.morning <= LATEST_MORNING:
            found.append("morning")
        if self.quiet_length > LONGEST_QUIET:
            found.append("quiet")
        if self.quiet(self.morning):
            found.append("clash")
        return found


def may_go(face: Clockface, there: datetime, *, last_day: bool) -> bool:
    """Whether any message may go to the person now. `there`: the time where they are.

    `last_day`: it is the last lawful day of a fatal date. Then the evening is not quiet: what can be
    filed electronically can be filed until midnight. After midnight nothing can be done before morning.
    """
    return not face.quiet(there.hour) or (last_day and there.hour >= NOON)


def digest_may_go(face: Clockface, there: datetime) -> bool:
    return there.hour >= face.morning
