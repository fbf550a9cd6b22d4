"""Setting up a clinic, joining one, signing in and locking, and who works here."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from allauth.account.utils import perform_login
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from caseapp import clock
from caseapp.access import queries, services
from caseapp.access.links import DeadLink, UnknownLink
from caseapp.access.models import User
from caseapp.access.rules import MATRIX, Act, may
from caseapp.access.services import EmailTaken, WeakPassword
from caseapp.errors import Refused
from caseapp.web.forms.access import ChangeRole, Invite, Join, NewPassword, SetUpClinic
from caseapp.web.http import StaffRequest, page_of, safe_path, to_sign_in


def _show_refusal(form: Form, refusal: Refused) -> None:
    """Put a refusal at the field it is about."""
    field = {EmailTaken: "email", WeakPassword: "password"}.get(type(refusal))
    form.add_error(field if field in form.fields else None, refusal.message)


def _spent(request: HttpRequest, dead: DeadLink) -> HttpResponse:
    status = 404 if isinstance(dead, UnknownLink) else 410
    return render(request, "access/link_spent.html", {"message": dead.message}, status=status)


def _begin_session(request: HttpRequest, user: User) -> HttpResponse:
    """Sign in the person who just chose a password, and nobody who was signed in here before."""
    logout(request)
    return cast(HttpResponse, perform_login(request, user))


@login_not_required
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def setup(request: HttpRequest, token: str) -> HttpResponse:
    """Make a clinic and its director with a one-time link."""
    now = clock.now()
    form = SetUpClinic(request.POST or None)
    try:
        queries.setup_link(token, now=now)
        if form.is_valid():
            typed = {name: value for name, value in form.cleaned_data.items() if name != "password_again"}
            return _begin_session(request, services.set_up_clinic(token, **typed, now=now))
    except DeadLink as dead:
        return _spent(request, dead)
    except Refused as refusal:
        _show_refusal(form, refusal)
    return render(request, "access/setup.html", {"form": form}, status=422 if form.is_bound else 200)


@login_not_required
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, token: str) -> HttpResponse:
    """Join the clinic that sent the one-time link, or set up signing in again."""
    now = clock.now()
    form: Form | None = None
    try:
        invitation = queries.invitation(token, now=now)
        kind = NewPassword if invitation.for_user_id else Join
        form = kind(request.POST or None)
        if form.is_valid():
            name, password = form.cleaned_data.get("name", ""), form.cleaned_data["password"]
            return _begin_session(request, services.join(token, name=name, password=password, now=now))
    except DeadLink as dead:
        return _spent(request, dead)
    except Refused as refusal:
        _show_refusal(cast(Form, form), refusal)
    context = {"form": form, "invitation": invitation}
    return render(request, "access/join.html", context, status=422 if form and form.is_bound else 200)


@require_safe
def second_step(request: StaffRequest) -> HttpResponse:
    """Offer the two second steps; the middleware sends here whoever has neither."""
    return render(request, "access/second_step.html")


@require_POST
def still_here(request: StaffRequest) -> HttpResponse:
    """Say that the person is still there: the middleware has moved the mark."""
    return HttpResponse(status=204)


@login_not_required
@require_POST
def lock(request: HttpRequest) -> HttpResponse:
    """End the session, and after signing in again return to the page it was locked on."""
    back_to = safe_path(request, request.POST.get("next")) or page_of(request)
    if request.user.is_authenticated:
        services.lock(request.user)
    logout(request)
    messages.info(request, _("Locked. Sign in to go on where you were."))
    return to_sign_in(request, back_to)


@require_safe
def staff(request: StaffRequest) -> HttpResponse:
    """Show who works here, the open invitations, and a form to invite someone."""
    return _staff_page(request, Invite(roles=queries.roles_grantable_by(request.user)))


def _staff_page(request: StaffRequest, form: Invite, *, status: int = 200) -> HttpResponse:
    manages = may(request.user, Act.MANAGE_STAFF)
    grantable = queries.roles_grantable_by(request.user)
    context = {
        "clinic": request.user.clinic,
        "staff": queries.staff_seen_by(request.user),
        "may_manage": manages,
        "may_lock_out": may(request.user, Act.LOCK_OUT),
        "roles": [(role.value, role.label) for role in grantable],
        "invitations": queries.open_invitations_seen_by(request.user, now=clock.now()) if manages else [],
        "invite_form": form,
    }
    return render(request, "access/staff.html", context, status=status)


@require_POST
def invite(request: StaffRequest) -> HttpResponse:
    """Make an invitation, and answer with the page that shows its link, this once."""
    form = Invite(request.POST, roles=queries.roles_grantable_by(request.user))
    if form.is_valid():
        typed = form.cleaned_data
        try:
            made, link = services.invite(
                request.user, email=typed["email"], role=typed["role"], now=clock.now()
            )
            return render(request, "access/invitation_made.html", {"invitation": made, "link": link})
        except EmailTaken as refusal:
            _show_refusal(form, refusal)
    return _staff_page(request, form, status=422)


@require_POST
def withdraw_invitation(request: StaffRequest, invitation_id: UUID) -> HttpResponse:
    """Make an invitation's link let nobody in."""
    invitation = queries.invitation_for(request.user, invitation_id)
    try:
        services.withdraw_invitation(request.user, invitation, now=clock.now())
        messages.success(request, _("The invitation is withdrawn."))
    except Refused as refusal:
        messages.error(request, refusal.message)
    return redirect("staff")


