"""What is typed about a notice that arrived."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from caseapp.deadlines.notices import Arrived
from caseapp.web.forms.deadlines import kinds_of_event
from caseapp.web.forms.fields import CleanTextField, DayField


class NoticeArrived(forms.Form):
    """What the envelope and the first page say, before anyone has read the rest."""

    arrived_on = DayField(label=_("Came on"))
    dated = DayField(label=_("Date on it"), required=False)
    kind = forms.ChoiceField(label=_("What it seems to be"), required=False)
    service = forms.ChoiceField(
        label=_("How it came"),
        choices=[
            ("mail", _("By mail")),
            ("personal", _("Handed over")),
            ("online", _("Electronically")),
            ("n/a", _("Not known")),
        ],
    )
    sender = CleanTextField(
        label=_("From whom"), longest=120, required=False, help_text=_("The court, the Board, USCIS, ICE.")
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["kind"]
        assert isinstance(field, forms.ChoiceField)
        groups = [
            (str(place), [(event.key, event.title) for event in kinds]) for place, kinds in kinds_of_event()
        ]
        field.choices = [("", _("Nobody can tell yet")), *groups]

    def said(self) -> Arrived:
        """Return what a valid form says."""
        return Arrived(**self.cleaned_data)


class NoDateFollows(forms.Form):
    reason = CleanTextField(
        label=_("Why no date follows"),
        longest=1000,
        lines=True,
        help_text=_("A receipt, a copy of what is entered already. It stays in the record."),
    )
