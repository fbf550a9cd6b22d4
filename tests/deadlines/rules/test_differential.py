"""The engine against a second counter, over every variant that has a worked case, on any day."""

import csv
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caseapp.deadlines.rules import ImpossibleDate, compute
from tests.deadlines.rules import naive
from tests.deadlines.rules.naive import Law

# Typed from the law by hand, not read from the pack.
USCIS = Law(30, "days", mail="first", roll="on", online_rolls=False)
PAPER = Law(60, "days", roll="on", online_rolls=False)
COURT = Law(30, "days", roll="on")
YEARS = Law(1, "years", roll="on", online_rolls=False)
LAWS: dict[tuple[str, str], Law] = {
    ("age-out-watch", ""): Law(21, "years", then_back=1),
    ("ar11-change-of-address", ""): PAPER._replace(n=10),
    ("asylum-annual-fee-uscis", ""): Law(30, "days"),
    ("asylum-ead-c8-clock", "file-150"): Law(150, "days", opening=True),
    ("asylum-ead-c8-clock", "file-150+20stopped"): Law(170, "days", opening=True),
    ("asylum-ead-c8-clock", "grant-180"): Law(180, "days", opening=True),
    ("asylum-interview-evidence-14d", ""): Law(14, "days", "b", roll="back"),
    ("asylum-one-year-bar", ""): YEARS,
    ("bia-appeal-dhs-decision", ""): USCIS,
    ("bia-appeal-ij-decision", "10d-protective"): COURT._replace(n=10),
    ("bia-appeal-ij-decision", "30d"): COURT,
    ("bia-brief", "20d"): COURT._replace(n=20),
    ("bia-brief", "21d"): COURT._replace(n=21),
    ("bond-appeal", "30d"): COURT,
    ("credible-fear-ij-review", "7d"): Law(7, "days"),
    ("cspa-sought-1y", ""): YEARS,
    ("daca-renewal", "latest"): Law(120, "days", "b"),
    ("daca-renewal", "opens"): Law(150, "days", "b", opening=True),
    ("dhs-automatic-stay-monitor", "appeal"): Law(10, "business"),
    ("dhs-automatic-stay-monitor", "eoir43"): Law(1, "business"),
    ("ead-renewal", "opens"): Law(180, "days", "b", opening=True),
    ("eoir-fee-waiver-cure", ""): COURT._replace(n=15),
    ("eoir33-change-of-address", "BIA"): Law(5, "business"),
    ("eoir33-change-of-address", "court"): COURT._replace(n=5),
    ("foia-time-limits", "20wd"): Law(20, "business"),
    ("foia-time-limits", "appeal-90"): Law(90, "days"),
    ("i290b-appeal-or-motion", ""): USCIS,
    ("i290b-revocation-appeal", ""): USCIS._replace(n=15),
    ("i539-extension", ""): PAPER._replace(n=0),
    ("i730-2-year", ""): YEARS._replace(n=2),
    ("i751-joint-window", "closes"): PAPER._replace(n=0),
    ("i751-joint-window", "opens"): Law(90, "days", "b", opening=True),
    ("i829-window", "opens"): Law(90, "days", "b", opening=True),
    ("i90-renewal", "opens"): Law(6, "months", "b", opening=True),
    ("ic-individual-filing", "15d"): Law(15, "days", "b", roll="on"),
    ("ic-individual-filing", "30d"): Law(30, "days", "b", roll="on"),
    ("ic-judge-set-date", ""): COURT._replace(n=0),
    ("ic-master-filing", "15d"): Law(15, "days", "b", roll="on"),
    ("ic-response", ""): COURT._replace(n=10),
    ("in-absentia-rescission", ""): COURT._replace(n=180),
    ("k1-marriage-90d", ""): Law(90, "days"),
    ("motion-to-reconsider", ""): COURT,
    ("motion-to-reopen", ""): COURT._replace(n=90),
    ("motion-to-reopen", "conservative"): COURT._replace(n=90),
    ("motion-to-reopen", "from-finality"): COURT._replace(n=90),
    ("n336-hearing", ""): USCIS,
    ("n400-early-filing", "opens-3y"): Law(3, "years", opening=True, then_back=90),
    ("n400-early-filing", "opens-5y"): Law(5, "years", opening=True, then_back=90),
    ("natz-1447b-120d", ""): Law(121, "days", opening=True),
    ("nonimmigrant-60d-grace", ""): Law(60, "days"),
    ("nvc-termination", ""): Law(1, "years"),
    ("opt-windows", "closes-30-protective"): PAPER._replace(n=30),
    ("opt-windows", "closes-60"): PAPER,
    ("opt-windows", "opens"): Law(90, "days", "b", opening=True),
    ("pfr-30d", ""): COURT,
    ("pfr-30d", "FARO"): COURT,
    ("pfr-brief-40d", ""): COURT._replace(n=40),
    ("pfr-brief-40d", "reply-14d"): Law(14, "days", mail="last", roll="on"),
    ("post-order-custody-review", "90d"): Law(90, "days"),
    ("refugee-asylee-adjustment-1y", "opens"): Law(1, "years", opening=True),
    ("sij-file-before-21", ""): Law(21, "years", roll="on", then_back=1, online_rolls=False),
    ("t-adjustment", "opens"): Law(3, "years", opening=True),
    ("tps-late-initial", ""): PAPER,
    ("tps-registration-window", ""): PAPER,
    ("u-adjustment", "opens"): Law(3, "years", opening=True),
    ("u-supp-b-validity", ""): Law(6, "months", roll="on", online_rolls=False),
    ("unlawful-presence-bars", "180"): Law(180, "days", first_day_counts=True),
    ("uscis-noid-response", ""): USCIS,
    ("uscis-noir-noit-response", ""): USCIS,
    ("uscis-rfe-response", "30+3"): USCIS,
    ("uscis-rfe-response", "electronic"): Law(84, "days"),
    ("uscis-rfe-response", "max84"): USCIS._replace(n=84),
    ("uscis-rfe-response", "max87"): USCIS._replace(n=84),
    ("vawa-2-year", ""): YEARS._replace(n=2),
    ("vd-bond", ""): Law(5, "business"),
    ("vd-bond-proof-bia", ""): COURT,
    ("voluntary-departure-period", "120d"): COURT._replace(n=120),
    ("voluntary-departure-period", "60d"): COURT._replace(n=60),
    ("widow-i360", ""): YEARS._replace(n=2),
}
SERVICES = ("mail", "personal", "online", "oral", "n/a")
# The one-year bar counts from 1 April 1997 at the earliest; the second counter does not know that.
DAYS = st.dates(date(1997, 4, 1), date(2075, 12, 31))


