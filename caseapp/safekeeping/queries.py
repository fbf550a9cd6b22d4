"""How long ago each thing that protects the clinic was last seen to work, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.db.models import Min
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from caseapp.access.models import Clinic
from caseapp.safekeeping.models import Check
from caseapp.vault import recovery

Kind = Check.Kind


class Standing(StrEnum):
    """Well; not yet, and not yet overdue; or overdue."""

    WELL = "well"
    SOON = "soon"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the health page. `at`: when it was last seen to work. `todo`: what to do, if anything."""

    name: str
    label: str
    standing: Standing
    said: str
    todo: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """How old the last good try of a kind may be, and what to do when it is older."""

    within: timedelta
    todo: str | Promise


RULES: dict[Kind, Rule] = {
    Kind.BACKUP_DATA: Rule(
        timedelta(hours=26),
        gettext_lazy(
            "Run ./run manage backup and read what it says. Set AMPARO_BACKUP_DIR and both recipients"
            " to have it done every night."
        ),
    ),
    Kind.BACKUP_KEYRING: Rule(
        timedelta(hours=26),
        gettext_lazy(
            "Run ./run manage backup and read what it says. Without the keyring, a backup of the data"
            " cannot be opened by anyone."
        ),
    ),
    Kind.RESTORE_DRILL: Rule(
        timedelta(days=35),
        gettext_lazy("Run ./run manage restore_drill. A backup that was never restored is a hope."),
    ),
    Kind.RECOVERY_DRILL: Rule(
        timedelta(days=100),
        gettext_lazy("Ask two officers for their shares and run ./run manage recovery_drill."),
    ),
    Kind.REMINDERS: Rule(
        timedelta(hours=26),
        gettext_lazy(
            "Nobody is being reminded of dates. See that the worker and the schedule run: ./run restarts"
            " them, and var/log/worker.log and beat.log say what stopped them."
        ),
    ),
}


# The newest good check this process has seen. A later one can only be newer.
_seen: dict[Kind, datetime] = {}


def state(now: datetime) -> list[Line]:
    """Return a line for each thing that is checked, in the order of the page."""
    good, failed, since = _last_good(), _failed(), _began()
    lines = [_line(kind, good.get(kind), kind in failed, since, now) for kind in RULES]
    return [*lines, _kit(), _mail()]


def overdue(now: datetime) -> list[str]:
    """Return the names of what is overdue. Two queries, and no more: every page of a director asks."""
    good, since = _last_good(), _began()
    late = [kind for kind in RULES if _standing(kind, good.get(kind), since, now) is Standing.LATE]
    return [str(kind.label) for kind in late]


def reminders_stopped(now: datetime, *, since: datetime | None) -> bool:
    """Whether reminders have not been looked at for too long: everyone is told.

    `since`: from when a clinic whose reminders were never looked at is given its time. Without it, it is
    given all the time there is. Seldom asks: a look once seen is good for as long as looks are good for.
    """
    within = RULES[Kind.REMINDERS].within
    if since is not None and now - since <= within:
        return False
    last = _reminders_seen(now) or since
    return last is not None and now - last > within


def reminders_silent_since(now: datetime) -> datetime | None:
    """Return since when reminders have not been looked at, if that is too long ago."""
    since = last_good(Kind.REMINDERS) or _began()
    return since if since is not None and now - since > RULES[Kind.REMINDERS].within else None


def reminders_run(now: datetime) -> bool:
    """Whether reminders were looked at lately, for whoever watches the machine from outside."""
    last = last_good(Kind.REMINDERS)
    return last is not None and now - last <= RULES[Kind.REMINDERS].within


def _reminders_seen(now: datetime) -> datetime | None:
    known = _seen.get(Kind.REMINDERS)
    if known is None or not timedelta() <= now - known <= RULES[Kind.REMINDERS].within:
        known = last_good(Kind.REMINDERS)
        if known is not None:
            _seen[Kind.REMINDERS] = known
    return known


def forget_what_was_seen() -> None:
    """Ask the database again, whatever this process has seen. Only tests go back in time."""
    _seen.clear()


def last_good(kind: str) -> datetime | None:
    """Return when this kind last went well."""
    found = Check.objects.filter(kind=Kind(kind), ok=True).order_by("-at").values_list("at", flat=True)
    return found.first()


def last_tried(kind: str) -> datetime | None:
    """Return when this kind was last tried, however it went."""
    return Check.objects.filter(kind=Kind(kind)).order_by("-at").values_list("at", flat=True).first()


def _last_good() -> dict[str, datetime]:
    newest = Check.objects.filter(ok=True).order_by("kind", "-at").distinct("kind")
    return dict(newest.values_list("kind", "at"))


def _failed() -> set[str]:
    """Return the kinds whose last try failed."""
    newest = Check.objects.order_by("kind", "-at").distinct("kind")
    return {kind for kind, ok in newest.values_list("kind", "ok") if not ok}


def _began() -> datetime | None:
    """What was never done is overdue counted from when the first clinic was set up."""
    first: datetime | None = Clinic.objects.aggregate(first=Min("made_at"))["first"]
    return first


def _standing(kind: Kind, good: datetime | None, since: datetime | None, now: datetime) -> Standing:
    from_when = good or since
    if from_when is not None and now - from_when > RULES[kind].within:
        return Standing.LATE
    return Standing.WELL if good else Standing.SOON


def _line(kind: Kind, good: datetime | None, failed: bool, since: datetime | None, now: datetime) -> Line:
    standing = _standing(kind, good, since, now)
    if failed and standing is Standing.WELL:
        standing = Standing.SOON
    if failed:
        said = _("the last try failed")
    elif good is None:
        said = _("never yet")
    else:
        said = _("on time") if standing is Standing.WELL else _("overdue")
    todo = "" if standing is Standing.WELL else str(RULES[kind].todo)
    return Line(str(kind), str(kind.label), standing, said, todo, good)


def _kit() -> Line:
    made_at = recovery.made_at()
    if made_at is not None:
        return Line("kit", _("Recovery kit"), Standing.WELL, _("made"), at=made_at)
    todo = _("Ask the director to make it: Clinic, Recovery kit. Without it, a lost root key is the end.")
    return Line("kit", _("Recovery kit"), Standing.LATE, _("none yet"), todo)


def _mail() -> Line:
    if settings.EMAIL_BACKEND == "config.mail.OwedBackend":
        todo = _("Set AMPARO_SMTP_URL. Until then reminders are written down and wait.")
        return Line("mail", _("Mail"), Standing.LATE, _("no mail server is set"), todo)
    return Line("mail", _("Mail"), Standing.WELL, _("set up"))
