"""Carry out what a form or a button asks, and turn a refusal into words on the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, QueryDict

from caseapp.errors import Refused


def sent(request: HttpRequest) -> QueryDict | None:
    """Return what a form was sent with, even if it was sent empty; None while it is only looked at."""
    return request.POST if request.method == "POST" else None


def attempt(
    form: forms.Form,
    act: Callable[[dict[str, Any]], object],
    *,
    at: Mapping[type[Refused], str] | None = None,
) -> bool:
    """Give what was typed to `act`, if it is valid; return whether it was done.

    A refusal stands on the form, beside the field that `at` names for it, if any.
    """
    if not form.is_valid():
        return False
    try:
        act(form.cleaned_data)
    except Refused as refusal:
        form.add_error((at or {}).get(type(refusal)), refusal.message)
        return False
    return True


def attempt_or_say(request: HttpRequest, act: Callable[[], object], *, done: str) -> bool:
    """Do what a lone button asks and say so, or say why not, on the next page."""
    try:
        act()
    except Refused as refusal:
        messages.error(request, refusal.message)
        return False
    messages.success(request, done)
    return True
