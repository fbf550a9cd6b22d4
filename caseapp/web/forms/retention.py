"""What is typed about holds."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from caseapp.web.forms.fields import CleanTextField, DayField


class PlaceHold(forms.Form):
    reason = CleanTextField(
        label=_("Why nothing may go"),
        longest=1000,
        lines=True,
        help_text=_("A subpoena, an audit, a complaint, a case that may come back."),
    )
    authority = CleanTextField(
        label=_("On whose authority"),
        longest=240,
        help_text=_("The order, letter or person that asks for it, with its number and date."),
    )
    review_on = DayField(
        label=_("Look at it again on"), help_text=_("A hold never ends by itself: this reminds you.")
    )
