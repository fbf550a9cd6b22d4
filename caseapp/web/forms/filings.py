"""What is typed about filings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from caseapp.deadlines.models import Deadline
from caseapp.filings.catalogue import forms as catalogue
from caseapp.filings.models import Filing
from caseapp.people import numbers
from caseapp.web.forms.fields import CleanTextField, DayField


class TrackingNumberField(CleanTextField):
    """What a court or carrier gave; no one form is asked of it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(longest=600, **options)

    def to_python(self, value: Any) -> str:
        text = super().to_python(value)
        try:
            return numbers.tracking_number(text) if text else ""
        except numbers.BadShape as bad:
            raise ValidationError(bad.message, code="shape") from None


class ReceiptNumberField(CleanTextField):
    """A USCIS receipt number of the right shape; nothing, if left empty."""

    def __init__(self, **options: Any) -> None:
        super().__init__(longest=60, **options)

    def to_python(self, value: Any) -> str:
        text = super().to_python(value)
        try:
            return numbers.receipt_number(text) if text else ""
        except numbers.BadShape as bad:
            raise ValidationError(bad.message, code="shape") from None

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        more = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "characters"}
        return super().widget_attrs(widget) | more


class RecordFiling(forms.Form):
    """One form or paper that went out, and which of the matter's dates it meets."""

    form = forms.ChoiceField(label=_("What was filed"))
    how = forms.ChoiceField(label=_("How"), choices=Filing.How.choices)
    filed_on = DayField(
        label=_("Filed on"),
        help_text=_("The day the court or agency received it; when mailed, the day it went."),
    )
    tracking_number = TrackingNumberField(
        label=_("Tracking number"),
        required=False,
        help_text=_("Of the carrier, or the e-filing confirmation."),
    )
    receipt_number = ReceiptNumberField(
        label=_("USCIS receipt number"),
        required=False,
        help_text=_("Three letters and ten digits: IOE0123456789."),
    )
    proof = CleanTextField(
        label=_("Other proof"),
        longest=500,
        required=False,
        lines=True,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("A stamped copy and where it lies, a window receipt, who took it."),
    )
    meets = forms.ChoiceField(label=_("Meets the date"), required=False)

    def __init__(self, *args: Any, deadlines: Iterable[Deadline] = (), **options: Any) -> None:
        super().__init__(*args, **options)
        self.deadlines = {str(deadline.id): deadline for deadline in deadlines}
        form, meets = self.fields["form"], self.fields["meets"]
        assert isinstance(form, forms.ChoiceField) and isinstance(meets, forms.ChoiceField)
        form.choices = [
            ("", _("Choose the form")),
            *((f.number, f"{f.number}, {f.title}") for f in catalogue()),
        ]
        none = _("None of these") if self.deadlines else _("No date of this matter is open")
        meets.choices = [("", none), *((key, _due(d)) for key, d in self.deadlines.items())]

    @property
    def meets_deadline(self) -> Deadline | None:
        return self.deadlines.get(self.cleaned_data.get("meets", ""))


def _due(deadline: Deadline) -> str:
    said = {"what": deadline.title, "day": f"{deadline.safe:%-d %b %Y}"}
    if deadline.protective:
        return _("%(what)s, act by %(day)s (protective)") % said
    return _("%(what)s, act by %(day)s") % said


class RecordOutcome(forms.Form):
    """What the court or agency did with a filing."""

    state = forms.ChoiceField(
        label=_("What happened"),
        widget=forms.RadioSelect,
        choices=[
            (Filing.State.RECEIVED.value, _("Received: a receipt or confirmation came")),
            (
                Filing.State.REJECTED.value,
                _("Rejected: sent back, so it has no filing date and its date is open again"),
            ),
            (Filing.State.GRANTED.value, _("Granted")),
            (Filing.State.DENIED.value, _("Denied")),
            (Filing.State.WITHDRAWN.value, _("Withdrawn")),
        ],
    )
    on = DayField(label=_("On which day"))
    receipt_number = ReceiptNumberField(
        label=_("USCIS receipt number"), required=False, help_text=_("If one came with it.")
    )
    note = CleanTextField(
        label=_("Note"), longest=500, required=False, lines=True, widget=forms.Textarea(attrs={"rows": 2})
    )
