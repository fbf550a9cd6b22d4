"""Adding and removing passkeys and authenticator apps: allauth's pages, each change in the audit trail."""

from __future__ import annotations

from allauth.mfa.adapter import get_adapter
from allauth.mfa.recovery_codes.views import GenerateRecoveryCodesView
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from allauth.mfa.webauthn.views import AddWebAuthnView, RemoveWebAuthnView
from django.contrib import messages
from django.db import transaction
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect

from caseapp.access import services


class Audited:
    """Save a change to someone's second step and its audit entry together."""

    def form_valid(self, form: Form) -> HttpResponse:
        with transaction.atomic():
            services.record_second_step_changed(self.request.user)  # type: ignore[attr-defined]
            return super().form_valid(form)  # type: ignore[misc,no-any-return]


class ActivateTotp(Audited, ActivateTOTPView):  # type: ignore[misc]
    pass


class DeactivateTotp(Audited, DeactivateTOTPView):  # type: ignore[misc]
    pass


class AddPasskey(Audited, AddWebAuthnView):  # type: ignore[misc]
    pass


class RemovePasskey(Audited, RemoveWebAuthnView):  # type: ignore[misc]
    def form_valid(self, form: Form) -> HttpResponse:
        """Remove it, unless it is the person's only second step."""
        adapter = get_adapter()
        if adapter.can_delete_authenticator(self.get_object()):
            return super().form_valid(form)
        messages.error(self.request, adapter.error_messages["cannot_delete_authenticator"])
        return redirect("mfa_list_webauthn")


class GenerateRecoveryCodes(Audited, GenerateRecoveryCodesView):  # type: ignore[misc]
    pass
