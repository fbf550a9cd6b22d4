"""When a person wants their reminders."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from caseapp.reminders.hours import EARLIEST_MORNING, LATEST_MORNING, LONGEST_QUIET
from caseapp.web.forms.access import TIME_ZONES


def _hours(first: int, last: int) -> list[tuple[int, str]]:
    return [(hour, f"{hour:02}:00") for hour in range(first, last + 1)]


class MyHours(forms.Form):
    """The hours of one person, in their own zone or the clinic's."""

    time_zone = forms.ChoiceField(
        label=_("Where you are"),
        required=False,
        choices=[("", _("Where the clinic is")), *TIME_ZONES],
        help_text=_("Your hours are counted there. How many days are left is counted where the clinic is."),
    )
    morning = forms.TypedChoiceField(
        label=_("The day's message"),
        coerce=int,
        choices=_hours(EARLIEST_MORNING, LATEST_MORNING),
        help_text=_("One message a day, from this hour on, with everything that falls due."),
    )
    quiet_from = forms.TypedChoiceField(label=_("Quiet from"), coerce=int, choices=_hours(0, 23))
    quiet_until = forms.TypedChoiceField(
        label=_("Quiet until"),
        coerce=int,
        choices=_hours(0, 23),
        help_text=_("%(hours)d hours at most. The same hour twice: no quiet hours.")
        % {"hours": LONGEST_QUIET},
    )
