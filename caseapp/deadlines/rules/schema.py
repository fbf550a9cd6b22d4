"""Read a rule pack's YAML into rules, and refuse in words whatever is not a rule.

The files say only what is particular: a variant inherits what its rule says, a rule what its
forum's way of counting says. An unknown key is refused, so that a misspelt one cannot pass unread.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any, TypeVar, get_args

from caseapp.deadlines.rules.model import (
    SERVICES,
    Basis,
    Counting,
    Dated,
    Direction,
    ForceStatus,
    Kind,
    MailOrder,
    Period,
    RollWay,
    Rule,
    Severity,
    Source,
    TextStatus,
    Trigger,
    Unit,
    Variant,
    Version,
)

T = TypeVar("T")
MISSING: Any = object()
EVERY_SERVICE = ("n/a", "personal", "mail", "online", "oral")
MAILABLE = ("personal", "mail", "online")


class PackError(ValueError):
    """The pack cannot be used; the message names the file, the rule, the variant and the key."""


class Entry:
    """One mapping of the file, read key by key; what is left over at the end is an error."""

    def __init__(self, raw: object, where: str) -> None:
        if not isinstance(raw, dict):
            raise PackError(f"{where}: expected a mapping of keys, found {raw!r}.")
        self.where = where
        self.left: dict[str, Any] = dict(raw)

    def take(self, key: str, kind: type[T], default: Any = MISSING) -> T:
        if key not in self.left:
            if default is MISSING:
                raise PackError(f"{self.where}: the key {key!r} is missing.")
            return default  # type: ignore[no-any-return]
        value = self.left.pop(key)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise PackError(f"{self.where}: {key} must be of type {kind.__name__}, not {value!r}.")
        return value

    def text(self, key: str, default: Any = MISSING) -> str:
        value = self.take(key, str, default)
        if default is MISSING and not value.strip():
            raise PackError(f"{self.where}: {key} is empty.")
        return value

    def one_of(self, key: str, allowed: object, default: Any = MISSING) -> Any:
        choices = get_args(allowed)
        value = self.take(key, str, default)
        if value not in choices:
            raise PackError(f"{self.where}: {key} must be one of {', '.join(choices)}; not {value!r}.")
        return value

    def day(self, key: str) -> date | None:
        if self.left.get(key, None) is None:
            self.left.pop(key, None)
            return None
        return self.take(key, date)

    def texts(self, key: str, default: Any = MISSING) -> tuple[str, ...]:
        values = self.take(key, list, default)
        if not all(isinstance(value, str) and value for value in values):
            raise PackError(f"{self.where}: {key} must be a list of texts, not {values!r}.")
        return tuple(values)

    def each(self, key: str, read: Callable[["Entry"], T]) -> tuple[T, ...]:
        items: list[object] = self.take(key, list, [])
        return tuple(read(Entry(item, f"{self.where}: {key} {n}")) for n, item in enumerate(items, 1))

    def done(self) -> None:
        if self.left:
            raise PackError(f"{self.where}: unknown key {', '.join(sorted(map(str, self.left)))}.")


def read_counting(raw: object, where: str) -> dict[str, Counting]:
    books = Entry(raw, where)
    return {name: _counting(name, Entry(body, f"{where}: {name}")) for name, body in books.left.items()}


def _counting(name: str, entry: Entry) -> Counting:
    book = Counting(
        name=name,
        day_zero=entry.text("day_zero", ""),
        roll_authority=entry.text("roll_authority", ""),
        mail_days=entry.take("mail_days", int, 0),
        mail_order=entry.one_of("mail_order", MailOrder),
        mail_authority=entry.text("mail_authority", ""),
        no_mail=entry.text("no_mail", ""),
        online_rolls=entry.take("online_rolls", bool, True),
    )
    entry.done()
    if (book.mail_order == "never") != (book.mail_days == 0):
        raise PackError(f"{entry.where}: mail_days and mail_order {book.mail_order!r} contradict each other.")
    return book


def read_rules(raw: object, books: Mapping[str, Counting], where: str) -> list[Rule]:
    if not isinstance(raw, list):
        raise PackError(f"{where}: expected a list of rules.")
    rules = []
    for n, item in enumerate(raw, 1):
        name = item.get("id", f"rule {n}") if isinstance(item, dict) else f"rule {n}"
        rules.append(_rule(Entry(item, f"{where}: {name}"), books))
    return rules


def _rule(entry: Entry, books: Mapping[str, Counting]) -> Rule:
    rule_id = entry.text("id")
    trigger = _trigger(Entry(entry.take("trigger", dict), f"{entry.where}: trigger"), None)
    severity: Severity = entry.one_of("severity", Severity)
    text_status: TextStatus = entry.one_of("text_status", TextStatus)
    inherited = {
        "counting": _book(entry, books),
        "authority": entry.text("authority"),
        "services": entry.texts("services", []),
        "mail": entry.take("mail", bool, False),
        "trigger": trigger,
        "severity": severity,
        "text_status": text_status,
    }
    variants = _by_name(entry.each("variants", lambda each: _variant(each, books, inherited)), entry.where)
    reminders = tuple(entry.take("reminders", list))
    if list(reminders) != sorted(set(reminders), reverse=True) or any(r < 0 for r in reminders):
        raise PackError(f"{entry.where}: reminders are days before, falling, none twice; not {reminders}.")
    rule = Rule(
        id=rule_id,
        title=entry.text("title"),
        forum=entry.text("forum"),
        trigger=trigger,
        basis=entry.one_of("basis", Basis),
        filed_when=entry.text("filed_when"),
        severity=severity,
        reminders=reminders,
        consequence=entry.text("consequence"),
        nature=entry.text("nature", ""),
        exceptions=entry.texts("exceptions", []),
        citations=entry.texts("citations"),
        sources=entry.each("sources", _source),
        checked_on=entry.take("checked_on", date),
        checked_by=_checked_by(entry),
        recheck_days=entry.take("recheck_days", int),
        text_status=text_status,
        verification=entry.text("verification"),
        contested=entry.text("contested", ""),
        notes=entry.text("notes", ""),
        versions=_versions(entry, variants),
        variants=variants,
    )
    entry.done()
    return rule


def _checked_by(entry: Entry) -> str | None:
    if entry.left.get("checked_by", "") is None:
        entry.left.pop("checked_by")
        return None
    return entry.text("checked_by")


def _book(entry: Entry, books: Mapping[str, Counting], default: Counting | None = None) -> Counting:
    name = entry.text("counting", default.name if default else MISSING)
    if name not in books:
        raise PackError(f"{entry.where}: counting must be one of {', '.join(books)}; not {name!r}.")
    return books[name]


def _source(entry: Entry) -> Source:
    source = Source(title=entry.text("title"), address=entry.text("address", ""))
    entry.done()
    return source


def _trigger(entry: Entry, above: Trigger | None) -> Trigger:
    said: dict[str, str] = entry.take("said", dict, dict(above.said) if above else MISSING)
    for service, sentence in said.items():
        if service not in SERVICES or "{day}" not in sentence:
            raise PackError(f"{entry.where}: said {service!r}: a service, and a sentence with {{day}} in it.")
    if "n/a" not in said:
        raise PackError(f"{entry.where}: said needs a sentence for 'n/a', used where no other fits.")
    trigger = Trigger(
        event=entry.text("event"),
        definition=entry.text("definition"),
        said=said,
        dated=entry.one_of("dated", Dated, "event"),
        floor=entry.day("floor"),
    )
    entry.done()
    return trigger


def _period(entry: Entry) -> Period:
    period = Period(
        n=entry.take("n", int),
        unit=entry.one_of("unit", Unit),
        direction=entry.one_of("direction", Direction),
    )
    entry.done()
    if period.n < 0:
        raise PackError(f"{entry.where}: n counts in the direction given and is never negative.")
    return period


def _variant(entry: Entry, books: Mapping[str, Counting], above: Mapping[str, Any]) -> Variant:
    name = entry.text("name", "")
    entry.where = f"{entry.where} ({name or 'the rule as it stands'})"
    book = _book(entry, books, above["counting"])
    trigger: Trigger = above["trigger"]
    if "trigger" in entry.left:
        trigger = _trigger(Entry(entry.left.pop("trigger"), f"{entry.where}: trigger"), trigger)
    mail = entry.take("mail", bool, above["mail"])
    services = entry.texts("services", list(above["services"] or (MAILABLE if mail else EVERY_SERVICE)))
    variant = Variant(
        name=name,
        meaning=entry.text("meaning"),
        count=entry.each("count", _period),
        kind=entry.one_of("kind", Kind, "act-by"),
        roll=entry.one_of("roll", RollWay, "none"),
        counting=book,
        authority=entry.text("authority", above["authority"]),
        roll_authority=entry.text("roll_authority", book.roll_authority),
        why_no_roll=entry.text("why_no_roll", ""),
        services=services,
        mail=mail,
        inclusive=entry.take("inclusive", bool, False),
        stops=entry.take("stops", bool, False),
        stopped_days=entry.take("stopped_days", int, 0),
        protective=entry.take("protective", bool, False),
        text_status=entry.one_of("text_status", TextStatus, above["text_status"]),
        severity=entry.one_of("severity", Severity, above["severity"]),
        trigger=trigger,
        refuses=entry.text("refuses", ""),
    )
    entry.done()
    _check_variant(variant, entry.where)
    return variant


def _check_variant(variant: Variant, where: str) -> None:
    if bool(variant.count) == bool(variant.refuses):
        raise PackError(f"{where}: give either a count or the words it refuses with.")
    if unknown := set(variant.services) - set(SERVICES):
        raise PackError(f"{where}: unknown service {', '.join(sorted(unknown))}.")
    if not variant.services:
        raise PackError(f"{where}: name at least one service.")
    if variant.mail and variant.counting.mail_order == "never":
        raise PackError(f"{where}: {variant.counting.name} never adds days for mail.")
    in_days = len(variant.count) == 1 and variant.count[0].unit == "days"
    forward = in_days and variant.count[0].direction == "after"
    if (variant.mail or variant.stops or variant.stopped_days) and not forward:
        raise PackError(f"{where}: mail days and stops need one count of days after.")
    first = variant.count[0] if variant.count else None
    if variant.inclusive and first and (first.direction == "before" or first.unit == "business_days"):
        raise PackError(f"{where}: only a count forward, not of business days, can include its first day.")
    if variant.kind == "opening" and variant.roll != "none":
        raise PackError(f"{where}: an opening never rolls.")
    if variant.roll != "none" and not variant.roll_authority:
        raise PackError(f"{where}: say by what authority a closed last day rolls.")


def _by_name(variants: Iterable[Variant], where: str) -> dict[str, Variant]:
    named: dict[str, Variant] = {}
    for variant in variants:
        if variant.name in named:
            raise PackError(f"{where}: two variants are called {variant.name!r}.")
        named[variant.name] = variant
    if not named:
        raise PackError(f"{where}: a rule needs at least one variant.")
    return named


def _version(entry: Entry) -> Version:
    version = Version(
        id=entry.text("id"),
        variants=_variant_names(entry),
        in_force_status=entry.one_of("status", ForceStatus),
        keyed_on=entry.one_of("keyed_on", Dated, "event"),
        effective_from=entry.day("effective_from"),
        effective_to=entry.day("effective_to"),
        note=entry.text("note", ""),
        authority=entry.text("authority", ""),
    )
    entry.done()
    if version.effective_from and version.effective_to and version.effective_to < version.effective_from:
        raise PackError(f"{entry.where}: it ends before it begins.")
    return version


def _variant_names(entry: Entry) -> tuple[str, ...]:
    """Read the names a version holds; the blank one is the rule as it stands."""
    return tuple(str(name) for name in entry.take("variants", list))


def _versions(entry: Entry, variants: Mapping[str, Variant]) -> tuple[Version, ...]:
    """Read the versions; a rule that lists none has one, operative, holding every variant."""
    versions = entry.each("versions", _version)
    if not versions:
        return (Version("1", tuple(variants), "operative", "event", None, None, "", ""),)
    named = {name for version in versions for name in version.variants}
    if named != set(variants):
        odd = ", ".join(repr(name) for name in sorted(named ^ set(variants)))
        raise PackError(f"{entry.where}: each variant stands in a version and no other name does; see {odd}.")
    if len({version.id for version in versions}) != len(versions):
        raise PackError(f"{entry.where}: two versions have the same id.")
    return versions
