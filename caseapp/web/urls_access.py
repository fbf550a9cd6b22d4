"""The doors: set-up, joining, signing in, and the people of the clinic."""

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.webauthn import views as webauthn
from django.urls import path

from caseapp.web.views import access, second_steps

urlpatterns = [
    path("set-up/<str:token>/", access.setup, name="setup"),
    path("join/<str:token>/", access.join, name="join"),
    path("lock/", access.lock, name="lock"),
    path("still-here/", access.still_here, name="still-here"),
    path("clinic/", access.staff, name="staff"),
    path("clinic/invite/", access.invite, name="staff-invite"),
    path("clinic/roles/", access.roles, name="roles"),
    path(
        "clinic/invitations/<uuid:invitation_id>/withdraw/",
        access.withdraw_invitation,
        name="invitation-withdraw",
    ),
    path("clinic/staff/<uuid:user_id>/role/", access.change_role, name="staff-role"),
    path("clinic/staff/<uuid:user_id>/lock-out/", access.lock_out, name="staff-lock-out"),
    path("clinic/staff/<uuid:user_id>/let-in/", access.let_in, name="staff-let-in"),
    path("clinic/staff/<uuid:user_id>/reset/", access.reset_signing_in, name="staff-reset"),
    # allauth's pages, without sign-up, reset by e-mail and change of address.
    path("sign-in/", account.login, name="account_login"),
    path("sign-in/locked-out/", account.account_inactive, name="account_inactive"),
    path("sign-in/again/", account.reauthenticate, name="account_reauthenticate"),
    path("sign-in/second-step/", mfa.authenticate, name="mfa_authenticate"),
    path("sign-in/second-step/again/", mfa.reauthenticate, name="mfa_reauthenticate"),
    path("sign-in/passkey/", webauthn.login_webauthn, name="mfa_login_webauthn"),
    path("sign-in/passkey/again/", webauthn.reauthenticate_webauthn, name="mfa_reauthenticate_webauthn"),
    path("second-step/", mfa.index, name="mfa_index"),
    path("second-step/choose/", access.second_step, name="second-step"),
    path("second-step/app/", second_steps.ActivateTotp.as_view(), name="mfa_activate_totp"),
    path("second-step/app/remove/", second_steps.DeactivateTotp.as_view(), name="mfa_deactivate_totp"),
    path("second-step/codes/", codes.view_recovery_codes, name="mfa_view_recovery_codes"),
    path(
        "second-step/codes/new/",
        second_steps.GenerateRecoveryCodes.as_view(),
        name="mfa_generate_recovery_codes",
    ),
    path("second-step/codes/download/", codes.download_recovery_codes, name="mfa_download_recovery_codes"),
    path("second-step/passkeys/", webauthn.list_webauthn, name="mfa_list_webauthn"),
    path("second-step/passkeys/add/", second_steps.AddPasskey.as_view(), name="mfa_add_webauthn"),
    path("second-step/passkeys/<int:pk>/name/", webauthn.edit_webauthn, name="mfa_edit_webauthn"),
    path(
        "second-step/passkeys/<int:pk>/remove/",
        second_steps.RemovePasskey.as_view(),
        name="mfa_remove_webauthn",
    ),
]
