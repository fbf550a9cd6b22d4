"""The recovery kit as pages: shown once, stored nowhere, and in force only once the paper was read back."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import unquote

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.sessions.models import Session
from django.db import connections
from django.test import Client
from django.urls import reverse

from caseapp import clock
from caseapp.access import mfa
from caseapp.access.models import User
from caseapp.audit import services as audit
from caseapp.audit.models import Entry
from caseapp.errors import Refused
from caseapp.safekeeping import kit
from caseapp.vault import recovery, shares
from caseapp.vault.models import ClinicKey, Officers
from tests.conftest import NOW, Cast, signed_in

Browse = Callable[[User], Client]
HOLDERS = {"first": "Dee Ruiz", "second": "Ana Ortiz", "third": "Lucía Vega, counsel"}
START, NEW, CONFIRM = "recovery-kit", "recovery-kit-new", "recovery-kit-confirm"


@pytest.fixture
def alone(cast: Cast) -> Cast:
    """The cast, where the other clinic has no key on this machine."""
    ClinicKey.objects.filter(clinic_id=cast.other_clinic.id).delete()
    return cast


def drawn_by(browser: Client) -> tuple[list[list[str]], str]:
    """Ask for the sheets; return their words as they stand on the page, and what the page sends on."""
    page = browser.post(reverse(NEW), HOLDERS).content.decode()
    return sheets_on(page), offer_on(page)


def sheets_on(page: str) -> list[list[str]]:
    return [
        re.findall(r"<li><span>\d+</span> ([a-z]+)</li>", words)
        for words in re.findall(r'<ol class="codes words">(.*?)</ol>', page)
    ]


def offer_on(page: str) -> str:
    found = re.search(r'name="offer" value="([^"]+)"', page)
    assert found
    return unescape(found[1])


def asked_on(page: str) -> list[tuple[int, int]]:
    return [(int(s), int(p)) for s, p in re.findall(r'name="word-(\d+)-(\d+)"', page)]


def read_back(browser: Client, sheets: list[list[str]], offer: str, **instead: str) -> Any:
    page = browser.post(reverse(CONFIRM), {"offer": offer}).content.decode()
    typed = {f"word-{sheet}-{place}": sheets[sheet - 1][place - 1] for sheet, place in asked_on(page)}
    return browser.post(reverse(CONFIRM), {"offer": offer, "typed": "1"} | typed | instead)


def in_the_trail(cast: Cast) -> list[tuple[str, Any]]:
    kept = Entry.objects.filter(clinic_id=cast.clinic.id, event__startswith="kit:").order_by("seq")
    return list(kept.values_list("event", "actor_id"))


def test_three_sheets_of_33_words_are_shown_and_any_two_make_the_key(alone: Cast, client_for: Browse) -> None:
    answer = client_for(alone.dee).post(reverse(NEW), HOLDERS)

    page = answer.content.decode()
    sheets = sheets_on(page)
    assert [len(words) for words in sheets] == [33, 33, 33]
    assert answer.headers["Cache-Control"] == "no-store"
    assert page.count("Lucía Vega, counsel") == 3
    texts = [" ".join(words) for words in sheets]
    made_of = {shares.recipient_of(shares.combine(pair)) for pair in (texts[:2], texts[1:], texts[::2])}
    assert len(made_of) == 1
    assert page.count(recovery.fingerprint(made_of.pop())) == 3


def test_until_it_is_read_back_nothing_counts_and_nothing_is_stored(alone: Cast, client_for: Browse) -> None:
    browser = client_for(alone.dee)

    sheets, offer = drawn_by(browser)

    assert not Officers.objects.exists()
    assert in_the_trail(alone) == []
    for text in (offer, everything_stored()):
        assert not [words for words in sheets if " ".join(words) in text or words[4] in text.split()]
        assert HOLDERS["third"] not in text


def everything_stored() -> str:
    """Return all rows of both databases, as text."""
    found = [str(session.get_decoded()) for session in Session.objects.all()]
    for alias in ("default", "keyring"):
        with connections[alias].cursor() as cursor:
            for table in connections[alias].introspection.table_names(cursor):
                cursor.execute(f'SELECT t::text FROM "{table}" t')
                found += [row[0] for row in cursor.fetchall()]
    return "\n".join(found)


def test_with_the_right_words_it_is_the_clinics_and_in_its_trail(alone: Cast, client_for: Browse) -> None:
    browser = client_for(alone.dee)
    sheets, offer = drawn_by(browser)

    answer = read_back(browser, sheets, offer)

    assert answer["Location"] == reverse(START)
    assert in_the_trail(alone) == [("kit:made", alone.dee.id)]
    canary = recovery.canary()
    assert canary is not None
    pair = [" ".join(words) for words in sheets[1:]]
    assert recovery.try_canary(pair, canary) == recovery.recipient()
    assert all(key.escrowed for key in ClinicKey.objects.filter(clinic_id=alone.clinic.id))
    assert recovery.fingerprint(recovery.recipient() or "") in browser.get(reverse(START)).content.decode()


def test_three_words_of_each_sheet_are_asked_and_not_always_the_same(alone: Cast, client_for: Browse) -> None:
    browser = client_for(alone.dee)

    asked = [
        asked_on(browser.post(reverse(CONFIRM), {"offer": drawn_by(browser)[1]}).content.decode())
        for _ in range(4)
    ]

    assert all([sheet for sheet, _ in places] == [1, 1, 1, 2, 2, 2, 3, 3, 3] for places in asked)
    assert len(set(map(tuple, asked))) > 1
    assert all(5 <= place <= 33 for places in asked for _, place in places)


def test_a_mistyped_word_and_another_sheets_word_are_said_at_their_place(
    alone: Cast, client_for: Browse
) -> None:
    browser = client_for(alone.dee)
    sheets, offer = drawn_by(browser)
    (first, second, *_), *_ = [asked_on(browser.post(reverse(CONFIRM), {"offer": offer}).content.decode())]
    another = next(word for word in sheets[2] if word not in sheets[0])

    answer = read_back(
        browser,
        sheets,
        offer,
        **{f"word-1-{first[1]}": "academicc", f"word-1-{second[1]}": another},
    )

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "“academicc” is not a word of any share. Is it “academic”?" in page
    assert "This is another word than the one on sheet 1. Read it again." in page
    assert page.count('class="error"') == 2
    assert not Officers.objects.exists()
    assert read_back(browser, sheets, offer).status_code == 302


def test_a_second_kit_leaves_the_first_in_force_until_it_is_read_back(
    alone: Cast, client_for: Browse
) -> None:
    browser = client_for(alone.dee)
    first, offer = drawn_by(browser)
    read_back(browser, first, offer)
    kept = recovery.recipient()

    second, offer = drawn_by(browser)
    assert recovery.recipient() == kept
    read_back(browser, second, offer)

    assert recovery.recipient() not in (None, kept)
    assert in_the_trail(alone) == [("kit:made", alone.dee.id), ("kit:replaced", alone.dee.id)]
    with pytest.raises(Refused, match="older kit"):
        recovery.try_canary([" ".join(words) for words in first[:2]], recovery.canary() or b"")


def test_of_two_drawn_side_by_side_the_first_that_is_read_back_counts(
    alone: Cast, client_for: Browse
) -> None:
    browser = client_for(alone.dee)
    slow, fast = drawn_by(browser), drawn_by(browser)
    read_back(browser, *fast)
    kept = recovery.recipient()

    answer = read_back(browser, *slow)

    assert "that one counts. Burn these sheets" in browser.get(answer["Location"]).content.decode()
    assert recovery.recipient() == kept
    assert in_the_trail(alone) == [("kit:made", alone.dee.id)]


def test_sent_twice_it_is_made_once_and_a_lost_entry_is_written_again(
    alone: Cast, client_for: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = client_for(alone.dee)
    sheets, offer = drawn_by(browser)
    with monkeypatch.context() as cut:
        cut.setattr(audit, "record", lambda *_, **__: None)
        read_back(browser, sheets, offer)
    kept = recovery.recipient()
    assert kept and in_the_trail(alone) == []

    for _ in range(2):
        read_back(browser, sheets, offer)

    assert recovery.recipient() == kept
    assert in_the_trail(alone) == [("kit:made", alone.dee.id)]


def test_when_the_keyring_refuses_there_is_no_entry(
    alone: Cast, client_for: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = client_for(alone.dee)
    sheets, offer = drawn_by(browser)
    monkeypatch.setattr(recovery, "_vouch", lambda *_: (_ for _ in ()).throw(Refused("no")))

    read_back(browser, sheets, offer)

    assert in_the_trail(alone) == []
    assert not Officers.objects.exists()


@pytest.mark.parametrize("how", ["forged", "cut", "old", "another's", "none"])
def test_an_offer_that_is_not_this_persons_or_old_or_made_elsewhere_is_refused(
    how: str, alone: Cast, client_for: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = client_for(alone.dee)
    sheets, offer = drawn_by(browser)
    written, word = offer.split(".")
    if how == "forged":
        offer = f"{drawn_by(browser)[1].split('.')[0]}.{word}"
    elif how == "cut":
        offer = f"{written}.{word[:40]}"
    elif how == "old":
        later = clock.now() + timedelta(hours=2, seconds=1)
        monkeypatch.setattr(clock, "now", lambda: later)
    elif how == "another's":
        User.objects.filter(pk=alone.ana.pk).update(role=User.Role.DIRECTOR)
        browser = client_for(User.objects.get(pk=alone.ana.pk))
    else:
        offer = ""

    answer = browser.post(reverse(CONFIRM), {"offer": offer, "typed": "1"})

    assert answer["Location"] == reverse(START)
    assert "can no longer be confirmed" in browser.get(reverse(START)).content.decode()
    assert not Officers.objects.exists()
    assert sheets


@pytest.mark.parametrize("page", [START, NEW, CONFIRM])
@pytest.mark.parametrize("name", ["ana", "ben", "vic", "ira"])
def test_to_anyone_but_a_director_it_is_not_there(
    page: str, name: str, alone: Cast, client_for: Browse
) -> None:
    browser = client_for(getattr(alone, name))

    answers = [browser.post(reverse(page), HOLDERS)] + (
        [browser.get(reverse(page))] if page != CONFIRM else []
    )

    nowhere = browser.get("/there/is/no/such/page/").content
    assert all(a.status_code in (404, 405) for a in answers)
    assert all(a.content == nowhere for a in answers if a.status_code == 404)


def test_where_other_clinics_have_keys_the_page_says_who_makes_it(cast: Cast, client_for: Browse) -> None:
    browser = client_for(cast.dee)

    start = browser.get(reverse(START)).content.decode()
    answer = browser.post(reverse(NEW), HOLDERS)

    assert "one kit opens all of them" in start
    assert reverse(NEW) not in start
    assert answer.status_code == 422
    assert sheets_on(answer.content.decode()) == []


def test_a_kit_made_at_the_machine_stands_in_every_clinics_trail(cast: Cast) -> None:
    kit.make_at_the_machine()
    kit.make_at_the_machine()

    for clinic in (cast.clinic, cast.other_clinic):
        kept = Entry.objects.filter(clinic_id=clinic.id, event__startswith="kit:").order_by("seq")
        assert list(kept.values_list("event", "actor_id")) == [("kit:made", None), ("kit:replaced", None)]
        assert list(audit.faults(clinic.id)) == []


@pytest.mark.parametrize(
    "holders",
    [
        HOLDERS | {"second": "dee ruiz"},
        HOLDERS | {"third": " "},
        HOLDERS | {"first": "x" * 81},
    ],
)
def test_three_different_holders_are_needed(holders: dict[str, str], alone: Cast, client_for: Browse) -> None:
    answer = client_for(alone.dee).post(reverse(NEW), holders)

    assert answer.status_code == 422
    assert sheets_on(answer.content.decode()) == []


def test_who_signed_in_long_ago_says_again_who_they_are_first(alone: Cast, client_for: Browse) -> None:
    browser = client_for(alone.dee)
    session = browser.session
    session["began"] -= 3600
    session.save()

    for answer in (browser.get(reverse(NEW)), browser.post(reverse(NEW), HOLDERS)):
        there, _, back = answer["Location"].partition("?next=")
        assert (there, unquote(back)) == (reverse("account_reauthenticate"), reverse(NEW))
    assert HOLDERS["third"] not in everything_stored()


# Being led there


def test_a_director_is_told_on_every_page_until_there_is_a_kit(
    alone: Cast, client_for: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(hours=1))
    browsers = {name: client_for(getattr(alone, name)) for name in ("dee", "ira", "ana")}
    pages = {name: browser.get(reverse("roles")).content.decode() for name, browser in browsers.items()}

    kit.make_at_the_machine()
    after = client_for(alone.dee).get(reverse("roles")).content.decode()

    assert {name: "There is no recovery kit" in page for name, page in pages.items()} == {
        "dee": True,
        "ira": False,
        "ana": False,
    }
    assert "There is no recovery kit" not in after
    assert reverse(START) in client_for(alone.dee).get(reverse("staff")).content.decode()
    assert reverse(START) not in client_for(alone.ira).get(reverse("staff")).content.decode()


@pytest.mark.parametrize(("name", "leads_to_the_kit"), [("dee", True), ("ana", False)])
def test_after_the_second_step_the_director_is_led_to_the_kit(
    name: str, leads_to_the_kit: bool, alone: Cast
) -> None:
    user = getattr(alone, name)
    Authenticator.objects.create(
        user=user,
        type=Authenticator.Type.RECOVERY_CODES,
        data={"seed": mfa.seal("x" * 40, whose=user), "used_mask": 0},
    )
    page = signed_in(user).get(reverse("mfa_view_recovery_codes")).content.decode()

    assert (f'href="{reverse(START)}">I have them on paper' in page) is leads_to_the_kit