@require_POST
def change_role(request: StaffRequest, user_id: UUID) -> HttpResponse:
    """Give a colleague another role."""
    colleague = queries.colleague_for(request.user, user_id)
    form = ChangeRole(request.POST)
    if not form.is_valid():
        messages.error(request, _("Nothing was changed. Choose a role from the list."))
        return redirect("staff")
    try:
        services.change_role(request.user, colleague, role=form.cleaned_data["role"], now=clock.now())
        messages.success(request, _("The role is changed."))
    except Refused as refusal:
        messages.error(request, refusal.message)
    return redirect("staff")


@require_POST
def lock_out(request: StaffRequest, user_id: UUID) -> HttpResponse:
    """End a colleague's sessions and let them in no more."""
    colleague = queries.colleague_for(request.user, user_id)
    try:
        services.lock_out(request.user, colleague, now=clock.now())
        messages.success(request, _("Locked out. Their sessions have ended, and their links let nobody in."))
    except Refused as refusal:
        messages.error(request, refusal.message)
    return redirect("staff")


@require_POST
def let_in(request: StaffRequest, user_id: UUID) -> HttpResponse:
    """Let a colleague who was locked out sign in again."""
    colleague = queries.colleague_for(request.user, user_id)
    try:
        services.let_in(request.user, colleague, now=clock.now())
        messages.success(request, _("They can sign in again."))
    except Refused as refusal:
        messages.error(request, refusal.message)
    return redirect("staff")


@require_POST
def reset_signing_in(request: StaffRequest, user_id: UUID) -> HttpResponse:
    """Take away a colleague's ways to sign in, and show the link to set new ones, this once."""
    colleague = queries.colleague_for(request.user, user_id)
    try:
        link = services.reset_signing_in(request.user, colleague, now=clock.now())
    except Refused as refusal:
        messages.error(request, refusal.message)
        return redirect("staff")
    return render(request, "access/invitation_made.html", {"colleague": colleague, "link": link})


@require_safe
def roles(request: StaffRequest) -> HttpResponse:
    """Show which role may do what: the same table the product asks."""
    rows = [
        {"what": _(act.value), "cells": [(role.label, act in MATRIX[role]) for role in User.Role]}
        for act in Act
    ]
    return render(
        request, "access/roles.html", {"matrix": {"roles": [r.label for r in User.Role], "rows": rows}}
    )
