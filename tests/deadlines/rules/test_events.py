"""One happening, several clocks; and which reminder is owed."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caseapp.deadlines.rules import UnknownEvent, UnknownRule, UnknownService, ladder, rule, rules
from caseapp.deadlines.rules.events import ANY_RULE, EVENTS, event, proposals, rule_choices

JUNE = date(2026, 6, 3)


def proposed(*args: str) -> set[tuple[str, str]]:
    key, service, outcome = (*args, "", "")[:3]
    return {(p.computation.rule, p.computation.variant) for p in proposals(key, JUNE, service, outcome)}


def test_a_denial_from_the_bench_starts_the_appeal_and_the_motions() -> None:
    assert proposed("ij-decision", "oral", "denied") == {
        ("bia-appeal-ij-decision", "30d"),
        ("bia-appeal-ij-decision", "10d-protective"),
        ("motion-to-reconsider", ""),
        ("motion-to-reopen", "conservative"),
    }


def test_a_grant_proposes_only_to_watch_the_government() -> None:
    (watch,) = proposals("ij-decision", JUNE, "oral", "granted")

    assert watch.computation.variant == "dhs-watch"
    assert watch.computation.severity == "advisory"


def test_the_protective_date_is_marked_and_says_it_was_vacated() -> None:
    (protective,) = [
        p
        for p in proposals("ij-decision", JUNE, "oral", "denied")
        if p.computation.variant == "10d-protective"
    ]

    assert protective.protective
    assert "vacated" in protective.why


@pytest.mark.parametrize(
    ("outcome", "offices"),
    [
        ("court", {"court", ""}),
        ("board", {"BIA", ""}),
        ("both", {"court", "BIA", ""}),
        ("uscis", {""}),
    ],
)
def test_a_move_is_told_to_every_office_that_must_know(outcome: str, offices: set[str]) -> None:
    assert {variant for _, variant in proposed("address-change", "", outcome)} == offices


def test_a_mailed_request_is_capped_at_87_days_and_one_handed_over_at_84() -> None:
    assert proposed("uscis-rfe", "mail") == {("uscis-rfe-response", "max87")}
    assert proposed("uscis-rfe", "personal") == {("uscis-rfe-response", "max84")}


@pytest.mark.parametrize("each", EVENTS, ids=lambda each: each.key)
def test_every_outcome_by_every_service_can_be_computed(each: object) -> None:
    happened = event(each.key)  # type: ignore[attr-defined]
    for outcome in happened.outcomes or {"": ""}:
        for service in happened.services:
            for proposal in proposals(happened.key, JUNE, service, outcome):
                assert proposal.why


def test_any_rule_can_be_chosen_by_itself() -> None:
    choices = dict(rule_choices())

    for outcome in choices:
        assert len(proposals(ANY_RULE, JUNE, "", outcome)) == 1
    assert {outcome.partition("/")[0] for outcome in choices} == {each.id for each in rules()}


def test_an_unknown_event_outcome_service_or_rule_is_refused() -> None:
    with pytest.raises(UnknownEvent):
        proposals("no-such-event", JUNE)
    with pytest.raises(UnknownEvent):
        proposals("ij-decision", JUNE, "oral", "adjourned")
    with pytest.raises(UnknownService):
        proposals("uscis-rfe", JUNE, "oral")
    with pytest.raises(UnknownRule):
        proposals(ANY_RULE, JUNE, "", "no-such-rule")


SAFE, LEGAL = date(2026, 7, 2), date(2026, 7, 6)


@pytest.mark.parametrize(
    ("today", "rung"),
    [
        (date(2026, 6, 10), None),
        (date(2026, 6, 11), 21),
        (date(2026, 6, 17), 21),
        (date(2026, 6, 18), 14),
        (date(2026, 7, 1), 1),
        (date(2026, 7, 2), 0),
        (date(2026, 7, 3), -1),
        (date(2026, 7, 6), -4),
        (date(2026, 7, 7), -5),
        (date(2026, 7, 13), -5),
        (date(2026, 7, 14), -12),
        (date(2026, 7, 21), -19),
    ],
)
def test_the_latest_rung_whose_day_has_come_is_owed(today: date, rung: int | None) -> None:
    assert ladder.rung_due(SAFE, (21, 14, 7, 3, 1, 0), today, legal=LEGAL) == rung


@given(st.lists(st.integers(0, 400), unique=True, max_size=12), st.integers(-500, 500))
def test_rungs_only_go_down_as_days_pass(rungs: list[int], offset: int) -> None:
    today = SAFE + timedelta(days=offset)

    before = ladder.rung_due(SAFE, rungs, today, legal=LEGAL)
    after = ladder.rung_due(SAFE, rungs, today + timedelta(days=1), legal=LEGAL)

    assert before is None or (after is not None and after <= before)


def test_a_detained_client_is_never_reminded_of_later_and_twice_as_often() -> None:
    appeal = rule("bia-appeal-ij-decision")

    usual, detained = ladder.for_rule(appeal), ladder.for_rule(appeal, detained=True)

    assert usual == (21, 14, 10, 7, 5, 3, 2, 1, 0)
    assert detained == (21, 14, 11, 10, 7, 5, 4, 3, 2, 1, 0)
    assert ladder.for_severity("advisory", detained=True) == (14, 7, 3, 2, 0)
