"""What we ask of allauth: nobody signs up, and signing in enters the clinic's wall and the audit trail."""

from __future__ import annotations

import time
from typing import Any, cast
from urllib.parse import urlsplit

from allauth.account import app_settings as account_settings
from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from caseapp.access import mfa, services, sessions, wall
from caseapp.access.models import User


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": _(
            "This address and password do not go together. Check both; a director can reset a lost password."
        ),
        "too_many_login_attempts": _("There were too many tries. Wait five minutes, then try again."),
        "incorrect_password": _("That is not your password."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def login(self, request: HttpRequest, user: AbstractBaseUser) -> None:
        """Begin the session, behind the wall of the person's clinic from here on."""
        person = cast(User, user)
        wall.enter(person.clinic_id)
        super().login(request, user)
        sessions.begin(request.session, person.clinic_id, at=time.time())

    def post_login(self, request: HttpRequest, user: AbstractBaseUser, **hints: Any) -> HttpResponse:
        services.record_signed_in(cast(User, user))
        return cast(HttpResponse, super().post_login(request, user, **hints))

    def is_reauthentication_required(self, *, app: str, **hints: Any) -> bool:
        """Ask again before second steps are changed, unless the person signed in a moment ago."""
        age = sessions.age(self.request.session, at=time.time())
        if age < account_settings.REAUTHENTICATION_TIMEOUT:
            return False
        return bool(super().is_reauthentication_required(app=app, **hints))

    def get_reauthentication_methods(self, user: AbstractBaseUser | AnonymousUser) -> list[dict[str, Any]]:
        """Return a person's ways to show who they are. A password is one only while there is no better."""
        methods = super().get_reauthentication_methods(user)
        stronger = [method for method in methods if method["id"] != "reauthenticate"]
        return sorted(stronger, key=lambda method: not method["id"].endswith("webauthn")) or methods


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    error_messages = DefaultMFAAdapter.error_messages | {
        "cannot_delete_authenticator": _(
            "This is your only second step, so it stays. Add a passkey or an authenticator app first."
        ),
        "incorrect_code": _("That did not work. A code counts for 30 seconds and once: try the next one."),
    }

    def encrypt(self, text: str) -> str:
        return mfa.seal(text, whose=mfa.user_at(self.request))

    def decrypt(self, encrypted_text: str) -> str:
        return mfa.unseal(encrypted_text, whose=mfa.user_at(self.request))

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """A person keeps one passkey or authenticator app at least, or they could not come back."""
        others = Authenticator.objects.filter(user_id=authenticator.user_id).exclude(pk=authenticator.pk)
        return bool(others.exclude(type=Authenticator.Type.RECOVERY_CODES).exists())

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Passkeys belong to the host of the product's address, whatever host a request claims."""
        return {"id": urlsplit(settings.PUBLIC_URL).hostname or "", "name": "Amparo"}

    def get_public_key_credential_user_entity(self, user: AbstractBaseUser) -> dict[str, Any]:
        """Passkey managers show, and may copy elsewhere, what stands here: the address, not the name."""
        entity: dict[str, Any] = super().get_public_key_credential_user_entity(user)
        return entity | {"display_name": entity["name"]}
