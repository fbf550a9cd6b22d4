"""Every case worked by hand, and those the issue names."""

import csv
from datetime import date
from pathlib import Path

import pytest

from caseapp.deadlines.rules import compute

CASES = Path(__file__).parent / "golden_cases.csv"


def golden_cases() -> list[dict[str, str]]:
    with CASES.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_all_seventy_eight_cases_are_here() -> None:
    assert len(golden_cases()) == 78


@pytest.mark.parametrize("case", golden_cases(), ids=lambda case: f"{case['rule_id']} {case['trigger_date']}")
def test_the_engine_agrees_with_the_case_worked_by_hand(case: dict[str, str]) -> None:
    on = date.fromisoformat(case["trigger_date"])

    counted = compute(case["rule_id"], on, case["service_method"], case["variant"])

    assert counted.nominal.isoformat() == case["nominal_date"], case["why"]
    assert counted.legal.isoformat() == case["expected_date"], case["why"]
    assert counted.safe.isoformat() == case["safe_date"], case["why"]


def test_an_oral_decision_of_3_june_2026_is_due_on_6_july_and_acted_on_by_2_july() -> None:
    counted = compute("bia-appeal-ij-decision", date(2026, 6, 3), "oral")

    assert counted.variant == "30d"
    assert (counted.nominal, counted.legal, counted.safe) == (
        date(2026, 7, 3),
        date(2026, 7, 6),
        date(2026, 7, 2),
    )
    assert counted.in_force_status == "operative"


def test_the_protective_date_stands_beside_it_with_its_standing() -> None:
    counted = compute("bia-appeal-ij-decision", date(2026, 6, 3), "oral", "10d-protective")

    assert (counted.nominal, counted.legal, counted.safe) == (
        date(2026, 6, 13),
        date(2026, 6, 15),
        date(2026, 6, 12),
    )
    assert counted.protective
    assert counted.in_force_status == "vacated"
    assert any("Amica" in authority for authority in counted.authority)


@pytest.mark.parametrize(
    ("rule_id", "on", "variant", "nominal"),
    [
        # One year of presence, first day counted, is complete on 31 May 2027: leave the day before.
        ("unlawful-presence-bars", date(2026, 6, 1), "1y", date(2027, 5, 30)),
        # Born 29 Feb 2008: under 18 until 27 Feb 2026, the birthday being kept on the 28th.
        ("age-out-watch", date(2008, 2, 29), "under-18", date(2026, 2, 27)),
        # Day 120 from 27 Jul 2026 is 24 Nov; the suit may come the day after.
        ("natz-1447b-120d", date(2026, 7, 27), None, date(2026, 11, 25)),
        # An opening from 29 Feb waits for 1 Mar; a month that is too short gives its last day.
        ("u-adjustment", date(2024, 2, 29), "opens", date(2027, 3, 1)),
        ("u-supp-b-validity", date(2026, 8, 31), None, date(2027, 2, 28)),
        # Arrivals before 1 Apr 1997 count from that day.
        ("asylum-one-year-bar", date(1995, 5, 1), None, date(1998, 4, 1)),
        # 30 business days from Mon 1 Jun 2026, over 19 Jun and 3 Jul: Wed 15 Jul.
        ("vd-bond", date(2026, 6, 1), "bia-30bd", date(2026, 7, 15)),
    ],
)
def test_what_no_golden_case_covers(rule_id: str, on: date, variant: str | None, nominal: date) -> None:
    assert compute(rule_id, on, variant=variant).nominal == nominal


@pytest.mark.parametrize(
    ("rule_id", "on", "variant"),
    [
        ("bia-brief", date(2026, 3, 8), "21d"),
        ("bia-brief", date(2026, 3, 9), "20d"),
        ("ic-individual-filing", date(2022, 8, 25), "30d"),
        ("ic-individual-filing", date(2022, 8, 26), "15d"),
        ("opt-windows", date(2026, 9, 14), "closes-60"),
        ("opt-windows", date(2026, 9, 15), "closes-30-protective"),
        ("asylum-ead-c8-clock", date(2026, 9, 15), "file-150"),
        ("bia-appeal-ij-decision", date(2026, 9, 15), "30d"),
    ],
)
def test_without_a_variant_the_text_of_that_day_is_counted(rule_id: str, on: date, variant: str) -> None:
    assert compute(rule_id, on).variant == variant


@pytest.mark.parametrize(
    ("service", "variant"),
    [("mail", "max87"), ("personal", "max84"), ("online", "electronic"), (None, "max84")],
)
def test_without_a_variant_the_service_chooses_and_no_service_never_adds_days(
    service: str | None, variant: str
) -> None:
    assert compute("uscis-rfe-response", date(2026, 9, 1), service).variant == variant
