"""What is typed to make a recovery kit: who will hold the sheets, and some of their words back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from caseapp.safekeeping.kit import Place
from caseapp.web.forms.fields import CleanTextField


class Holders(forms.Form):
    """Who gets which sheet. It is printed and not kept."""

    first = CleanTextField(label=gettext_lazy("Who will hold sheet 1"), longest=80)
    second = CleanTextField(label=gettext_lazy("Who will hold sheet 2"), longest=80)
    third = CleanTextField(
        label=gettext_lazy("Who will hold sheet 3"),
        longest=80,
        help_text=gettext_lazy("Someone outside the building is best: the clinic's counsel, a board member."),
    )

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or {}
        names = [name.casefold() for name in typed.values()]
        if len(set(names)) < len(names):
            raise forms.ValidationError(_("Three different people: whoever holds two sheets holds the key."))
        return typed


class WordsBack(forms.Form):
    """A field for each word that is asked."""

    def __init__(self, *args: Any, places: list[Place], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        quiet = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        for sheet, place in places:
            label = _("Sheet %(sheet)s, word %(place)s") % {"sheet": sheet, "place": place}
            self.fields[field_of((sheet, place))] = forms.CharField(
                label=label, max_length=20, widget=forms.TextInput(attrs=quiet)
            )

    def typed(self, places: list[Place]) -> Mapping[Place, str]:
        return {place: self.cleaned_data[field_of(place)] for place in places}


def field_of(place: Place) -> str:
    return f"word-{place[0]}-{place[1]}"
