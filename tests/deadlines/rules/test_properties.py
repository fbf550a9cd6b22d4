"""What is true of every rule on every day, not only on the days someone thought of."""

import re
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caseapp.deadlines.rules import Computation, compute, rules
from caseapp.deadlines.rules.model import Rule, Variant
from tests.deadlines.rules import naive

COUNTED = [(rule, variant) for rule in rules() for variant in rule.variants.values() if not variant.refuses]
EACH = pytest.mark.parametrize(
    ("rule", "variant"), COUNTED, ids=[f"{rule.id}/{variant.name}" for rule, variant in COUNTED]
)
DAYS = st.dates(date(1992, 1, 1), date(2074, 12, 31))
FEW = settings(max_examples=25, deadline=None)


@EACH
@FEW
@given(on=DAYS, days=st.integers(0, 1500), data=st.data())
def test_a_later_trigger_never_gives_an_earlier_date(
    rule: Rule, variant: Variant, on: date, days: int, data: st.DataObject
) -> None:
    service = data.draw(st.sampled_from(variant.services))

    first = compute(rule.id, on, service, variant.name)
    later = compute(rule.id, on + timedelta(days=days), service, variant.name)

    assert first.nominal <= later.nominal
    assert first.legal <= later.legal
    assert first.safe <= later.safe


@EACH
@FEW
@given(on=DAYS, data=st.data())
def test_the_day_to_act_is_open_and_on_the_safe_side(
    rule: Rule, variant: Variant, on: date, data: st.DataObject
) -> None:
    counted = compute(rule.id, on, data.draw(st.sampled_from(variant.services)), variant.name)

    assert not naive.shut(counted.safe)
    if counted.kind == "opening":
        assert counted.nominal == counted.legal <= counted.safe
    else:
        assert counted.safe <= min(counted.nominal, counted.legal)


@EACH
@FEW
@given(on=DAYS, data=st.data())
def test_a_last_day_only_rolls_off_a_closed_day(
    rule: Rule, variant: Variant, on: date, data: st.DataObject
) -> None:
    counted = compute(rule.id, on, data.draw(st.sampled_from(variant.services)), variant.name)

    if counted.legal != counted.nominal:
        assert naive.shut(counted.nominal)
        assert not naive.shut(counted.legal)
        assert abs((counted.legal - counted.nominal).days) <= 4


@pytest.mark.parametrize("service", ["mail", "personal", "online", "oral", "n/a"])
@settings(max_examples=60, deadline=None)
@given(on=DAYS)
def test_how_a_paper_was_served_never_adds_days_in_court_or_at_the_board(service: str, on: date) -> None:
    in_court = [(r, v) for r, v in COUNTED if v.counting.name == "eoir" and service in v.services]
    assert in_court

    for rule, variant in in_court:
        served = compute(rule.id, on, service, variant.name)
        plain = compute(rule.id, on, None, variant.name)

        assert (served.nominal, served.legal, served.safe) == (plain.nominal, plain.legal, plain.safe)


@EACH
@FEW
@given(on=DAYS, data=st.data())
def test_the_steps_re_add_to_the_dates(rule: Rule, variant: Variant, on: date, data: st.DataObject) -> None:
    stops = []
    if variant.stops:
        offsets = data.draw(st.lists(st.tuples(st.integers(1, 250), st.integers(0, 40)), max_size=3))
        stops = [(on + timedelta(days=a), on + timedelta(days=a + length)) for a, length in offsets]
    counted = compute(rule.id, on, data.draw(st.sampled_from(variant.services)), variant.name, stops)

    assert follow(counted) == (counted.nominal, counted.legal, counted.safe)


DATE = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (\d+ [A-Z][a-z]{2} \d{4})"
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def days_in(text: str) -> list[date]:
    found = []
    for written in re.findall(DATE, text):
        day, month, year = written.split()
        found.append(date(int(year), MONTHS.index(month) + 1, int(day)))
    return found


def follow(counted: Computation) -> tuple[date, date, date]:
    """Do only what the steps say, as a person with a calendar would; fail where a step does not follow."""
    opening = counted.kind == "opening"
    at, owed, nominal, legal, safe = date.min, 0, None, None, None
    for step in counted.steps:
        text, days = step.text, days_in(step.text)
        if at == date.min:
            at = days[0]
            owed = -1 if "it is day 1" in text else 0
        elif "begins no earlier than" in text:
            at = days[0]
        elif found := re.match(r"(\d+) calendar days?( before it)?;", text):
            owed += int(found[1]) * (-1 if found[2] else 1)
        elif found := re.search(r"(\d+) \+ (\d+) = (\d+)\.", text):
            assert int(found[1]) + int(found[2]) == int(found[3])
            owed += int(found[2])
        elif found := re.match(r"From there, (\d+) calendar days? (back|on)", text):
            owed += int(found[1]) * (-1 if found[2] == "back" else 1)
        elif found := re.search(r"stopped (?:for (\d+) days|from .*: (\d+) days?) that do not count", text):
            if days:
                assert (days[1] - days[0]).days + 1 == int(found[2])
            owed += int(found[1] or found[2])
        elif re.match(r"(Day \d+|That) is (Mon|Tue|Wed|Thu|Fri|Sat|Sun) ", text):
            assert at + timedelta(days=owed) == days[0]
            at, owed = days[0], 0
        elif found := re.match(
            r"(?:From there, )?(\d+) (business day|month|year)s? (later|earlier)(, the first day)?", text
        ):
            way = 1 if found[3] == "later" else -1
            if found[2] == "business day":
                reached = naive.walk_business(at, int(found[1]), "f" if way == 1 else "b")
            else:
                months = int(found[1]) * (12 if found[2] == "year" else 1)
                reached = naive.same_day(at, way * months, opening)
            if found[4]:
                reached, owed = reached - timedelta(days=1), 0
            assert reached == days[0]
            at = reached
        elif "the period would end on the next open day" in text:
            assert naive.roll_on(at) == days[0]
            at = days[0]
        elif found := re.search(r"(\d+) days are added after that", text):
            assert at + timedelta(days=int(found[1])) == days[0]
            at = days[0]
        elif "carries to the next open day" in text:
            assert naive.roll_on(at) == days[-1]
            legal = days[-1]
        elif "goes back to the last open day" in text:
            assert naive.roll_back(at) == days[-1]
            legal = days[-1]
        elif "act by" in text or "act on it" in text or "first safe day" in text:
            safe = days[0]
            assert safe == (naive.roll_on(at) if opening else naive.roll_back(at))
        nominal = at
    assert nominal is not None and safe is not None
    return nominal, legal or nominal, safe
