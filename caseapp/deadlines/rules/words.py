"""The steps of a count, in words that a person can follow with a calendar in hand."""

from collections.abc import Iterable
from datetime import date

from caseapp.days import ONE_DAY, day_of_month, in_words
from caseapp.deadlines.rules.calendar import FROZEN_YEARS, is_closed, special_closure, why_closed
from caseapp.deadlines.rules.model import Period, Step, Variant, Version

PROTECTIVE = "Protective practice"
HOLIDAY_LAW = "5 USC 6103"
UNITS = {"days": "calendar day", "business_days": "business day", "months": "month", "years": "year"}


def amount(n: int, unit: str) -> str:
    return f"{n} {UNITS[unit]}" + ("" if n == 1 else "s")


def start(variant: Variant, service: str, on: date) -> list[Step]:
    trigger = variant.trigger
    sentence = trigger.said.get(service, trigger.said["n/a"]).format(day=in_words(on))
    backward = variant.count[0].direction == "before"
    if variant.inclusive:
        sentence += " That day is counted: it is day 1."
    elif backward and variant.count[0].n:
        sentence += " That day is day 0; the count goes backward from it."
    elif not is_set_date(variant):
        sentence += " That day is day 0."
    steps = [Step(sentence, day_zero(variant))]
    if trigger.floor and on < trigger.floor:
        steps.append(Step(f"The count begins no earlier than {in_words(trigger.floor)}.", variant.authority))
    return steps


def day_zero(variant: Variant) -> str:
    return variant.counting.day_zero or variant.authority


def is_set_date(variant: Variant) -> bool:
    return len(variant.count) == 1 and variant.count[0].n == 0


def days(variant: Variant, period: Period, mail_days: int, *, first: bool) -> list[Step]:
    """Say how many calendar days the period has, mail days added before rolling included."""
    if period.n == 0:
        return []
    if not first:
        back = " back" if period.direction == "before" else " on"
        return [Step(f"From there, {amount(period.n, 'days')}{back}.", variant.authority)]
    before = " before it" if period.direction == "before" else ""
    steps = [
        Step(f"{amount(period.n, 'days')}{before}; weekends and holidays count.", variant.authority),
    ]
    if mail_days:
        steps.append(
            Step(
                f"It came by ordinary mail: {mail_days} days are added before the last day is fixed,"
                f" {period.n} + {mail_days} = {period.n + mail_days}.",
                variant.counting.mail_authority,
            )
        )
    return steps


def day_reached(variant: Variant, n: int, period: Period, end: date) -> list[Step]:
    if period.n == 0:
        return []
    label = f"Day {n}" if len(variant.count) == 1 else "That"
    return [Step(f"{label} is {in_words(end)}.", day_zero(variant))]


def period(variant: Variant, each: Period, came_from: date, day: date, *, first: bool) -> list[Step]:
    """Say where a count of business days, months or years ends."""
    direction = "later" if each.direction == "after" else "earlier"
    lead = "" if first else "From there, "
    counted = ", the first day counted," if first and variant.inclusive else ""
    text = f"{lead}{amount(each.n, each.unit)} {direction}{counted} is {in_words(day)}"
    if each.unit == "business_days":
        text += "; Saturdays, Sundays and federal holidays are not counted"
    elif day.day != came_from.day and not counted:
        text += f", because that month has no day {came_from.day}"
    return [Step(f"{text}.", variant.authority)]


def fixed_stop(variant: Variant) -> list[Step]:
    text = f"The clock was stopped for {variant.stopped_days} days that do not count."
    return [Step(text, variant.authority)]


def stop(variant: Variant, first: date, last: date) -> list[Step]:
    length = (last - first).days + 1
    return [
        Step(
            f"The clock was stopped from {in_words(first)} to {in_words(last)}:"
            f" {length} day{'' if length == 1 else 's'} that do not count.",
            variant.authority,
        )
    ]


def stop_too_late(first: date, last: date) -> list[Step]:
    return [Step(f"The stop from {in_words(first)} to {in_words(last)} came after the count was over.", "")]


def mail_not_added(variant: Variant, service: str) -> list[Step]:
    """Say why no mail days were added, wherever someone would look for them."""
    book = variant.counting
    if variant.mail:
        return [] if service == "mail" else [Step(book.no_mail, book.mail_authority)]
    if book.mail_order == "never" and book.no_mail:
        from_paper = variant.trigger.dated in ("decision", "notice") and variant.count[0].direction == "after"
        return [Step(book.no_mail, book.mail_authority)] if from_paper or service == "mail" else []
    if service == "mail":
        text = "The period does not run from service, so no days are added for mail."
        return [Step(text, book.mail_authority)]
    return []


def mail_after(variant: Variant, n: int, end: date, expires: date, later: date) -> list[Step]:
    """Say how days are added after the period would have ended (Fed. R. App. P. 26(c))."""
    steps = []
    if expires != end:
        closed = _closed_as(end)
        text = f"Day {n} is {closed}, so the period would end on the next open day, {in_words(expires)}."
        steps.append(Step(text, variant.roll_authority))
    added = (later - expires).days
    text = f"It was served by mail: {added} days are added after that, to {in_words(later)}."
    return [*steps, Step(text, variant.counting.mail_authority)]


