"""How dates, urgency and masked numbers are written on every page."""

import re
from datetime import date, datetime
from typing import Any

from django import template
from django.conf import settings
from django.template import Context
from django.urls import NoReverseMatch, reverse
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import is_aware, localtime
from django.utils.translation import gettext, ngettext

register = template.Library()

LATE_WITHIN_DAYS_IF_FATAL = 3
SOON_WITHIN_DAYS = 14

# All that a drawing may consist of: an <svg> of <path>s, with the attributes that give them their shape.
SHAPE = r'(?:\s+(?:width|height|version|viewBox|xmlns|d|id|fill|fill-opacity|fill-rule|stroke)="[^"<>]*")*\s*'
DRAWING = re.compile(rf"<svg{SHAPE}>(?:<path{SHAPE}/>)*</svg>\s*")

# Which of the places in the rail a page belongs to, by the first word of its URL's name.
RAIL_PLACES = {
    "today": "today",
    "client": "clients",
    "clients": "clients",
    "relative": "clients",
    "contact": "clients",
    "paper": "clients",
    "matter": "matters",
    "matters": "matters",
    "note": "matters",
    "notice": "matters",
    "event": "matters",
    "printed": "matters",
    "deadline": "matters",
    "change": "matters",
    "review": "matters",
    "calendar": "calendar",
    "filing": "filings",
    "filings": "filings",
    "retention": "retention",
    "hold": "retention",
    "purge": "retention",
    "staff": "staff",
    "roles": "staff",
    "health": "staff",
    "invitation": "staff",
}


@register.filter
def day(value: date | None) -> SafeString:
    """Write a date so that no one mistakes the month: Tue 7 Jul 2026."""
    return _as_time(value, "D j M Y")


@register.filter
def short_day(value: date | None) -> SafeString:
    """Write a date without its weekday: 7 Jul 2026."""
    return _as_time(value, "j M Y")


@register.filter
def moment(value: datetime | None) -> SafeString:
    """Write a time with its zone: 3 Jun 2026, 15:40 EDT."""
    if value is None:
        return SafeString("")
    local = localtime(value) if is_aware(value) else value
    text = date_format(local, "j M Y, H:i T").strip()
    return format_html('<time datetime="{}">{}</time>', local.isoformat(timespec="minutes"), text)


@register.filter
def days_left(value: date | None, today: date) -> str:
    """Say how far off a date to act by is, in words."""
    if value is None:
        return ""
    days = (value - today).days
    if days < 0:
        return ngettext("%(days)d day late", "%(days)d days late", -days) % {"days": -days}
    if days == 0:
        return gettext("today")
    if days == 1:
        return gettext("act by tomorrow")
    return ngettext("act in %(days)d day", "act in %(days)d days", days) % {"days": days}


@register.simple_tag
def urgency(safe: date | None, severity: str, today: date) -> str:
    """Return the class that colours a date to act by: "late", "soon" or none.

    Red is for what is overdue, or fatal within 3 days; amber for what is within 14. Nothing else
    is coloured, so that the colour keeps its meaning.
    """
    if safe is None:
        return ""
    days = (safe - today).days
    fatal = str(severity).upper() == "FATAL"
    if days < 0 or (fatal and days <= LATE_WITHIN_DAYS_IF_FATAL):
        return "late"
    return "soon" if days <= SOON_WITHIN_DAYS else ""


@register.filter
def mask_a(value: str | None) -> str:
    """Show only the last three digits of an A-number: A••• ••• 902."""
    digits = re.sub(r"[^0-9]", "", value or "")
    if not digits:
        return ""
    # An A-number has seven to nine digits. Of anything shorter, three would say too much.
    return f"A••• ••• {digits[-3:]}" if len(digits) >= 7 else "A••• ••• •••"


@register.filter
def breakable(text: str) -> SafeString:
    """Let a line break after each slash: Asylum/withholding/CAT is wider than a phone's column."""
    return format_html_join(mark_safe("/<wbr>"), "{}", ((part,) for part in text.split("/")))


@register.filter
def inline_svg(markup: str) -> SafeString:
    """Put an SVG that our own libraries drew into the page itself, so that no data: image is needed.

    Raises ValueError for markup that could do anything but draw paths.
    """
    svg = markup[markup.find("<svg") :] if "<svg" in markup else ""
    if not DRAWING.fullmatch(svg):
        raise ValueError("Only an SVG of plain paths may stand in a page.")
    return mark_safe(svg)  # noqa: S308 - nothing but paths and their shape is left in it


@register.simple_tag(takes_context=True)
def rail_here(context: Context) -> str:
    """Return which place of the rail this page belongs to, or none.

    A view may say so itself, with `here` in its context.
    """
    if said := context.get("here"):
        return str(said)
    match = getattr(context.get("request"), "resolver_match", None)
    name = str(getattr(match, "url_name", "") or "")
    return RAIL_PLACES.get(name.split("-")[0], "")


@register.simple_tag
def page(name: str, *args: Any) -> str:
    """Return the address of the page called `name`, or none if this installation has no such page."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


@register.simple_tag
def source_url() -> str:
    """Return where the source of this very version is offered, as the AGPL asks, or none."""
    return str(getattr(settings, "SOURCE_URL", "") or "")


@register.simple_tag
def app_version() -> str:
    return str(getattr(settings, "VERSION", "") or "")


@register.simple_tag
def idle_seconds() -> int:
    """Return after how many seconds without a request a session ends."""
    return int(getattr(settings, "SESSION_IDLE_SECONDS", 30 * 60))


def _as_time(value: date | None, form: str) -> SafeString:
    if value is None:
        return SafeString("")
    if isinstance(value, datetime):
        value = localtime(value).date() if is_aware(value) else value.date()
    return format_html('<time datetime="{}">{}</time>', value.isoformat(), date_format(value, form))
