"""What the engine says, and what it refuses."""

import subprocess
import sys
from datetime import date, datetime
from pathlib import Path

import pytest

from caseapp.deadlines.rules import (
    ImpossibleDate,
    ImpossibleStop,
    NothingToCompute,
    UnknownRule,
    UnknownService,
    UnknownVariant,
    compute,
)

ROOT = Path(__file__).parents[3]
JUNE = date(2026, 6, 3)


def test_the_law_is_pure() -> None:
    code = (
        "import sys; from datetime import date; import caseapp.deadlines.rules as r;"
        "import caseapp.deadlines.rules.events, caseapp.deadlines.rules.ladder;"
        "r.compute('bia-appeal-ij-decision', date(2026, 6, 3));"
        "sys.exit('django' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_an_oral_decision_is_explained_step_by_step() -> None:
    steps = compute("bia-appeal-ij-decision", JUNE, "oral").steps

    assert [step.text for step in steps] == [
        "The judge gave the decision orally on Wed 3 Jun 2026. That day is day 0.",
        "No days are added for mail, in court or at the Board.",
        "30 calendar days; weekends and holidays count.",
        "Day 30 is Fri 3 Jul 2026.",
        "Fri 3 Jul 2026 is the day Independence Day is observed: it carries to the next open day,"
        " Mon 6 Jul 2026.",
        "The last open day on or before that is Thu 2 Jul 2026: act by then.",
    ]
    assert all(step.authority for step in steps)
    assert "8 CFR 1003.38(b)" in steps[2].authority
    assert "5 USC 6103" in steps[4].authority


def test_a_last_day_offices_were_shut_by_order_does_not_move_and_says_why() -> None:
    # 24 Nov 2025 + 30 days = Wed 24 Dec 2025, shut by executive order.
    counted = compute("bia-appeal-ij-decision", date(2025, 11, 24), "oral")

    assert counted.legal == date(2025, 12, 24)
    assert any("Christmas Eve" in step.text and "extends nothing" in step.text for step in counted.steps)


def test_a_text_asked_for_outside_its_time_says_so() -> None:
    early = compute("bia-brief", date(2026, 1, 5), variant="20d")
    late = compute("bia-brief", date(2026, 6, 1), variant="21d")

    assert any("begins 9 Mar 2026" in step.text for step in early.steps)
    assert late.in_force_status == "superseded"


def test_a_proposed_text_is_never_chosen_by_itself_and_is_marked() -> None:
    counted = compute("asylum-ead-c8-clock", date(2026, 7, 1), variant="file-365-proposed")

    assert counted.in_force_status == "proposed"
    assert compute("asylum-ead-c8-clock", date(2026, 7, 1)).in_force_status == "operative"


def test_an_own_knowledge_number_is_not_called_verified() -> None:
    appeal = compute("foia-time-limits", JUNE, variant="appeal-90")
    answer = compute("foia-time-limits", JUNE, variant="20wd")

    assert (appeal.text_status, appeal.verified) == ("unverified", False)
    assert (answer.text_status, answer.verified) == ("verified", True)


def test_an_answer_given_online_is_due_on_the_day_itself() -> None:
    # 5 May 2026 + 30 days = Thu 4 Jun; 7 May + 30 = Sat 6 Jun.
    on_paper = compute("uscis-noid-response", date(2026, 5, 7), "personal")
    online = compute("uscis-noid-response", date(2026, 5, 7), "online")

    assert on_paper.legal == date(2026, 6, 8)
    assert online.legal == date(2026, 6, 6)


@pytest.mark.parametrize(
    ("question", "refusal", "says"),
    [
        ({"rule_id": "no-such-rule"}, UnknownRule, "no-such-rule"),
        ({"variant": "31d"}, UnknownVariant, "30d"),
        ({"service": "pigeon"}, UnknownService, "personal"),
        ({"rule_id": "uscis-noid-response", "service": "oral"}, UnknownService, "mail"),
        (
            {"rule_id": "uscis-rfe-response", "variant": "max84", "service": "mail"},
            UnknownService,
            "personal",
        ),
        ({"on": date(1989, 12, 31)}, ImpossibleDate, "1990-01-01"),
        ({"on": date(2101, 1, 1)}, ImpossibleDate, "2100-12-31"),
        ({"rule_id": "ic-master-filing", "on": date(1990, 1, 10)}, ImpossibleDate, "1989-12-26"),
        ({"rule_id": "sij-file-before-21", "on": date(2080, 1, 1)}, ImpossibleDate, "2100-12-31"),
        ({"stopped": [(JUNE, JUNE)]}, ImpossibleStop, "stopped"),
        ({"rule_id": "in-absentia-rescission", "variant": "any-time"}, NothingToCompute, "no time limit"),
        ({"rule_id": "custody-redetermination"}, NothingToCompute, "target-1bd"),
        ({"rule_id": "i693-validity", "on": date(2024, 1, 1)}, NothingToCompute, "pending"),
    ],
)
def test_what_cannot_be_counted_is_refused_in_words(
    question: dict[str, object], refusal: type[Exception], says: str
) -> None:
    asked = {"rule_id": "bia-appeal-ij-decision", "on": JUNE} | question

    with pytest.raises(refusal) as raised:
        compute(**asked)  # type: ignore[arg-type]

    assert says in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("stop", "says"),
    [
        ((date(2026, 8, 20), date(2026, 8, 1)), "ends before it begins"),
        ((date(2026, 6, 1), date(2026, 6, 3)), "over before the clock started"),
        ((date(1889, 1, 1), date(2026, 8, 1)), "1889"),
    ],
)
def test_an_impossible_stop_is_refused(stop: tuple[date, date], says: str) -> None:
    with pytest.raises((ImpossibleStop, ImpossibleDate), match=says):
        compute("asylum-ead-c8-clock", JUNE, stopped=[stop])


def test_twenty_stopped_days_are_the_variant_with_twenty_stopped_days() -> None:
    stopped = compute("asylum-ead-c8-clock", JUNE, stopped=[(date(2026, 8, 1), date(2026, 8, 20))])

    assert stopped.nominal == compute("asylum-ead-c8-clock", JUNE, variant="file-150+20stopped").nominal


def test_stops_that_overlap_or_come_too_late_are_counted_once_or_not_at_all() -> None:
    overlapping = [(date(2026, 8, 1), date(2026, 8, 10)), (date(2026, 8, 5), date(2026, 8, 20))]
    too_late = [(date(2027, 6, 1), date(2027, 6, 30))]

    once = compute("asylum-ead-c8-clock", JUNE, stopped=[(date(2026, 8, 1), date(2026, 8, 20))]).nominal

    assert compute("asylum-ead-c8-clock", JUNE, stopped=overlapping).nominal == once
    assert compute("asylum-ead-c8-clock", JUNE, stopped=overlapping + too_late).nominal == once


def test_a_moment_is_not_a_day() -> None:
    with pytest.raises(TypeError, match="date"):
        compute("bia-appeal-ij-decision", datetime(2026, 6, 3, 23, 59))


def test_a_computation_can_be_kept_as_plain_values() -> None:
    kept = compute("bia-appeal-ij-decision", JUNE, "oral").as_json()

    assert kept["legal"] == "2026-07-06"
    assert kept["steps"][0] == [
        "The judge gave the decision orally on Wed 3 Jun 2026. That day is day 0.",
        "8 CFR 1001.1(h)",
    ]
    assert kept["version"] == "2026-11-24/30-days-1996"
