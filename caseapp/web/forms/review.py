"""What is typed when dates are counted again."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from caseapp.web.forms.fields import CleanTextField


class Keep(forms.Form):
    """Why a date stays as it is. `seen` stands for the comparison that was shown."""

    reason = CleanTextField(
        label=_("Why it stays"),
        longest=500,
        lines=True,
        help_text=_("The order, notice or judgment it rests on. It is not asked about again for this count."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    seen = forms.CharField(widget=forms.HiddenInput, max_length=400)
