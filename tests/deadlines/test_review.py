"""Counted again with new rules or holidays, open dates are shown and stay put until someone decides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from caseapp.audit.models import Entry
from caseapp.deadlines import corrections, explain, forgotten, review, services
from caseapp.deadlines.corrections import Said
from caseapp.deadlines.models import CaseEvent, Change, Deadline
from caseapp.deadlines.rules import calendar, pack
from caseapp.deadlines.rules.model import Pack, Rule, Variant, Version
from caseapp.deadlines.services import AlreadyDecided, NotSoDecided
from tests.conftest import NOW, TODAY, Cast

APPEAL = "bia-appeal-ij-decision"
RECONSIDER = "motion-to-reconsider"
MASTER = "ic-master-filing"
Law = Callable[..., None]


def happened(cast: Cast, kind: str, outcome: str, on: date = TODAY) -> tuple[CaseEvent, list[Deadline]]:
    service = "oral" if kind == "ij-decision" else "n/a"
    return services.record_event(
        cast.matter, kind=kind, on=on, service=service, outcome=outcome, note="", by=cast.ana, at=NOW
    )


def appeal(cast: Cast) -> Deadline:
    """A fatal date: an oral denial of 3 June 2026, 30 days."""
    _event, dates = happened(cast, "ij-decision", "denied")
    return next(d for d in dates if d.computation["variant"] == "30d")


def master(cast: Cast, on: date = date(2026, 7, 20)) -> Deadline:
    """A serious date: 15 days before a master hearing on Mon 20 July 2026, so Sun 5 July."""
    _event, (date_of_filing,) = happened(cast, "hearing-set", "master", on)
    return date_of_filing


@pytest.fixture
def law(monkeypatch: pytest.MonkeyPatch) -> Law:
    """Return what puts a later pack in force, in which one rule is another."""

    def change(rule_id: str, change_rule: Callable[[Rule], Rule], *, version: str = "2026-12-01") -> None:
        now = pack.shipped_pack()
        later = Pack(version=version, rules={**now.rules, rule_id: change_rule(now.rules[rule_id])})
        monkeypatch.setattr(pack, "shipped_pack", lambda: later)

    return change


def counting(variant_name: str, n: int) -> Callable[[Rule], Rule]:
    """The same text with another number in it."""

    def change(rule: Rule) -> Rule:
        old: Variant = rule.variants[variant_name]
        new = replace(old, count=(replace(old.count[0], n=n),))
        return replace(rule, variants={**rule.variants, variant_name: new})

    return change


def standing(version_id: str, status: Any) -> Callable[[Rule], Rule]:
    def change(rule: Rule) -> Rule:
        def one(version: Version) -> Version:
            return replace(version, in_force_status=status) if version.id == version_id else version

        return replace(rule, versions=tuple(map(one, rule.versions)))

    return change


def dates(deadline: Deadline) -> tuple[date, date, date]:
    kept = Deadline.objects.get(pk=deadline.pk)
    return kept.nominal, kept.legal, kept.safe


def waiting(cast: Cast) -> list[review.Difference]:
    return list(review.queue(cast.ana).differences)


# --- what is listed


def test_nothing_is_listed_while_every_count_comes_out_alike(cast: Cast) -> None:
    happened(cast, "ij-decision", "denied")
    services.record_printed_date(
        cast.matter,
        title="Answer",
        due=TODAY,
        notice_on=TODAY,
        severity="fatal",
        note="",
        by=cast.ana,
        at=NOW,
    )

    queue = review.queue(cast.ana)

    assert (queue.differences, queue.counted, queue.all_counted) == ((), 5, True)


def test_a_new_pack_that_changes_nothing_about_a_date_asks_nobody(cast: Cast, law: Law) -> None:
    appeal(cast)
    law(APPEAL, lambda rule: rule)

    assert waiting(cast) == []


def test_a_new_number_lists_the_date_with_old_and_new_and_moves_nothing(cast: Cast, law: Law) -> None:
    deadline = appeal(cast)
    before = dates(deadline)
    law(APPEAL, counting("30d", 20))

    (difference,) = waiting(cast)

    assert difference.deadline == deadline
    assert difference.before_dates["legal"] == date(2026, 7, 6)
    # Day 20 from Wed 3 June is Tue 23 June.
    assert difference.after and difference.after.legal == date(2026, 6, 23)
    assert difference.moves
    assert "The rule pack was of 2026-11-24; now it is of 2026-12-01." in difference.why
    assert dates(deadline) == before
    assert not Change.objects.exists()


def test_a_text_struck_down_lists_the_date_and_says_so(cast: Cast, law: Law) -> None:
    appeal(cast)
    law(APPEAL, standing("10-days-2026", "operative"))

    (difference,) = waiting(cast)

    assert not difference.moves
    assert "Its standing was “vacated” and is now “operative”." in difference.why


def test_where_a_text_no_longer_governs_the_one_that_does_is_counted(cast: Cast, law: Law) -> None:
    """The ten days come into force: the date counted with thirty is shown beside its tenth day."""
    deadline = appeal(cast)

    def reversed_on_appeal(rule: Rule) -> Rule:
        ten = replace(rule.variants["10d-protective"], protective=False)
        rule = replace(rule, variants={**rule.variants, "10d-protective": ten})
        rule = standing("30-days-1996", "superseded")(rule)
        versions = tuple(
            replace(v, effective_to=date(2026, 3, 8)) if v.id == "30-days-1996" else v for v in rule.versions
        )
        return standing("10-days-2026", "operative")(replace(rule, versions=versions))

    law(APPEAL, reversed_on_appeal)

    difference = next(d for d in waiting(cast) if d.deadline == deadline)

    assert difference.after and difference.after.variant == "10d-protective"
    assert difference.after.safe == date(2026, 6, 12)


def test_a_new_holiday_lists_the_dates_it_moves(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    deadline = master(cast)
    other = master(cast, date(2026, 9, 1))
    closed = {**calendar._closed_weekdays(), date(2026, 7, 6): "a new holiday"}
    monkeypatch.setattr(calendar, "_closed_weekdays", lambda: closed)
    for module in ("calendar", "engine"):
        monkeypatch.setattr(f"caseapp.deadlines.rules.{module}.HOLIDAY_TABLE", "federal/2027")

    (difference,) = waiting(cast)

    assert difference.deadline == deadline != other
    assert difference.after and difference.after.legal == date(2026, 7, 7)
    assert "The holiday table was federal-2018-2040/2026-11-24; now it is federal/2027." in difference.why


def test_a_rule_that_is_gone_is_listed_and_can_only_be_kept(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    deadline = master(cast)
    now = pack.shipped_pack()
    without = {rule_id: rule for rule_id, rule in now.rules.items() if rule_id != MASTER}
    monkeypatch.setattr(pack, "shipped_pack", lambda: Pack("2026-12-01", without))

    (difference,) = waiting(cast)

    assert difference.after is None
    with pytest.raises(NotSoDecided):
        review.accept(deadline, by=cast.ana, at=NOW, seen=difference.seen)
    review.keep(deadline, by=cast.ana, at=NOW, reason="The judge's order says so", seen=difference.seen)
    assert waiting(cast) == []


@pytest.mark.parametrize("outsider", ["ben", "cam", "ira", "eve"])
def test_nobody_else_is_shown_the_date(cast: Cast, law: Law, outsider: str) -> None:
    appeal(cast)
    law(APPEAL, counting("30d", 20))

    assert review.queue(getattr(cast, outsider)).differences == ()


def test_a_closed_date_is_left_alone(cast: Cast, law: Law) -> None:
    deadline = master(cast)
    services.drop(deadline, by=cast.ana, at=NOW, reason="Hearing vacated")
    law(MASTER, counting("15d", 30))

    assert waiting(cast) == []


def test_beyond_the_most_that_are_counted_at_once_the_rest_is_said_to_be_left(cast: Cast, law: Law) -> None:
    for week in range(4):
        master(cast, date(2026, 7, 20) + timedelta(days=7 * week))
    law(MASTER, counting("15d", 30))

    queue = review.queue(cast.ana, at_most=2)

    assert (len(queue.differences), queue.counted, queue.all_counted) == (2, 2, False)
    assert [d.deadline.safe for d in queue.differences] == sorted(d.deadline.safe for d in queue.differences)


# --- what is decided


def test_accepting_moves_the_date_to_its_own_safe_day_and_keeps_the_first_count(cast: Cast, law: Law) -> None:
    deadline = master(cast)
    # 16 days before Mon 20 July is Sat 4 July: lawful until Mon 6, safe on Thu 2 (Fri 3 is the holiday).
    law(MASTER, counting("15d", 16))
    (difference,) = waiting(cast)

    review.accept(deadline, by=cast.ana, at=NOW, seen=difference.seen)

    assert dates(deadline) == (date(2026, 7, 4), date(2026, 7, 6), date(2026, 7, 2))
    kept = Deadline.objects.get(pk=deadline.pk)
    assert kept.computation["nominal"] == "2026-07-05"
    why = explain.explain(kept, today=TODAY)
    assert any("16 calendar days" in text for text, _authority in why.steps)
    assert any("15 calendar days" in text for text, _authority in why.first_steps)
    assert (why.computed_legal, why.computed_safe) == (date(2026, 7, 6), date(2026, 7, 2))
    assert waiting(cast) == []
    assert Entry.objects.filter(event=Entry.Event.DEADLINE_MOVED, object_id=deadline.id).count() == 1


def test_a_fatal_date_moves_only_when_a_second_person_agrees(cast: Cast, law: Law) -> None:
    deadline = appeal(cast)
    before = dates(deadline)
    law(APPEAL, counting("30d", 20))
    (difference,) = waiting(cast)

    change = review.accept(deadline, by=cast.ana, at=NOW, seen=difference.seen)
    (still,) = waiting(cast)
    undecided = Deadline.objects.get(pk=deadline.pk)
    meanwhile = dates(deadline)
    services.second(change, by=cast.dee, at=NOW)

    assert still.waiting == change
    assert review.count_to_decide([undecided], {}) == 1
    assert review.count_to_decide([undecided], {undecided.id}) == 0
    assert meanwhile == before
    assert dates(deadline) == (date(2026, 6, 23), date(2026, 6, 23), date(2026, 6, 23))
    assert waiting(cast) == []


def test_a_second_person_who_refuses_leaves_the_date_and_the_question(cast: Cast, law: Law) -> None:
    deadline = appeal(cast)
    before = dates(deadline)
    law(APPEAL, counting("30d", 20))
    (difference,) = waiting(cast)
    change = review.accept(deadline, by=cast.ana, at=NOW, seen=difference.seen)

    services.refuse(change, by=cast.dee, at=NOW)

    assert dates(deadline) == before
    assert [d.waiting for d in waiting(cast)] == [None]


def test_kept_with_a_reason_it_is_not_asked_again_until_the_law_changes_again(cast: Cast, law: Law) -> None:
    deadline = master(cast)
    before = dates(deadline)
    law(MASTER, counting("15d", 30))
    (difference,) = waiting(cast)

    change = review.keep(deadline, by=cast.ana, at=NOW, reason="The judge set 5 July", seen=difference.seen)
    settled = waiting(cast)
    law(MASTER, counting("15d", 20), version="2027-01-01")

    assert settled == []
    assert dates(deadline) == before
    assert "The judge set 5 July" in change.reason
    assert [d.deadline for d in waiting(cast)] == [deadline]


def test_keeping_a_fatal_date_takes_two_people_as_well(cast: Cast, law: Law) -> None:
    deadline = appeal(cast)
    law(APPEAL, counting("30d", 20))
    (difference,) = waiting(cast)

    change = review.keep(deadline, by=cast.ana, at=NOW, reason="An order", seen=difference.seen)
    asked = waiting(cast)
    services.second(change, by=cast.dee, at=NOW)

    assert [d.waiting for d in asked] == [change]
    assert waiting(cast) == []


def test_a_date_is_not_kept_without_a_reason(cast: Cast, law: Law) -> None:
    deadline = master(cast)
    law(MASTER, counting("15d", 30))
    (difference,) = waiting(cast)

    with pytest.raises(NotSoDecided):
        review.keep(deadline, by=cast.ana, at=NOW, reason="  ", seen=difference.seen)

    assert len(waiting(cast)) == 1


def test_a_decision_is_only_about_what_was_shown(cast: Cast, law: Law) -> None:
    deadline = master(cast)
    law(MASTER, counting("15d", 30))
    (shown,) = waiting(cast)
    law(MASTER, counting("15d", 20))

    with pytest.raises(NotSoDecided):
        review.accept(deadline, by=cast.ana, at=NOW, seen=shown.seen)

    assert dates(deadline)[0] == date(2026, 7, 5)


# --- corrected entries


def corrected(cast: Cast, event: CaseEvent, on: date, outcome: str, service: str = "n/a") -> CaseEvent:
    said = Said(on=on, service=service, outcome=outcome, note="Misread the stamp")
    return corrections.correct(event, said, by=cast.ana, at=NOW)


def test_a_corrected_day_moves_what_one_person_may_and_says_why(cast: Cast) -> None:
    deadline = master(cast)

    new = corrected(cast, deadline.event, date(2026, 7, 27), "master")

    # 15 days before Mon 27 July is Sun 12: lawful until Mon 13, safe on Fri 10.
    assert dates(deadline) == (date(2026, 7, 12), date(2026, 7, 13), date(2026, 7, 10))
    old = CaseEvent.objects.get(pk=deadline.event_id)
    assert old.on == date(2026, 7, 20)
    assert "27 Jul 2026" in old.note
    assert corrections.corrected_by(old) == new.id
    assert [d.id for d in corrections.dates_of(new)] == [deadline.id]
    assert "Misread the stamp" in Change.objects.get().reason


def test_a_corrected_decision_asks_two_people_for_each_fatal_date(cast: Cast) -> None:
    deadline = appeal(cast)
    before = dates(deadline)

    corrected(cast, deadline.event, date(2026, 6, 1), "denied", "oral")

    asked = Change.objects.filter(state=Change.State.WAITING)
    assert dates(deadline) == before
    assert {change.kind for change in asked} == {Change.Kind.MOVE}
    assert asked.count() == 4
    services.second(asked.get(deadline=deadline), by=cast.dee, at=NOW)
    # Day 30 from Mon 1 June is Wed 1 July.
    assert dates(deadline) == (date(2026, 7, 1), date(2026, 7, 1), date(2026, 7, 1))


def test_another_outcome_drops_what_no_longer_follows_and_proposes_what_does(cast: Cast) -> None:
    deadline = master(cast)

    new = corrected(cast, deadline.event, date(2026, 7, 20), "individual")

    deadline.refresh_from_db()
    made = Deadline.objects.filter(event=new)
    assert deadline.state == Deadline.State.DROPPED
    assert {d.computation["rule"] for d in made} == {"ic-individual-filing"}
    assert {d.state for d in made} == {Deadline.State.PROPOSED}
    assert forgotten.hearings_unprepared(cast.ana, today=date(2026, 7, 1)) == []


def test_an_event_with_a_met_date_is_not_corrected(cast: Cast) -> None:
    deadline = master(cast)
    services.mark_met(deadline, by=cast.ana, at=NOW, on=TODAY, today=TODAY, proof="Stamped")

    with pytest.raises(NotSoDecided):
        corrected(cast, deadline.event, date(2026, 7, 27), "master")

    assert CaseEvent.objects.count() == 1


def test_an_entry_is_corrected_once_and_then_its_successor(cast: Cast) -> None:
    deadline = master(cast)
    new = corrected(cast, deadline.event, date(2026, 7, 27), "master")

    with pytest.raises(NotSoDecided):
        corrected(cast, deadline.event, date(2026, 7, 28), "master")
    corrected(cast, new, date(2026, 8, 3), "master")

    assert dates(deadline)[0] == date(2026, 7, 19)


def test_a_correction_waits_while_another_decision_does(cast: Cast) -> None:
    deadline = appeal(cast)
    services.confirm(deadline, by=cast.ana, at=NOW)

    with pytest.raises(AlreadyDecided):
        corrected(cast, deadline.event, date(2026, 6, 1), "denied", "oral")

    assert CaseEvent.objects.count() == 1
    assert corrections.may_be_corrected(deadline.event)


def test_after_a_correction_the_corrected_day_is_what_is_counted_again(cast: Cast, law: Law) -> None:
    deadline = master(cast)
    corrected(cast, deadline.event, date(2026, 7, 27), "master")
    law(MASTER, counting("15d", 17))

    (difference,) = waiting(cast)

    assert difference.after and difference.after.nominal == date(2026, 7, 10)


# --- hearings nobody prepares for


@pytest.mark.parametrize(
    "today, named",
    [
        (date(2026, 6, 4), False),
        (date(2026, 6, 5), True),
        (date(2026, 7, 20), True),
        (date(2026, 7, 21), False),
    ],
)
def test_a_hearing_within_45_days_is_named_when_its_preparation_was_dropped(
    cast: Cast, today: date, named: bool
) -> None:
    services.drop(master(cast), by=cast.ana, at=NOW, reason="Nothing to file")

    hearings = forgotten.hearings_unprepared(cast.ana, today=today)

    assert [(h.matter, h.on) for h in hearings] == ([(cast.matter, date(2026, 7, 20))] if named else [])


@pytest.mark.parametrize("outsider", ["ben", "cam", "ira", "eve"])
def test_a_hearing_is_named_to_nobody_else(cast: Cast, outsider: str) -> None:
    services.drop(master(cast), by=cast.ana, at=NOW, reason="Nothing to file")

    assert forgotten.hearings_unprepared(getattr(cast, outsider), today=date(2026, 7, 1)) == []


def test_a_hearing_that_is_prepared_or_entered_again_is_not_named(cast: Cast) -> None:
    met = master(cast)
    services.mark_met(met, by=cast.ana, at=NOW, on=TODAY, today=TODAY, proof="Stamped")
    twice = master(cast)
    services.drop(twice, by=cast.ana, at=NOW, reason="Entered twice")

    assert forgotten.hearings_unprepared(cast.ana, today=date(2026, 7, 1)) == []
