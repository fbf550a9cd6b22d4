"""What is typed to set up a clinic, to join one, and to invite a colleague."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from allauth.core import context
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.totp.internal.auth import SECRET_SESSION_KEY
from django import forms
from django.utils.translation import gettext_lazy as _

from caseapp.access import mfa
from caseapp.access.models import User

LONGEST_PASSWORD = 200

# The states and territories, as people name them.
TIME_ZONES = [
    ("America/New_York", _("Eastern (New York)")),
    ("America/Chicago", _("Central (Chicago)")),
    ("America/Denver", _("Mountain (Denver)")),
    ("America/Phoenix", _("Arizona (Phoenix)")),
    ("America/Los_Angeles", _("Pacific (Los Angeles)")),
    ("America/Anchorage", _("Alaska (Anchorage)")),
    ("Pacific/Honolulu", _("Hawaii (Honolulu)")),
    ("America/Puerto_Rico", _("Puerto Rico and the Virgin Islands")),
    ("Pacific/Guam", _("Guam and the Northern Marianas")),
    ("Pacific/Pago_Pago", _("American Samoa")),
]


class Password(forms.CharField):
    """A new password: kept as typed, spaces included, and never sent back to the page."""

    def __init__(self, label: Any, help_text: Any = "") -> None:
        widget = forms.PasswordInput(attrs={"autocomplete": "new-password"})
        super().__init__(
            label=label, help_text=help_text, widget=widget, strip=False, max_length=LONGEST_PASSWORD
        )


class NewPassword(forms.Form):
    password = Password(_("Password"), _("At least 12 characters. Four unusual words do well."))
    password_again = Password(_("Password again"))

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or {}
        if "password" in typed and typed["password"] != typed.get("password_again"):
            self.add_error("password_again", _("The two passwords differ. Type the same one twice."))
        return typed


class SetUpClinic(NewPassword):
    clinic_name = forms.CharField(label=_("Name of the clinic"), max_length=120)
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        choices=TIME_ZONES,
        help_text=_("Dates are counted by the clinic's own calendar."),
    )
    name = forms.CharField(
        label=_("Your name"),
        max_length=120,
        help_text=_("You become the clinic's legal director."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    email = forms.EmailField(
        label=_("Your e-mail address"), widget=forms.EmailInput(attrs={"autocomplete": "username"})
    )

    field_order = [
        "clinic_name",
        "time_zone",
        "name",
        "email",
        "password",
        "password_again",
    ]

    def clean_time_zone(self) -> str:
        return str(ZoneInfo(self.cleaned_data["time_zone"]))


class Join(NewPassword):
    name = forms.CharField(
        label=_("Your name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )

    field_order = ["name", "password", "password_again"]


class Invite(forms.Form):
    email = forms.EmailField(
        label=_("E-mail address"), widget=forms.EmailInput(attrs={"autocomplete": "off"})
    )

    def __init__(self, *args: Any, roles: list[User.Role], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"] = forms.ChoiceField(
            label=_("Role"), choices=[(role.value, role.label) for role in roles], initial=User.Role.PARALEGAL
        )


class ChangeRole(forms.Form):
    role = forms.ChoiceField(choices=User.Role)


class ActivateTotp(ActivateTOTPForm):  # type: ignore[misc]
    """Keep the new secret sealed in the session, too, while the person reads it into their app."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kept: str = context.request.session[SECRET_SESSION_KEY]
        sealed = kept if mfa.is_sealed(kept) else mfa.seal(kept, whose=self.user)
        context.request.session[SECRET_SESSION_KEY] = sealed
        self.secret = mfa.unseal(sealed, whose=self.user)
