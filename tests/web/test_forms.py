"""What forms may leave behind in a browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.http import HttpResponseRedirect
from django.test import RequestFactory
from django.urls import reverse

from caseapp.web.http import go_on
from tests.conftest import Cast, signed_in

TEMPLATES = Path(__file__).parents[2] / "caseapp" / "web" / "templates"
FORM = re.compile(r"<form\b(?:\{%.*?%\}|\{\{.*?\}\}|[^>{]|\{(?![%{]))*>", re.DOTALL)
# Where someone says who they are, and a password manager may help.
SIGNING_IN = {
    "account",
    "access/join.html",
    "access/setup.html",
    "mfa/authenticate.html",
    "mfa/reauthenticate.html",
}
IN_PLACE = {"HX-Request": "true", "HX-Boosted": "true"}


def test_no_browser_is_asked_to_remember_what_is_typed() -> None:
    forgetful, found = [], 0
    for path in TEMPLATES.rglob("*.html"):
        where = str(path.relative_to(TEMPLATES))
        if where in SIGNING_IN or where.split("/")[0] in SIGNING_IN:
            continue
        for form in FORM.findall(path.read_text(encoding="utf-8")):
            found += 1
            if 'method="post"' in form and 'autocomplete="off"' not in form:
                forgetful.append((where, form))

    assert found > 40
    assert forgetful == []


def test_a_form_sent_in_place_is_told_where_to_go_on(cast: Cast) -> None:
    said = {"given_names": "Blessing", "first_surname": "Okafor"}
    ben = signed_in(cast.ben)

    answer = ben.post(reverse("client-new"), said, headers=IN_PLACE)

    assert answer.status_code == 200
    assert re.fullmatch(r"/clients/[0-9a-f-]{36}/", answer["HX-Redirect"])
    assert ben.get(answer["HX-Redirect"]).status_code == 200


def test_a_form_sent_in_place_and_refused_gets_its_page_again(cast: Cast) -> None:
    answer = signed_in(cast.ben).post(reverse("client-new"), {"first_surname": "Okafor"}, headers=IN_PLACE)

    assert answer.status_code == 422
    assert 'value="Okafor"' in answer.content.decode()
    assert '<main id="main"' in answer.content.decode()


@pytest.mark.parametrize(
    ("looking_at", "again"),
    [
        ("http://testserver{matter}", "true"),
        ("http://testserver{matter}?since=1", None),
        ("http://testserver/", None),
    ],
)
def test_to_another_place_on_the_same_page_the_page_is_loaded_anew(
    cast: Cast, looking_at: str, again: str | None
) -> None:
    """A browser sent to the page it shows, with a fragment, would only scroll."""
    matter = reverse("matter", args=[cast.matter.id])
    request = RequestFactory().post(matter, headers={"HX-Current-URL": looking_at.format(matter=matter)})

    answer = go_on(request, HttpResponseRedirect(f"{matter}#documents"))

    assert answer["HX-Redirect"] == f"{matter}#documents"
    assert answer.get("HX-Refresh") == again
