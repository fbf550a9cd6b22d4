"""What the calendar is asked for: a day, whose matters, which dates, which kind of matter."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from caseapp.access.models import User
from caseapp.deadlines.calendar import HEARINGS, Wanted
from caseapp.deadlines.models import Deadline
from caseapp.deadlines.months import is_shown
from caseapp.matters.kinds import kinds
from caseapp.web.forms.fields import DayField

MINE = "mine"


class CalendarDayField(DayField):
    """A day from 1990 to 2100."""

    default_error_messages = {
        "invalid": _("There is no such day. Write it like 7 Jul 2026."),
        "beyond": _("The calendar goes from 1990 to 2100. Check the year."),
    }

    def to_python(self, value: Any) -> date | None:
        day = super().to_python(value)
        if day is not None and not is_shown(day):
            raise ValidationError(self.error_messages["beyond"], code="beyond")
        return day


class Show(forms.Form):
    """Which part of the calendar to show; everything may be left out."""

    on = CalendarDayField(label=_("Day"), required=False)
    who = forms.ChoiceField(label=_("Matters of"), required=False)
    what = forms.ChoiceField(
        label=_("What"),
        required=False,
        choices=[
            ("", _("Dates and hearings")),
            (Deadline.Severity.FATAL.value, _("Fatal dates")),
            (Deadline.Severity.SERIOUS.value, _("Serious dates")),
            (Deadline.Severity.ADVISORY.value, _("Advisory dates")),
            (HEARINGS, _("Hearings")),
        ],
    )
    kind = forms.ChoiceField(
        label=_("Kind of matter"),
        required=False,
        choices=[("", _("Every kind")), *((each.id, each.title) for each in kinds())],
    )

    def __init__(self, *args: Any, user: User, colleagues: Iterable[User], **options: Any) -> None:
        super().__init__(*args, **options)
        self.user = user
        others = [(str(person.id), person.name) for person in colleagues if person.id != user.id]
        who = self.fields["who"]
        assert isinstance(who, forms.ChoiceField)
        who.choices = [("", _("Everyone I may see")), (MINE, _("Mine")), *others]

    @property
    def day(self) -> date | None:
        """The day asked for, if one was and it is on a page."""
        day: date | None = self.cleaned_data.get("on")
        return day

    @property
    def wanted(self) -> Wanted:
        chosen = self.cleaned_data
        who = chosen.get("who", "")
        person = self.user.id if who == MINE else UUID(who) if who else None
        return Wanted(person=person, severity=chosen.get("what", ""), kind=chosen.get("kind", ""))

    @property
    def query(self) -> dict[str, str]:
        """The filters that were chosen and can be, as they stand in an address, without the day."""
        return {name: value for name in ("who", "what", "kind") if (value := self.cleaned_data.get(name))}