def worked_variants() -> set[tuple[str, str]]:
    with (Path(__file__).parent / "golden_cases.csv").open(encoding="utf-8", newline="") as file:
        return {(row["rule_id"], row["variant"]) for row in csv.DictReader(file)}


def test_every_worked_variant_has_a_second_opinion() -> None:
    assert worked_variants() <= LAWS.keys()


@pytest.mark.parametrize(("rule_id", "variant"), LAWS, ids="/".join)
@settings(max_examples=40, deadline=None)
@given(on=DAYS, service=st.sampled_from(SERVICES))
def test_the_two_counters_agree(rule_id: str, variant: str, on: date, service: str) -> None:
    offered = SERVED_ONLY.get((rule_id, variant), SERVICES)
    service = service if service in offered else offered[0]

    counted = compute(rule_id, on, service, variant)

    assert (counted.nominal, counted.legal, counted.safe) == naive.count(LAWS[rule_id, variant], on, service)


SERVED = ("mail", "personal", "online")
SERVED_ONLY = {
    ("asylum-annual-fee-uscis", ""): ("online", "mail"),
    ("bia-appeal-dhs-decision", ""): SERVED,
    ("i290b-appeal-or-motion", ""): SERVED,
    ("i290b-revocation-appeal", ""): SERVED,
    ("n336-hearing", ""): SERVED,
    ("pfr-brief-40d", "reply-14d"): SERVED,
    ("uscis-noid-response", ""): SERVED,
    ("uscis-noir-noit-response", ""): SERVED,
    ("uscis-rfe-response", "30+3"): ("mail",),
    ("uscis-rfe-response", "electronic"): ("online",),
    ("uscis-rfe-response", "max84"): ("personal",),
    ("uscis-rfe-response", "max87"): ("mail",),
}


@settings(max_examples=150, deadline=None)
@given(
    on=st.dates(date(2000, 1, 1), date(2060, 1, 1)),
    stretches=st.lists(st.tuples(st.integers(1, 300), st.integers(0, 60)), min_size=1, max_size=4),
)
def test_a_stopped_clock_agrees_with_ticking_day_by_day(on: date, stretches: list[tuple[int, int]]) -> None:
    stops = [(naive.walk(on, first, "f"), naive.walk(on, first + length, "f")) for first, length in stretches]

    counted = compute("asylum-ead-c8-clock", on, variant="file-150", stopped=stops).nominal

    day, ticked = on, 0
    while ticked < 150:
        day = naive.walk(day, 1, "f")
        ticked += not any(first <= day <= last for first, last in stops)
    assert counted == day


def test_the_last_counted_day_of_all_is_refused_beyond_2100() -> None:
    with pytest.raises(ImpossibleDate):
        compute("bia-appeal-ij-decision", date(2100, 12, 2), "oral", "30d")
