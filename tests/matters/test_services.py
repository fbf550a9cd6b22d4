"""Opening matters, who works on them, and closing."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from caseapp.access.rules import MayNot
from caseapp.audit.models import Entry
from caseapp.matters import queries, services
from caseapp.matters.codes import new_code
from caseapp.matters.kinds import UnknownKind, kinds
from caseapp.matters.models import Assignment, Matter, Note, Party
from caseapp.matters.services import CannotAssign, CannotClose, NotSoOpened
from caseapp.people import services as people
from caseapp.people.services import Particulars
from caseapp.vault.models import SubjectKey
from tests.conftest import NOW, TODAY, Cast

LATER = NOW + timedelta(days=1)


def close(matter: Matter, cast: Cast, **changes: Any) -> None:
    said: dict[str, Any] = {"on": TODAY, "outcome": "Granted.", "kept_as": "FULL"}
    said["keep_until"] = date(2033, 6, 3)
    services.close_matter(matter, by=cast.ana, at=NOW, **(said | changes))


# --- opening


def test_a_matter_begins_at_the_first_stage_with_a_key_and_a_code(cast: Cast) -> None:
    matter = services.open_matter(cast.mateo, kind="asylum-affirmative", by=cast.ana, on=TODAY, at=NOW)

    again = Matter.objects.get(pk=matter.pk)
    assert (again.kind, again.stage, again.detained) == ("asylum-affirmative", "Intake", False)
    assert SubjectKey.objects.filter(subject_id=matter.id).exists()
    assert again.code.replace("-", "").isalnum()
    assert again.code != cast.matter.code


def test_whoever_opens_it_works_on_it(cast: Cast) -> None:
    ben_s_client = people.record_person(
        Particulars(given_names="Ada", first_surname="Obi"), by=cast.ben, at=NOW
    )

    matter = services.open_matter(ben_s_client, kind="asylum-affirmative", by=cast.ben, on=TODAY, at=NOW)

    assert [(a.user, a.role) for a in queries.team_of(matter)] == [(cast.ben, "PARALEGAL")]


def test_a_director_opens_without_being_put_on_it(cast: Cast) -> None:
    matter = services.open_matter(cast.mateo, kind="asylum-affirmative", by=cast.dee, on=TODAY, at=NOW)

    assert queries.team_of(matter) == []
    assert queries.matter_for(cast.dee, matter.id) == matter


@pytest.mark.parametrize("name", ["vic", "ira"])
def test_who_may_not_open_leaves_nothing_behind(cast: Cast, name: str) -> None:
    before = Matter.objects.count(), SubjectKey.objects.count()

    with pytest.raises(MayNot):
        services.open_matter(cast.mateo, kind="asylum-affirmative", by=getattr(cast, name), on=TODAY, at=NOW)

    assert (Matter.objects.count(), SubjectKey.objects.count()) == before


def test_an_unknown_kind_is_refused(cast: Cast) -> None:
    with pytest.raises(UnknownKind):
        services.open_matter(cast.mateo, kind="moon-visa", by=cast.ana, on=TODAY, at=NOW)


def test_every_kind_in_the_catalogue_can_be_opened(cast: Cast) -> None:
    for kind in kinds():
        matter = services.open_matter(cast.mateo, kind=kind.id, by=cast.ana, on=TODAY, at=NOW)
        assert matter.stage == kind.stages[0]


def test_the_client_is_not_also_a_derivative(cast: Cast) -> None:
    with pytest.raises(NotSoOpened):
        services.open_matter(
            cast.mateo, kind="asylum-affirmative", by=cast.ana, on=TODAY, at=NOW, derivatives=[cast.mateo]
        )


def test_a_code_that_is_taken_is_drawn_again(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter([cast.matter.code, cast.matter.code, "ACORN-11"])
    monkeypatch.setattr(services, "new_code", lambda pick, attempt: next(drawn))

    matter = services.open_matter(cast.mateo, kind="asylum-affirmative", by=cast.ana, on=TODAY, at=NOW)

    assert matter.code == "ACORN-11"


def test_later_tries_draw_from_more_codes() -> None:
    assert new_code(lambda n: n - 1, attempt=0) == "ZINNIA-99"
    assert new_code(lambda n: n - 1, attempt=19) == "ZINNIA-9999"


def test_someone_is_included_once(cast: Cast) -> None:
    with pytest.raises(NotSoOpened):
        services.include(cast.matter, cast.eulalia, by=cast.ana, at=NOW)

    assert Party.objects.filter(matter=cast.matter).count() == 2


# --- the team


def test_an_assignment_opens_the_matter_and_ending_it_shuts_it(cast: Cast) -> None:
    services.assign(cast.matter, cast.ben, role="PARALEGAL", by=cast.ana, today=TODAY)
    assert list(queries.matters_of(cast.ben)) == [cast.matter]

    services.take_off(cast.matter, cast.ben, by=cast.ana, at=LATER)

    assert list(queries.matters_of(cast.ben)) == []


@pytest.mark.parametrize(
    ("name", "role"),
    [("cam", "ATTORNEY"), ("ira", "PARALEGAL"), ("eve", "ATTORNEY"), ("vic", "VOLUNTEER")]
    + [("ben", "ATTORNEY")],
)
def test_who_cannot_be_put_on_it(cast: Cast, name: str, role: str) -> None:
    """Screened off, IT, of another clinic, on it already, and a paralegal as attorney."""
    before = Assignment.objects.count()

    with pytest.raises(CannotAssign):
        services.assign(cast.matter, getattr(cast, name), role=role, by=cast.dee, today=TODAY)

    assert Assignment.objects.count() == before


def test_someone_locked_out_cannot_be_put_on_it(cast: Cast) -> None:
    cast.ben.is_active = False

    with pytest.raises(CannotAssign):
        services.assign(cast.matter, cast.ben, role="PARALEGAL", by=cast.ana, today=TODAY)


@pytest.mark.parametrize(("days", "accepted"), [(-1, False), (0, True), (30, True)])
def test_an_assignment_ends_today_at_the_earliest(cast: Cast, days: int, accepted: bool) -> None:
    until = TODAY + timedelta(days=days)

    if accepted:
        services.assign(cast.matter, cast.ben, role="PARALEGAL", by=cast.ana, today=TODAY, until=until)
        assert Assignment.objects.get(user=cast.ben).until == until
    else:
        with pytest.raises(CannotAssign):
            services.assign(cast.matter, cast.ben, role="PARALEGAL", by=cast.ana, today=TODAY, until=until)


def test_the_last_one_stays(cast: Cast) -> None:
    services.take_off(cast.matter, cast.vic, by=cast.ana, at=NOW)

    with pytest.raises(CannotAssign):
        services.take_off(cast.matter, cast.ana, by=cast.dee, at=NOW)


def test_assignments_end_by_themselves_after_their_last_day_once(cast: Cast) -> None:
    services.assign(cast.matter, cast.ben, role="PARALEGAL", by=cast.ana, today=TODAY, until=TODAY)

    on_the_day = services.end_assignments(today=TODAY, at=NOW)
    after = services.end_assignments(today=TODAY + timedelta(days=1), at=LATER)
    again = services.end_assignments(today=TODAY + timedelta(days=2), at=LATER)

    assert (on_the_day, after, again) == (0, 1, 0)
    assert list(queries.matters_of(cast.ben)) == []


def test_a_screen_takes_someone_off_and_wins_over_everything(cast: Cast) -> None:
    services.screen_off(cast.matter, cast.vic, by=cast.dee, at=NOW)

    assert not Assignment.objects.filter(user=cast.vic, ended_at__isnull=True).exists()
    assert list(queries.matters_of(cast.vic)) == []
    with pytest.raises(CannotAssign):
        services.assign(cast.matter, cast.vic, role="VOLUNTEER", by=cast.dee, today=TODAY)


def test_a_director_lifts_a_screen_and_nobody_else(cast: Cast) -> None:
    with pytest.raises(MayNot):
        services.lift_screen(cast.matter, cast.cam, by=cast.ana)

    services.lift_screen(cast.matter, cast.cam, by=cast.dee)

    services.assign(cast.matter, cast.cam, role="ATTORNEY", by=cast.dee, today=TODAY)
    assert Matter.objects.visible_to(cast.cam).get() == cast.matter
    with pytest.raises(services.CannotAssign, match="not screened off"):
        services.lift_screen(cast.matter, cast.cam, by=cast.dee)


def test_nobody_screens_themselves_off(cast: Cast) -> None:
    with pytest.raises(CannotAssign):
        services.screen_off(cast.matter, cast.dee, by=cast.dee, at=NOW)


# --- notes and stages


def test_a_volunteer_writes_a_note_and_changes_nothing_else(cast: Cast) -> None:
    services.write_note(cast.matter, text="Q'anjob'al draft done.", minutes=25, by=cast.vic, at=NOW)

    assert Note.objects.get(matter=cast.matter).text == "Q'anjob'al draft done."
    with pytest.raises(MayNot):
        services.move_to_stage(cast.matter, stage="Individual", detained=False, by=cast.vic, at=NOW)


def test_only_stages_of_its_kind(cast: Cast) -> None:
    services.move_to_stage(cast.matter, stage="Individual", detained=True, by=cast.ana, at=LATER)

    with pytest.raises(NotSoOpened):
        services.move_to_stage(cast.matter, stage="EAD clock", detained=True, by=cast.ana, at=LATER)

    again = Matter.objects.get(pk=cast.matter.pk)
    assert (again.stage, again.detained, again.changed_at) == ("Individual", True, LATER)


# --- closing


def test_a_closed_matter_has_its_outcome_and_its_date(cast: Cast) -> None:
    close(cast.matter, cast)

    again = Matter.objects.get(pk=cast.matter.pk)
    assert (again.closed_on, again.kept_as, again.keep_until, again.outcome) == (
        TODAY,
        "FULL",
        date(2033, 6, 3),
        "Granted.",
    )


def test_it_cannot_close_before_it_was_opened(cast: Cast) -> None:
    with pytest.raises(CannotClose):
        close(cast.matter, cast, on=TODAY - timedelta(days=1))


def test_a_closed_matter_cannot_be_worked_on(cast: Cast) -> None:
    close(cast.matter, cast)

    for act in (
        lambda: services.write_note(cast.matter, text="x", minutes=0, by=cast.ana, at=NOW),
        lambda: services.assign(cast.matter, cast.ben, role="PARALEGAL", by=cast.ana, today=TODAY),
        lambda: services.include(cast.matter, cast.noor, by=cast.ana, at=NOW),
        lambda: close(cast.matter, cast),
    ):
        with pytest.raises(MayNot, match="was closed on 3 Jun 2026"):
            act()


def test_a_matter_opens_again_once(cast: Cast) -> None:
    close(cast.matter, cast)

    services.reopen_matter(cast.matter, by=cast.ana, at=LATER)

    assert cast.matter.closed_on is None
    assert Matter.objects.get(pk=cast.matter.pk).keep_until is None
    with pytest.raises(CannotClose):
        services.reopen_matter(cast.matter, by=cast.dee, at=LATER)


def test_every_act_leaves_an_entry_without_a_value(cast: Cast) -> None:
    services.assign(cast.matter, cast.ben, role="PARALEGAL", by=cast.ana, today=TODAY)
    services.write_note(cast.matter, text="Secret.", minutes=5, by=cast.ana, at=NOW)
    close(cast.matter, cast)

    entries = Entry.objects.filter(matter_id=cast.matter.id).order_by("seq")
    assert [entry.event for entry in entries][-3:] == ["matter:assigned", "note:written", "matter:closed"]
