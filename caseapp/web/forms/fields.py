"""Fields that refuse, in words, what no keyboard means to type, and keep everything else as written."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from caseapp.people import numbers

EARLIEST = date(1900, 1, 1)
LATEST = date(2100, 12, 31)

# What a browser must neither remember nor correct, and what "Hide names" blurs.
PERSONAL = {"class": "personal", "autocomplete": "off", "spellcheck": "false"}


class CleanTextField(forms.CharField):
    """Text in NFC, otherwise exactly as typed: accents, apostrophes and glottal stops stay.

    Its length is not told to the browser, which would cut what is pasted without a word.
    """

    def __init__(self, *, longest: int, lines: bool = False, **options: Any) -> None:
        self.longest = longest
        self.lines = lines
        if lines:
            options.setdefault("widget", forms.Textarea(attrs={"rows": 3}))
        super().__init__(**options)

    def to_python(self, value: Any) -> str:
        text = str(value or "")
        if "\ufffd" in text:
            raise ValidationError(_("A character did not arrive whole. Type it again."), code="broken")
        try:
            return numbers.clean_text(text, self.longest, lines=self.lines)
        except numbers.BadShape as bad:
            raise ValidationError(bad.message, code="shape") from None


class PersonalTextField(CleanTextField):
    """Text about a person."""

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return super().widget_attrs(widget) | PERSONAL


class PickField(PersonalTextField):
    """Free text with a list to pick from; `list_id` names the page's <datalist>."""

    def __init__(self, *, list_id: str, options: Iterable[str], **more: Any) -> None:
        self.list_id = list_id
        self.options = list(options)
        super().__init__(**more)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return super().widget_attrs(widget) | {"list": self.list_id}


class ANumberField(PersonalTextField):
    """An A-number of the right shape, as its nine digits; nothing, if left empty."""

    def to_python(self, value: Any) -> str:
        text = super().to_python(value)
        if not text:
            return ""
        try:
            return numbers.a_number(text)
        except numbers.BadShape as bad:
            raise ValidationError(bad.message, code="shape") from None

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return super().widget_attrs(widget) | {"autocapitalize": "characters"}


class DayInput(forms.DateInput):
    """The browser's own date field; for what is no date, a text field that still shows what was typed."""

    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        if isinstance(value, str) and value and not _is_iso(value):
            context["widget"]["type"] = "text"
        return context


class DayField(forms.DateField):
    """A day from 1900 to 2100, as a browser's date field sends it or as `7 Jul 2026`."""

    widget = DayInput
    default_error_messages = {
        "invalid": _("There is no such day. Write it like 7 Jul 2026, or leave it empty if nobody knows."),
        "beyond": _("That year cannot be right: days from 1900 to 2100 are taken. Check the year."),
    }

    def __init__(self, **options: Any) -> None:
        super().__init__(input_formats=["%Y-%m-%d", "%d %b %Y", "%d %B %Y"], **options)

    def to_python(self, value: Any) -> date | None:
        day = super().to_python(value)
        if day is not None and not EARLIEST <= day <= LATEST:
            raise ValidationError(self.error_messages["beyond"], code="beyond")
        return day


def _is_iso(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return len(text) == len("2026-07-07")
