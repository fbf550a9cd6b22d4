"""Comparing old and new dates, and correcting entries, as a person at a browser does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from caseapp.access.models import User
from caseapp.deadlines import services
from caseapp.deadlines.models import CaseEvent, Change, Deadline
from caseapp.deadlines.rules import pack
from caseapp.deadlines.rules.model import Pack
from tests.conftest import NOW, TODAY, Cast

Signed = Callable[[User], Client]
QUEUE = "/dates/review/"
MASTER = "ic-master-filing"

CALENDARS = ["calendar", "calendar-week", "calendar-agenda", "calendar-print"]


@pytest.fixture(autouse=True)
def on_the_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is 3 June 2026 at the clinic, at noon."""
    monkeypatch.setattr("caseapp.clock.now", lambda: NOW)


@pytest.fixture
def later_law(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Return what makes it 30 days before a master hearing instead of 15."""

    def change() -> None:
        now = pack.shipped_pack()
        rule = now.rules[MASTER]
        old = rule.variants["15d"]
        new = replace(old, count=(replace(old.count[0], n=30),))
        later = replace(rule, variants={**rule.variants, "15d": new})
        changed = Pack("2026-12-01", {**now.rules, MASTER: later})
        monkeypatch.setattr(pack, "shipped_pack", lambda: changed)

    return change


def hearing(cast: Cast, on: date = date(2026, 7, 20)) -> Deadline:
    """A serious date: 15 days before a master hearing on Mon 20 July 2026 is Sun 5 July."""
    _event, (deadline,) = services.record_event(
        cast.matter, kind="hearing-set", on=on, service="n/a", outcome="master", note="", by=cast.ana, at=NOW
    )
    return deadline


def seen(page: str) -> str:
    return page.split('name="seen" value="')[1].split('"')[0]


def read(browser: Client, address: str) -> str:
    answer = browser.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_old_and_new_stand_beside_each_other_and_are_reached_from_today_and_the_matter(
    cast: Cast, client_for: Signed, later_law: Callable[[], None]
) -> None:
    deadline = hearing(cast)
    ana = client_for(cast.ana)
    matter = reverse("matter", args=[cast.matter.id])
    before = read(ana, "/") + read(ana, matter)
    later_law()

    today, of_matter, queue = read(ana, "/"), read(ana, matter), read(ana, QUEUE)

    assert QUEUE not in before
    assert QUEUE in today and QUEUE in of_matter
    assert QUEUE in read(ana, reverse("deadline", args=[deadline.id]))
    # 30 days before Mon 20 July is Sat 20 June.
    assert "Sun 5 Jul 2026" in queue and "Sat 20 Jun 2026" in queue
    assert "Mateo Q&#x27;anil" in queue


def test_accepting_moves_the_date_and_empties_the_queue(
    cast: Cast, client_for: Signed, later_law: Callable[[], None]
) -> None:
    deadline = hearing(cast)
    later_law()
    ana = client_for(cast.ana)

    ana.post(reverse("review-accept", args=[deadline.id]), {"seen": seen(read(ana, QUEUE))})

    deadline.refresh_from_db()
    # Fri 19 June is Juneteenth, so Thu 18 is the last open day before Sat 20.
    assert deadline.safe == date(2026, 6, 18)
    assert "Every open date comes out today as it stands" in read(ana, QUEUE)
    assert "The first count, before it was counted again" in read(
        ana, reverse("deadline", args=[deadline.id])
    )


def test_keeping_needs_a_reason_and_what_is_refused_says_so_in_place(
    cast: Cast, client_for: Signed, later_law: Callable[[], None]
) -> None:
    deadline = hearing(cast)
    later_law()
    ana = client_for(cast.ana)
    mark = seen(read(ana, QUEUE))
    address = reverse("review-keep", args=[deadline.id])

    refused = ana.post(address, {"seen": mark, "reason": ""})
    kept = ana.post(address, {"seen": mark, "reason": "Order of 1 June"}, follow=True)

    assert refused.status_code == 422
    assert b'class="ask" open' in refused.content
    assert b"The date stays as it is." in kept.content
    assert "Order of 1 June" in read(ana, reverse("deadline", args=[deadline.id]))
    assert Deadline.objects.get().safe == date(2026, 7, 2)


def test_a_volunteer_is_offered_no_decision_and_given_none(
    cast: Cast, client_for: Signed, later_law: Callable[[], None]
) -> None:
    deadline = hearing(cast)
    later_law()
    vic = client_for(cast.vic)

    queue = read(vic, QUEUE)
    answers = [
        vic.post(reverse("review-accept", args=[deadline.id]), {"seen": "x"}),
        vic.post(reverse("review-keep", args=[deadline.id]), {"seen": "x", "reason": "x"}),
        vic.get(reverse("event-correct", args=[deadline.event_id])),
    ]

    assert cast.matter.code in queue
    assert "Accept the new count" not in queue
    assert [answer.status_code for answer in answers] == [403, 403, 403]


def test_what_an_old_page_decides_about_a_later_count_is_refused(
    cast: Cast, client_for: Signed, later_law: Callable[[], None]
) -> None:
    deadline = hearing(cast)
    later_law()

    answer = client_for(cast.ana).post(
        reverse("review-accept", args=[deadline.id]), {"seen": "what it was yesterday"}, follow=True
    )

    assert b"since you looked" in answer.content
    assert not Change.objects.exists()


@pytest.mark.parametrize("outsider", ["ben", "cam", "ira", "eve"])
def test_an_outsider_sees_no_difference(
    cast: Cast, client_for: Signed, later_law: Callable[[], None], outsider: str
) -> None:
    hearing(cast)
    later_law()

    assert cast.matter.code not in read(client_for(getattr(cast, outsider)), QUEUE)


# --- correcting an entry


def test_an_entry_is_corrected_after_its_dates_were_compared(cast: Cast, client_for: Signed) -> None:
    deadline = hearing(cast)
    ana = client_for(cast.ana)
    address = reverse("event-correct", args=[deadline.event_id])
    typed = {"on": "2026-07-27", "outcome": "master", "note": "Misread"}

    offered = address in read(ana, reverse("event", args=[deadline.event_id]))
    compared = ana.post(address, typed).content.decode()
    unmoved = Deadline.objects.get().safe
    done = ana.post(address, typed | {"agreed": "1"}, follow=True).content.decode()

    assert offered
    assert "Sun 5 Jul 2026" in compared and "Sun 12 Jul 2026" in compared
    assert unmoved == date(2026, 7, 2)
    assert Deadline.objects.get().safe == date(2026, 7, 10)
    assert "The wrong entry stays in the history" in done and "Sun 12 Jul 2026" in done
    old = read(ana, reverse("event", args=[deadline.event_id]))
    assert "To the right entry" in old and address not in old
    assert CaseEvent.objects.count() == 2


def test_a_fatal_date_of_a_corrected_entry_waits_for_a_second_person(cast: Cast, client_for: Signed) -> None:
    event, dates = services.record_event(
        cast.matter,
        kind="ij-decision",
        on=TODAY,
        service="oral",
        outcome="denied",
        note="",
        by=cast.ana,
        at=NOW,
    )
    before = {d.id: d.safe for d in dates}
    typed = {"on": "2026-06-01", "service": "oral", "outcome": "denied", "agreed": "1"}

    done = client_for(cast.ana).post(reverse("event-correct", args=[event.id]), typed, follow=True)

    assert {d.id: d.safe for d in Deadline.objects.all()} == before
    assert Change.objects.filter(state=Change.State.WAITING).count() == 4
    assert done.content.count(b"waits for a second person") == 4


@pytest.mark.parametrize(
    "typed, says",
    [
        ({"on": "2026-02-30"}, "There is no such day"),
        ({"on": "2026-07-20", "agreed": "1"}, "That is what was entered already"),
        ({"note": "a NUL \x00 here"}, "control character"),
        ({"outcome": "acquitted"}, "acquitted"),
    ],
)
def test_what_corrects_nothing_or_cannot_be_is_refused_in_words(
    cast: Cast, client_for: Signed, typed: dict[str, str], says: str
) -> None:
    deadline = hearing(cast)
    good = {"on": "2026-07-27", "outcome": "master", "note": ""}

    answer = client_for(cast.ana).post(reverse("event-correct", args=[deadline.event_id]), good | typed)

    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert CaseEvent.objects.count() == 1


def test_an_entry_with_a_met_date_is_not_offered_to_be_corrected(cast: Cast, client_for: Signed) -> None:
    deadline = hearing(cast)
    services.mark_met(deadline, by=cast.ana, at=NOW, on=TODAY, today=TODAY, proof="Stamped")
    ana = client_for(cast.ana)
    address = reverse("event-correct", args=[deadline.event_id])

    page = read(ana, reverse("event", args=[deadline.event_id]))
    answer = ana.get(address, follow=True)

    assert address not in page
    assert b"cannot be corrected" in answer.content


# --- nothing forgotten, and rules to check again


def test_a_hearing_nobody_prepares_for_is_named_on_today(cast: Cast, client_for: Signed) -> None:
    deadline = hearing(cast, on=TODAY + timedelta(days=40))
    ana = client_for(cast.ana)
    before = read(ana, "/")
    services.drop(deadline, by=cast.ana, at=NOW, reason="Nothing to file")

    after = read(ana, "/")

    assert "Hearings nobody prepares for" not in before
    assert "Hearings nobody prepares for" in after and "13 Jul 2026" in after


def test_matters_with_no_next_step_are_counted_in_the_rail(cast: Cast, client_for: Signed) -> None:
    ana = client_for(cast.ana)
    before = read(ana, "/filings/")
    hearing(cast)

    after = read(ana, "/filings/")

    assert "<b>1<span> quiet</span></b>" in before
    assert "<span> quiet</span>" not in after


def test_rules_past_their_re_check_are_named_once_wherever_they_are_used(
    cast: Cast, client_for: Signed, monkeypatch: pytest.MonkeyPatch
) -> None:
    deadline, _again = hearing(cast), hearing(cast)
    addresses = [
        "/",
        reverse("matter", args=[cast.matter.id]),
        reverse("event", args=[deadline.event_id]),
    ]
    fresh = [read(client_for(cast.ana), address) for address in addresses]
    monkeypatch.setattr("caseapp.clock.now", lambda: NOW.replace(month=12, day=25))

    stale = [read(client_for(cast.ana), address) for address in addresses]

    assert not any("has to be checked again" in page for page in fresh)
    assert all("1 rule used here has to be checked again" in page for page in stale)


def test_the_calendar_and_the_sheets_say_when_a_rule_is_past_its_re_check(
    cast: Cast, client_for: Signed, monkeypatch: pytest.MonkeyPatch
) -> None:
    deadline = hearing(cast)
    on = f"?on={deadline.safe.isoformat()}"
    lists = [reverse(name) + on for name in CALENDARS]
    sheet = reverse("deadline-print", args=[deadline.id])
    pages = [*lists, sheet, sheet + "?lang=es"]
    said = ["1 rule used here has to be checked again"] * 4 + ["Check again.", "Hay que revisar la regla."]
    fresh = [read(client_for(cast.ana), address) for address in pages]
    monkeypatch.setattr("caseapp.clock.now", lambda: NOW.replace(month=12, day=25))

    stale = [read(client_for(cast.ana), address) for address in pages]

    assert [words in page for words, page in zip(said, fresh, strict=True)] == [False] * 6
    assert [words in page for words, page in zip(said, stale, strict=True)] == [True] * 6


def test_the_queue_says_when_a_rule_of_its_dates_is_past_its_re_check(
    cast: Cast, client_for: Signed, later_law: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    hearing(cast)
    later_law()
    fresh = read(client_for(cast.ana), reverse("dates-review"))
    monkeypatch.setattr("caseapp.clock.now", lambda: NOW.replace(month=12, day=25))

    stale = read(client_for(cast.ana), reverse("dates-review"))

    assert "has to be checked again" not in fresh
    assert "has to be checked again" in stale


# --- in Spanish


def test_the_sheet_says_each_step_and_the_three_dates_in_spanish(cast: Cast, client_for: Signed) -> None:
    _event, dates = services.record_event(
        cast.matter,
        kind="ij-decision",
        on=TODAY,
        service="oral",
        outcome="denied",
        note="",
        by=cast.ana,
        at=NOW,
    )
    appeal = next(d for d in dates if d.computation["variant"] == "30d")
    ana = client_for(cast.ana)
    address = reverse("deadline-print", args=[appeal.id])

    english, spanish = read(ana, address), read(ana, address + "?lang=es")

    assert 'href="?lang=es">En español' in english
    assert "El juez dictó la decisión oralmente el miércoles 3 de junio de 2026." in spanish
    for said in ("Actúe a más tardar", "Último día permitido", "Fin de la cuenta", "Si no se cumple"):
        assert said in spanish
    assert "lunes 6 de julio de 2026" in spanish and "jueves 2 de julio de 2026" in spanish
    assert "La decisión del juez queda firme" in spanish
    assert "8 CFR 1003.38(b)" in spanish
    assert "Impreso el miércoles 3 de junio de 2026." in spanish
    assert "weekends and holidays count" not in spanish


def test_a_printed_date_has_its_sheet_in_spanish_too(cast: Cast, client_for: Signed) -> None:
    deadline = services.record_printed_date(
        cast.matter,
        title="Answer",
        due=date(2026, 7, 4),
        notice_on=TODAY,
        severity="serious",
        note="",
        by=cast.ana,
        at=NOW,
    )

    sheet = read(client_for(cast.ana), reverse("deadline-print", args=[deadline.id]) + "?lang=es")

    assert "El aviso imprime el sábado 4 de julio de 2026 como último día." in sheet
    assert "Fecha impresa" in sheet


def test_a_count_that_today_says_otherwise_keeps_its_english_steps_and_says_so(
    cast: Cast, client_for: Signed, later_law: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    deadline = hearing(cast)
    later_law()
    monkeypatch.setattr("caseapp.deadlines.rules.engine.shipped_pack", pack.shipped_pack)

    sheet = read(client_for(cast.ana), reverse("deadline-print", args=[deadline.id]) + "?lang=es")

    assert "sus pasos están en inglés" in sheet
    assert "15 calendar days" in sheet