def roll(variant: Variant, nominal: date, legal: date, *, online: bool) -> list[Step]:
    """Say whether the last day moves, and why."""
    if variant.kind == "opening":
        text = f"{in_words(nominal)} is the first lawful day. {variant.why_no_roll}"
        return [Step(text, variant.authority)]
    if legal == nominal:
        return _stays(variant, nominal, online=online)
    back = legal < nominal
    towards = "goes back to the last open day before it" if back else "carries to the next open day"
    closed = _closed_between(nominal, legal)
    text = f"{in_words(nominal)} is {_closed_as(nominal)}{closed}: it {towards}, {in_words(legal)}."
    on_the_way = closed_on_the_way(nominal, legal)
    authority = f"{HOLIDAY_LAW}; {variant.roll_authority}" if on_the_way else variant.roll_authority
    return [Step(text, authority), *_shut_but_open(legal)]


def _stays(variant: Variant, day: date, *, online: bool) -> list[Step]:
    if not is_closed(day):
        text = f"{in_words(day)} is an open day: it does not move."
        return [Step(text, variant.roll_authority or variant.authority), *_shut_but_open(day)]
    if online and variant.roll == "forward":
        why = "An online filing is received at once, so policy does not carry the day over."
    else:
        why = variant.why_no_roll or "No rule carries it over."
    return [Step(f"{in_words(day)} is {_closed_as(day)}. {why}", variant.roll_authority or variant.authority)]


def _closed_as(day: date) -> str:
    return why_closed(day) or "" if day.weekday() < 5 else "a weekend day"


def _shut_but_open(day: date) -> list[Step]:
    """Say that a day on which offices were shut by order, or only in one city, extends nothing."""
    closure = special_closure(day)
    if closure is None or is_closed(day):
        return []
    text = f"{in_words(day)} is no legal holiday everywhere ({closure}): it extends nothing by itself."
    return [Step(text, HOLIDAY_LAW)]


def _span(start: date, end: date) -> Iterable[date]:
    """Yield the closed days from `start` up to, and not including, the open day `end`."""
    step = ONE_DAY if end > start else -ONE_DAY
    while start != end:
        yield start
        start += step


def closed_on_the_way(nominal: date, legal: date) -> list[date]:
    """Return the holidays from the last day up to the open day it moves to, weekends left out."""
    return [day for day in _span(nominal, legal) if day.weekday() < 5]


def _closed_between(nominal: date, legal: date) -> str:
    """Name the holidays that stand between the last day and the open day it moves to."""
    named = [f"{in_words(day)} is {why_closed(day)}" for day in closed_on_the_way(nominal, legal)]
    named = [each for each in named if not each.startswith(in_words(nominal))]
    return f", and {' and '.join(named)}" if named else ""


def safe(variant: Variant, on: date, nominal: date, legal: date, day: date) -> list[Step]:
    """Say which day to act on, and why it is never later than the count itself."""
    if variant.kind == "opening":
        if day == nominal:
            return [Step(f"{in_words(day)} is an open day: act on it or after, never before.", PROTECTIVE)]
        text = f"Filing early is refused, so the first safe day is the next open day, {in_words(day)}."
        return [Step(text, PROTECTIVE)]
    if day == nominal:
        return [Step(f"{in_words(day)} is also the day to act by.", PROTECTIVE)]
    steps = [Step(f"The last open day on or before that is {in_words(day)}: act by then.", PROTECTIVE)]
    counted_forward = variant.count[0].direction == "after" and variant.count[0].n > 0
    if counted_forward and day < on:
        steps.append(Step("That day was over when the count began: act at once.", PROTECTIVE))
    return steps


def standing(version: Version, variant: Variant, on: date) -> list[Step]:
    """Say so wherever the text counted is not simply the law of that day."""
    steps = []
    status = version.in_force_status
    if status == "superseded" and version.keyed_on == variant.trigger.dated and version.covers(on):
        end = f" until {day_of_month(version.effective_to)}" if version.effective_to else ""
        steps.append(Step(f"This text, since replaced, governed{end}.", version.authority))
    elif status != "operative":
        text = f"This text is {status}: the date is a caution, not the law in force. {version.note}"
        steps.append(Step(text.strip(), version.authority))
    elif version.keyed_on == variant.trigger.dated and not version.covers(on):
        begins = f" begins {day_of_month(version.effective_from)}" if version.effective_from else ""
        ends = f" ended {day_of_month(version.effective_to)}" if version.effective_to else ""
        text = f"This text{begins or ends}: it did not govern that day. Check what did."
        steps.append(Step(text, version.authority))
    return steps


def outside_table(days: Iterable[date]) -> list[Step]:
    """Say which years' holidays were computed from the statute and not taken from the frozen table."""
    years = sorted({day.year for day in days} - set(FROZEN_YEARS))
    if not years:
        return []
    listed = ", ".join(map(str, years))
    text = f"Holidays of {listed} are computed from the statute of today, not read from a checked table."
    return [Step(text, HOLIDAY_LAW)]
