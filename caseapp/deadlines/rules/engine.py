"""Compute a deadline: dates in, three dates and the steps that lead to them out.

The engine knows no rule by name and takes nothing from the clock. *Nominal* is where the count
ends; *legal* is the last lawful day, after closed days have rolled; *safe* is the day to act by:
the nominal day or the open day before it, so that no doubtful holiday is ever relied on. For the
opening of a window it is the open day on or after, because filing early is refused.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import ModuleType
from typing import Literal

from caseapp.days import ONE_DAY, add_months, add_open_days, add_years, next_open_day, previous_open_day
from caseapp.deadlines.rules import spanish, words
from caseapp.deadlines.rules.calendar import HOLIDAY_TABLE, is_closed
from caseapp.deadlines.rules.errors import (
    ImpossibleDate,
    ImpossibleStop,
    NothingToCompute,
    UnknownRule,
    UnknownService,
    UnknownVariant,
)
from caseapp.deadlines.rules.model import (
    SERVICES,
    Computation,
    Kind,
    Pack,
    Period,
    Rule,
    Step,
    Variant,
    Version,
)
from caseapp.deadlines.rules.pack import shipped_pack

FIRST_DAY = date(1990, 1, 1)
LAST_DAY = date(2100, 12, 31)

Stop = tuple[date, date]
Language = Literal["en", "es"]
# Each says the same steps in the same order.
PHRASEBOOKS: Mapping[Language, ModuleType] = {"en": words, "es": spanish}


@dataclass(frozen=True, slots=True)
class _Ask:
    """A question found answerable: which variant of which version, from which day, how served.

    `start` is the day the count starts from: `on`, or the day before which none may start.
    """

    rule: Rule
    variant: Variant
    version: Version
    service: str
    on: date
    start: date
    stops: tuple[Stop, ...]
    words: ModuleType


def compute(
    rule_id: str,
    on: date,
    service: str | None = None,
    variant: str | None = None,
    stopped: Sequence[Stop] = (),
    *,
    pack: Pack | None = None,
    language: Language = "en",
) -> Computation:
    """Return the dates that `rule_id` gives for a trigger on the day `on`.

    Without `variant`, the variant in force on that day for that service; without `service`, the
    variant's first, which never adds days. Each of `stopped` is a stretch of days that do not
    count, first and last included. The steps are said in `language`. Raises a RuleError, with what
    to do next, when there is no such rule, variant, service or date, or when the law gives nothing
    to count.
    """
    pack = pack or shipped_pack()
    ask = _ask(pack, rule_id, on, service, variant, stopped, PHRASEBOOKS[language])
    steps = [*ask.words.start(ask.variant, ask.service, ask.on)]
    nominal = _count(ask, steps)
    _check_range(nominal, "The count ends on")
    legal = _roll(ask, nominal, steps)
    safe = _safe(ask.variant, nominal, legal)
    _check_range(legal, "The last lawful day would be")
    _check_range(safe, "The day to act would be")
    steps += ask.words.safe(ask.variant, ask.on, nominal, legal, safe)
    steps += ask.words.standing(ask.version, ask.variant, ask.on)
    steps += ask.words.outside_table((ask.on, nominal, legal, safe))
    return Computation(
        rule=ask.rule.id,
        variant=ask.variant.name,
        trigger=on,
        service=ask.service,
        nominal=nominal,
        legal=legal,
        safe=safe,
        steps=tuple(steps),
        authority=_authorities(ask, steps),
        text_status=ask.variant.text_status,
        in_force_status=ask.version.in_force_status,
        verified=ask.variant.text_status == "verified",
        severity=ask.variant.severity,
        contested=ask.rule.contested,
        version=f"{pack.version}/{ask.version.id}",
        holiday_table=HOLIDAY_TABLE,
        kind=ask.variant.kind,
        protective=ask.variant.protective,
    )


def _ask(
    pack: Pack,
    rule_id: str,
    on: date,
    service: str | None,
    variant_name: str | None,
    stopped: Sequence[Stop],
    phrasebook: ModuleType,
) -> _Ask:
    rule = pack.rules.get(rule_id)
    if rule is None:
        raise UnknownRule(
            f"There is no rule called {rule_id!r}. Check the spelling against the rules this pack holds."
        )
    if isinstance(on, datetime):
        raise TypeError("Give a date, not a moment: which day a moment is depends on the place.")
    _check_range(on, "The date given is")
    if service and service not in SERVICES:
        raise UnknownService(f"There is no service called {service!r}. Use one of {', '.join(SERVICES)}.")
    variant, version = _choose(rule, on, service, variant_name)
    if variant.refuses:
        raise NothingToCompute(variant.refuses)
    start = max(on, variant.trigger.floor) if variant.trigger.floor else on
    stops = _check_stops(variant, start, stopped)
    return _Ask(rule, variant, version, service or variant.services[0], on, start, stops, phrasebook)


def _choose(rule: Rule, on: date, service: str | None, name: str | None) -> tuple[Variant, Version]:
    """Return the variant asked for with its version on that day, or the one in force then."""
    if name:
        if name not in rule.variants:
            known = ", ".join(n or "(none)" for n in rule.variants)
            raise UnknownVariant(f"{rule.id} has no variant called {name!r}. Use one of: {known}.")
        variant = rule.variants[name]
        if service and service not in variant.services:
            raise UnknownService(_not_served(rule, service, variant.services))
        holding = [version for version in rule.versions if name in version.variants]
        return variant, next((v for v in holding if _applies(v, variant, on)), holding[0])
    for version in _in_force(rule, on):
        for each in version.variants:
            variant = rule.variants[each]
            if not service or service in variant.services:
                return variant, version
    offered = [each for variant in rule.variants.values() for each in variant.services]
    raise UnknownService(_not_served(rule, service or "", dict.fromkeys(offered)))


def _not_served(rule: Rule, service: str, services: Iterable[str]) -> str:
    allowed = ", ".join(services)
    return f"{rule.id} does not count from a paper served as {service!r} here. Use one of {allowed}."


def _applies(version: Version, variant: Variant, on: date) -> bool:
    """Tell whether the version is the one for this day.

    A version keyed on another date than the trigger (a filing still to come) is taken as it
    stands today: the operative one.
    """
    if version.keyed_on == variant.trigger.dated:
        return version.covers(on)
    return version.in_force_status == "operative"


def _in_force(rule: Rule, on: date) -> list[Version]:
    """Return the versions that governed that day, or failing any, the operative ones."""
    law = [v for v in rule.versions if v.in_force_status in ("operative", "superseded")]
    covering = [v for v in law if _applies(v, rule.variants[v.variants[0]], on)]
    return covering or [v for v in law if v.in_force_status == "operative"] or law


def _check_range(day: date, what: str) -> None:
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ImpossibleDate(
            f"{what} {day.isoformat()}. Dates from {FIRST_DAY} to {LAST_DAY} are counted: check the year."
        )


def _check_stops(variant: Variant, start: date, stopped: Sequence[Stop]) -> tuple[Stop, ...]:
    """Return the stopped stretches in order, overlapping ones joined, none before the day after `start`."""
    if stopped and not variant.stops:
        raise ImpossibleStop("This count cannot be stopped. Leave the stopped days out.")
    joined: list[Stop] = []
    for first, last in sorted(stopped):
        _check_range(first, "A stop begins on")
        _check_range(last, "A stop ends on")
        if last < first:
            raise ImpossibleStop(
                f"The stop {first}..{last} ends before it begins. Put the earlier day first."
            )
        if last <= start:
            raise ImpossibleStop(f"The stop {first}..{last} was over before the clock started on {start}.")
        first = max(first, start + ONE_DAY)
        if joined and first <= joined[-1][1] + ONE_DAY:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return tuple(joined)


def _count(ask: _Ask, steps: list[Step]) -> date:
    """Return the nominal day, adding the steps of the count."""
    variant = ask.variant
    day = ask.start
    steps += ask.words.mail_not_added(variant, ask.service)
    for position, period in enumerate(variant.count):
        if period.unit == "days":
            day = _count_days(ask, day, period, steps, first=position == 0)
        else:
            came_from, day = day, _add(day, period, variant.kind)
            if position == 0 and variant.inclusive:
                day -= ONE_DAY
            steps += ask.words.period(variant, period, came_from, day, first=position == 0)
    return day


def _count_days(ask: _Ask, day: date, period: Period, steps: list[Step], *, first: bool) -> date:
    """Count calendar days, with the mail days and stops that only such a count may have."""
    variant, book = ask.variant, ask.variant.counting
    mailed = variant.mail and ask.service == "mail"
    early_mail = book.mail_days if mailed and book.mail_order == "before-rolling" else 0
    n = period.n + early_mail
    steps += ask.words.days(variant, period, early_mail, first=first)
    end = day + timedelta(days=(n if period.direction == "after" else -n) - (variant.inclusive and first))
    if variant.stopped_days:
        end += timedelta(days=variant.stopped_days)
        steps += ask.words.fixed_stop(variant)
    for start, last in ask.stops:
        if start > end:
            steps += ask.words.stop_too_late(start, last)
            continue
        end += last - start + ONE_DAY
        steps += ask.words.stop(variant, start, last)
    steps += ask.words.day_reached(variant, n, period, end)
    if mailed and book.mail_order == "after-rolling":
        expires = next_open_day(end, is_closed)
        later = expires + timedelta(days=book.mail_days)
        steps += ask.words.mail_after(variant, n, end, expires, later)
        end = later
    return end


def _add(day: date, period: Period, kind: Kind) -> date:
    n = period.n if period.direction == "after" else -period.n
    if period.unit == "business_days":
        return add_open_days(day, n, is_closed)
    if period.unit == "months":
        return add_months(day, n)
    return add_years(day, n, leap_day_to="Mar 1" if kind == "opening" else "Feb 28")


def _roll(ask: _Ask, nominal: date, steps: list[Step]) -> date:
    """Return the last lawful day, or for an opening the first, adding the step that says why."""
    variant = ask.variant
    submitted_online = ask.service == "online" and not variant.counting.online_rolls
    if variant.roll == "back":
        legal = previous_open_day(nominal, is_closed)
    elif variant.roll == "forward" and not submitted_online:
        legal = next_open_day(nominal, is_closed)
    else:
        legal = nominal
    steps += ask.words.roll(variant, nominal, legal, online=submitted_online)
    return legal


def _safe(variant: Variant, nominal: date, legal: date) -> date:
    if variant.kind == "opening":
        return next_open_day(nominal, is_closed)
    return previous_open_day(min(nominal, legal), is_closed)


def _authorities(ask: _Ask, steps: Iterable[Step]) -> tuple[str, ...]:
    cited = [step.authority for step in steps if step.authority and step.authority != ask.words.PROTECTIVE]
    return tuple(dict.fromkeys([*ask.rule.citations, *cited]))
