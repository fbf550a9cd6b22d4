"""Fill a disposable clinic with invented people and matters in every stage, through the rooms' own services.

Nothing is written past the services, so the demo shows what they do and breaks when they break. The
dates hang on today: something is always late, something due, something waiting for a second person.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from caseapp.access import services as access
from caseapp.access import wall
from caseapp.access.models import User
from caseapp.deadlines import custody
from caseapp.demo import papers, stories
from caseapp.demo.cast import COLLEAGUES, DIRECTOR, EVERYONE, TIME_ZONE, Colleague
from caseapp.matters import services as matters
from caseapp.matters.models import Assignment, Matter
from caseapp.people import services as people
from caseapp.people.models import Person
from caseapp.people.services import Particulars, Reach

PEOPLE = Path(__file__).with_name("people.json")


@dataclass(frozen=True)
class Team:
    """The demo's staff, by role."""

    director: User
    attorney: User
    second_attorney: User
    representative: User
    paralegal: User
    volunteer: User


def seed(*, now: datetime) -> None:
    """Make the clinic. Meant for an empty database; `serve --demo` empties it at every start."""
    team = _make_team(now)
    wall.enter(team.director.clinic_id)
    today = now.astimezone(ZoneInfo(TIME_ZONE)).date()
    for number, said in enumerate(json.loads(PEOPLE.read_text(encoding="utf-8"))):
        _play(number, said, team, now=now, today=today)
    wall.leave()


def colleague(key: str) -> User | None:
    """Return the invented colleague with this key, for the one click that signs in as them."""
    for each in EVERYONE:
        if each.key == key:
            return User.objects.filter(email=each.email).first()
    return None


def _make_team(now: datetime) -> Team:
    token = _token(access.make_setup_link(now))
    director = access.set_up_clinic(
        token,
        clinic_name="Demo: Clínica del Río",
        time_zone=TIME_ZONE,
        name=DIRECTOR.name,
        email=DIRECTOR.email,
        password=secrets.token_urlsafe(24),
        now=now,
    )
    staff = {DIRECTOR.key: director} | {each.key: _let_in(director, each, now) for each in COLLEAGUES}
    return Team(**{key: staff[key] for key in Team.__dataclass_fields__})


def _let_in(director: User, colleague: Colleague, now: datetime) -> User:
    wall.enter(director.clinic_id)
    _invitation, url = access.invite(director, email=colleague.email, role=colleague.role, now=now)
    return access.join(_token(url), name=colleague.name, password=secrets.token_urlsafe(24), now=now)


def _token(url: str) -> str:
    return url.rstrip("/").rpartition("/")[2]


def _play(number: int, said: dict[str, Any], team: Team, *, now: datetime, today: date) -> None:
    """Record one client and family, open their matter and bring it to where its story stands."""
    story = stories.STORIES[number % len(stories.STORIES)]
    opened = now - timedelta(days=story.opened_days_ago)
    principal = people.record_person(_particulars(said), by=team.paralegal, at=opened, reach=_reach(said))
    family = [_relative(principal, each, said, team, at=opened) for each in said["family"]]
    if story.prospect:
        return
    matter = matters.open_matter(
        principal,
        kind=said["matter_kind"],
        by=team.paralegal,
        on=opened.date(),
        at=opened,
        derivatives=family,
        detained=said["detained"],
    )
    attorney = team.attorney if number % 3 else team.second_attorney
    matters.assign(matter, attorney, role=Assignment.Role.ATTORNEY, by=team.paralegal, today=today)
    if number % 10 == 2:
        until = today + timedelta(days=60)
        matters.assign(
            matter, team.volunteer, role=Assignment.Role.VOLUNTEER, by=attorney, today=today, until=until
        )
    if number % 7 == 0:
        matters.assign(
            matter, team.representative, role=Assignment.Role.REPRESENTATIVE, by=attorney, today=today
        )
    _move_on(matter, said, by=attorney, at=opened)
    story.play(stories.Scene(matter, attorney, team.paralegal, team.director, now=now, today=today))
    papers.add_some(number, matter, by=attorney, now=now, today=today)


def _particulars(said: dict[str, Any]) -> Particulars:
    return Particulars(
        given_names=said["given_names"],
        first_surname=said["first_surname"],
        second_surname=said["second_surname"],
        own_script=said["name_in_own_script"],
        birth_date=date.fromisoformat(said["birth_date"]),
        a_number=said["a_number"],
        country=said["country"],
        language=said["language"],
        interpreter=said["interpreter"],
    )


def _reach(said: dict[str, Any]) -> Reach:
    return Reach(
        channel=said["channel"],
        address=said["address"],
        hours=said["hours"],
        instructions=said["instructions"],
    )


def _relative(
    principal: Person, each: dict[str, Any], said: dict[str, Any], team: Team, *, at: datetime
) -> Person:
    first, _, second = each["surnames"].partition(" ")
    particulars = Particulars(
        given_names=each["given_names"],
        first_surname=first,
        second_surname=second,
        birth_date=date.fromisoformat(each["birth_date"]),
        country=said["country"],
        language=said["language"],
    )
    relative = people.record_person(particulars, by=team.paralegal, at=at)
    people.relate(principal, relative, kind=each["relation"], by=team.paralegal)
    return relative


def _move_on(matter: Matter, said: dict[str, Any], *, by: User, at: datetime) -> None:
    stage = next((s for s in stories.stages_of(matter) if s.lower() == said["stage"].lower()), matter.stage)
    custody.move_to_stage(matter, stage=stage, detained=said["detained"], by=by, at=at)
