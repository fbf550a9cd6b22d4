"""What is typed to open a matter, work on it, and close it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, cast
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from caseapp.access.models import User
from caseapp.matters import kinds
from caseapp.matters.models import Assignment, Matter
from caseapp.people.models import Person
from caseapp.web.forms.fields import CleanTextField, DayField

LONGEST_NOTE_MINUTES = 24 * 60


class OneOf(forms.TypedChoiceField):
    """One of the things offered, chosen by its id."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            coerce=UUID,
            error_messages={"invalid_choice": _("That is not one of the choices any more. Choose again.")},
            **options,
        )


class SomeOf(forms.TypedMultipleChoiceField):
    """Any number of the things offered, chosen by their ids."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            coerce=UUID,
            required=False,
            widget=forms.CheckboxSelectMultiple(attrs={"class": "personal-choice"}),
            error_messages={"invalid_choice": _("One of these is not in the family any more. Choose again.")},
            **options,
        )


class OpenMatter(forms.Form):
    kind = forms.ChoiceField(label=_("What is the case?"))
    derivatives = SomeOf(
        label=_("Who in the family is included?"),
        help_text=_("Whoever would get, or lose, the same status with the client."),
    )
    detained = forms.BooleanField(label=_("The client is detained"), required=False)

    def __init__(self, *args: Any, family: Sequence[Person], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choose(self, "kind", [("", _("Choose")), *_kinds_by_forum()])
        if family:
            choose(self, "derivatives", [(str(person.id), person.name) for person in family])
        else:
            del self.fields["derivatives"]


class MoveToStage(forms.Form):
    stage = forms.ChoiceField(label=_("Stage"))
    detained = forms.BooleanField(label=_("The client is detained"), required=False)

    def __init__(self, *args: Any, stages: Iterable[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choose(self, "stage", [(stage, stage) for stage in stages])


class Include(forms.Form):
    person = OneOf(label=_("Family member"))

    def __init__(self, *args: Any, family: Sequence[Person], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choose(self, "person", [(str(person.id), person.name) for person in family])


class Assign(forms.Form):
    colleague = OneOf(label=_("Colleague"))
    role = forms.ChoiceField(label=_("As"), choices=Assignment.Role)
    until = DayField(label=_("Until"), required=False, help_text=_("Ends by itself after this day."))

    def __init__(self, *args: Any, colleagues: Iterable[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choose(self, "colleague", _staff(colleagues))


class ScreenOff(forms.Form):
    colleague = OneOf(label=_("Colleague"))

    def __init__(self, *args: Any, colleagues: Iterable[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choose(self, "colleague", _staff(colleagues))


class WriteNote(forms.Form):
    text = CleanTextField(
        label=_("Add a note"),
        longest=10_000,
        lines=True,
        help_text=_("Privileged: only the people on the matter can read it."),
        error_messages={"required": _("The note is empty. Write what happened.")},
    )
    minutes = forms.IntegerField(
        label=_("Minutes"), required=False, min_value=0, max_value=LONGEST_NOTE_MINUTES
    )

    def clean_minutes(self) -> int:
        return self.cleaned_data["minutes"] or 0


class CloseMatter(forms.Form):
    outcome = CleanTextField(
        label=_("Outcome"),
        longest=500,
        lines=True,
        help_text=_("What the client got, and what was given back to them."),
    )
    kept_as = forms.ChoiceField(
        label=_("What the clinic did"), choices=[("", _("Choose")), *Matter.Kept.choices]
    )
    closed_on = DayField(label=_("Closed on"))

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["closed_on"].initial = today
        self.today = today

    def clean_closed_on(self) -> date:
        day: date = self.cleaned_data["closed_on"]
        if day > self.today:
            raise forms.ValidationError(_("That day has not come yet. Close the matter on the day it ends."))
        return day


def choose(form: forms.Form, name: str, choices: Iterable[Any]) -> None:
    """Set what a field of this form offers."""
    cast(forms.ChoiceField, form.fields[name]).choices = list(choices)


def _kinds_by_forum() -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the catalogue as a list to choose from, by where the case is decided."""
    forums: dict[str, list[tuple[str, str]]] = {}
    for kind in kinds.kinds():
        forums.setdefault(kind.forum, []).append((kind.id, kind.title))
    return list(forums.items())


def _staff(colleagues: Iterable[User]) -> list[tuple[str, str]]:
    return [(str(c.id), f"{c.name}, {c.get_role_display()}") for c in colleagues]
