"""What is typed about clients, their families and the safe ways to reach them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext_lazy as _

from caseapp.people import choices, numbers
from caseapp.people.models import Paper, Person, SafeContact
from caseapp.people.papers import Described
from caseapp.people.services import Particulars, Reach
from caseapp.web.forms.fields import (
    PERSONAL,
    ANumberField,
    CleanTextField,
    DayField,
    DayInput,
    PersonalTextField,
    PickField,
)

Channel = SafeContact.Channel
# What a member of the family is most often; anything else may be written.
RELATIONS = (
    *("daughter", "son", "stepdaughter", "stepson", "wife", "husband", "partner", "mother", "father"),
    *("sister", "brother", "grandmother", "grandfather", "granddaughter", "grandson", "aunt", "uncle"),
    *("niece", "nephew", "cousin", "guardian"),
)
DIALLED = (Channel.TEXT, Channel.CALL, Channel.WHATSAPP)


class PersonForm(forms.Form):
    """Who someone is. A given name is enough to save."""

    given_names = PersonalTextField(
        label=_("Given names"),
        longest=120,
        error_messages={"required": _("Write at least one name, as the person gives it.")},
    )
    first_surname = PersonalTextField(
        label=_("First surname"),
        longest=120,
        required=False,
        help_text=_("Empty for someone with one name only."),
    )
    second_surname = PersonalTextField(label=_("Second surname"), longest=120, required=False)
    own_script = PersonalTextField(
        label=_("Name in their own script"),
        longest=240,
        required=False,
        help_text=_("If they write it in another: Arabic, Chinese, Amharic."),
    )
    other_names = PersonalTextField(
        label=_("Other names and spellings"),
        longest=500,
        required=False,
        help_text=_("As other papers have it. Put a semicolon between two."),
    )
    birth_date = DayField(label=_("Birth date"), required=False, widget=DayInput(attrs=PERSONAL))
    a_number = ANumberField(
        label=_("A-number"), longest=60, required=False, help_text=_("The letter A and 7 to 9 digits.")
    )
    country = PickField(
        label=_("Country"),
        longest=80,
        required=False,
        list_id="countries",
        options=[country.name for country in choices.countries()],
    )
    language = PickField(
        label=_("Language"),
        longest=80,
        required=False,
        list_id="languages",
        options=[language.name for language in choices.languages()],
    )
    interpreter = forms.BooleanField(label=_("Needs an interpreter"), required=False)

    def particulars(self) -> Particulars:
        """Return what a valid form says."""
        return Particulars(**{name: self.cleaned_data[name] for name in PersonForm.base_fields})

    @property
    def pick_lists(self) -> list[PickField]:
        """The lists that the page has to carry for its fields to pick from."""
        return [field for field in self.fields.values() if isinstance(field, PickField)]


class ReachForm(forms.Form):
    """One safe way to reach someone. Left empty, nothing is recorded."""

    channel = forms.ChoiceField(label=_("Safe way to reach them"), choices=Channel, required=False)
    address = PersonalTextField(
        label=_("Number or address"),
        longest=240,
        required=False,
        help_text=_("Abroad: + and the country code. Through someone: who, and how."),
    )
    hours = CleanTextField(
        label=_("Safe hours"), longest=240, required=False, help_text=_("Such as: after 18:00.")
    )
    instructions = CleanTextField(
        label=_("What never to do"),
        longest=500,
        required=False,
        help_text=_("Such as: never leave a voicemail."),
    )

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or {}
        if typed.get("address"):
            try:
                typed["address"] = _right_for(typed.get("channel", ""), typed["address"])
            except ValidationError as error:
                self.add_error("address", error)
        return typed

    def reach(self) -> Reach | None:
        """Return what a valid form says, or None if it says nothing."""
        said = {name: self.cleaned_data[name] for name in ("address", "hours", "instructions")}
        if not any(said.values()):
            return None
        return Reach(channel=self.cleaned_data["channel"] or Channel.TEXT.value, **said)


class NewContact(ReachForm):
    """A further way to reach someone, which has to say something."""

    def clean(self) -> dict[str, Any]:
        typed = super().clean()
        if not self.errors and not any(typed.get(name) for name in ("address", "hours", "instructions")):
            self.add_error("address", _("Write the number or address, or the hours, or what never to do."))
        return typed


class NewClient(PersonForm, ReachForm):
    """Everything of the first page about a client: who, and how to reach them safely."""

    field_order = (*PersonForm.base_fields, *ReachForm.base_fields)


class Relative(PersonForm):
    """A member of the family, and what they are to the client."""

    kind = PickField(
        label=_("They are the client's"),
        longest=40,
        list_id="relations",
        options=RELATIONS,
        help_text=_("Daughter, husband, grandmother who raised them."),
    )
    field_order = ("kind", *PersonForm.base_fields)


class ChangeClient(PersonForm):
    """What is known about someone, to be changed.

    The A-number is not sent to the page, since nobody asked to see it. Left empty, it stays as it is.
    """

    forget_a_number = forms.BooleanField(
        label=_("The A-number on record is wrong: forget it"), required=False
    )
    field_order = (*PersonForm.base_fields, "forget_a_number")

    def __init__(self, *args: Any, person: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {name: getattr(person, name) for name in PersonForm.base_fields if name != "a_number"}
        self.on_record = person.a_number
        if self.on_record:
            self.fields["a_number"].help_text = _("On record: %(number)s. Empty: it stays.") % {
                "number": numbers.mask_a_number(self.on_record)
            }
        else:
            del self.fields["forget_a_number"]

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or {}
        if typed.get("forget_a_number") and typed.get("a_number"):
            self.add_error("a_number", _("Either a new number, or forget the old one. Not both."))
        elif not typed.get("a_number") and not typed.get("forget_a_number") and "a_number" in typed:
            typed["a_number"] = self.on_record
        return typed


class DescribePaper(forms.Form):
    """A paper that says who someone is: what it is, and the last day on which it is valid."""

    kind = forms.ChoiceField(label=_("What it is"), choices=[("", _("Choose")), *Paper.Kind.choices])
    expires_on = DayField(
        label=_("Valid until"),
        required=False,
        help_text=_("The last day printed on it. Left empty if it does not end, as “D/S” on an I-94."),
    )
    number = PersonalTextField(label=_("Number"), longest=60, required=False)
    note = CleanTextField(
        label=_("Note"), longest=500, required=False, help_text=_("Who issued it, and where it lies.")
    )

    def said(self) -> Described:
        """Return what a valid form says."""
        typed = self.cleaned_data
        return Described(**{name: typed[name] for name in DescribePaper.base_fields})


class ChangePaper(DescribePaper):
    """A paper to be changed. Its number is not sent to the page; left empty, it stays as it is."""

    forget_number = forms.BooleanField(label=_("The number on record is wrong: forget it"), required=False)

    def __init__(self, *args: Any, paper: Paper, **options: Any) -> None:
        super().__init__(*args, **options)
        self.initial = {"kind": paper.kind, "expires_on": paper.expires_on, "note": paper.note}
        self.on_record = paper.number
        if self.on_record:
            self.fields["number"].help_text = _("There is a number on record. Empty: it stays.")
        else:
            del self.fields["forget_number"]

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or {}
        if typed.get("forget_number") and typed.get("number"):
            self.add_error("number", _("Either a new number, or forget the old one. Not both."))
        elif not typed.get("number") and not typed.get("forget_number"):
            typed["number"] = self.on_record
        return typed


class SearchForm(forms.Form):
    """What is looked for: never too odd to look for, unless it is no text at all."""

    q = PersonalTextField(
        label=_("Name, number or case code"),
        longest=200,
        required=False,
        widget=forms.TextInput(attrs={"type": "search", "autocapitalize": "off"}),
    )


def _right_for(channel: str, address: str) -> str:
    """Return the address as that channel needs it, or raise ValidationError."""
    if channel in DIALLED:
        try:
            return numbers.phone(address)
        except numbers.BadShape as bad:
            raise ValidationError(bad.message, code="shape") from None
    if channel == Channel.EMAIL:
        validate_email(address)
    return address
