"""The search: who is found, why, and what stays out of addresses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from caseapp.access.models import User
from caseapp.audit.models import Entry
from tests.conftest import Cast

ClientFor = Callable[[User], Client]
HX = {"HX-Request": "true"}


def find(browser: Client, typed: str) -> str:
    response: Any = browser.post(reverse("search"), {"q": typed}, headers=HX)
    assert response.status_code == 200
    return str(response.content.decode())


@pytest.mark.parametrize(
    "typed",
    ["Pascual", "Andrés", "andres", "ANDRES PASCUAL", "pascual mateo", "Qanil", "mat"]
    + ["A201-555-902", "201555902", "212 555 0142"],
)
def test_the_client_is_found_by_any_name_in_any_order_and_by_number(
    cast: Cast, client_for: ClientFor, typed: str
) -> None:
    found = find(client_for(cast.ana), typed)

    assert "Mateo Q&#x27;anil Pascual Andrés" in found
    assert reverse("client", args=[cast.mateo.id]) in found
    assert cast.matter.code in found


def test_it_says_why_it_matched(cast: Cast, client_for: ClientFor) -> None:
    browser = client_for(cast.ana)

    assert "A-number" in find(browser, "A201-555-902")
    assert "<small>surname</small>" in find(browser, "pascual")
    assert "<small>name, beginning</small>" in find(browser, "mate")
    assert "<small>phone" in find(browser, "2125550142")


def test_a_matter_is_found_by_its_code_however_it_is_written(cast: Cast, client_for: ClientFor) -> None:
    browser = client_for(cast.ana)

    for typed in (cast.matter.code, cast.matter.code.lower().replace("-", " "), cast.matter.code[:-1]):
        found = find(browser, typed)
        assert reverse("matter", args=[cast.matter.id]) in found
        assert "case code" in found


@pytest.mark.parametrize("outsider", ["ben", "cam", "ira", "eve"])
def test_walls_hold_in_the_search(cast: Cast, client_for: ClientFor, outsider: str) -> None:
    browser = client_for(getattr(cast, outsider))

    for typed in ("Pascual", "A201-555-902", cast.matter.code):
        found = find(browser, typed)
        assert "Mateo" not in found
        assert cast.matter.code not in found


def test_another_clinic_finds_its_own(cast: Cast, client_for: ClientFor) -> None:
    assert "Noor Rahimi" in find(client_for(cast.eve), "rahimi")
    assert "Noor" not in find(client_for(cast.dee), "rahimi")


def test_it_works_without_javascript(cast: Cast, client_for: ClientFor) -> None:
    browser = client_for(cast.ana)

    empty = browser.get(reverse("search") + "?q=pascual")
    response = browser.post(reverse("search"), {"q": "pascual"})

    assert "Mateo" not in empty.content.decode()
    assert "Mateo" in response.content.decode()
    assert "<html" in response.content.decode()
    assert 'value="pascual"' in response.content.decode()


def test_too_little_finds_nobody_and_is_not_recorded(cast: Cast, client_for: ClientFor) -> None:
    browser = client_for(cast.ana)

    assert "Mateo" not in find(browser, "m")
    assert not Entry.objects.filter(event=Entry.Event.SEARCHED).exists()
    find(browser, "mateo")
    assert Entry.objects.filter(event=Entry.Event.SEARCHED, actor_id=cast.ana.id).count() == 1


def test_what_is_no_text_is_refused_in_words(cast: Cast, client_for: ClientFor) -> None:
    response = client_for(cast.ana).post(reverse("search"), {"q": "Pas\x00cual"}, headers=HX)

    assert response.status_code == 422
    assert "control character" in response.content.decode()


@pytest.mark.parametrize("typed", ["%%%", "___", "\\", "'; --", "<script>", "١٢٣", "😀😀", "A" * 200])
def test_nothing_typed_breaks_it(cast: Cast, client_for: ClientFor, typed: str) -> None:
    found = find(client_for(cast.ana), typed)

    assert "Mateo" not in found
    assert "<script>" not in found
