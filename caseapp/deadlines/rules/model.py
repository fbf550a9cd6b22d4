"""The shapes of a rule of law, as the pack holds it and the engine reads it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

Unit = Literal["days", "business_days", "months", "years"]
Direction = Literal["after", "before"]
Kind = Literal["act-by", "opening"]
RollWay = Literal["forward", "back", "none"]
MailOrder = Literal["before-rolling", "after-rolling", "never"]
Basis = Literal["received", "postmark", "act"]
TextStatus = Literal["verified", "unverified"]
ForceStatus = Literal["operative", "stayed", "vacated", "enjoined", "proposed", "superseded"]
Severity = Literal["fatal", "serious", "advisory"]
Dated = Literal["decision", "notice", "filing", "hearing", "event"]

# How a paper reached the person. "n/a": the count does not start from a paper.
SERVICES: Mapping[str, str] = {
    "oral": "told orally",
    "mail": "sent by ordinary mail",
    "personal": "handed over in person",
    "online": "through an online account or electronic filing system",
    "n/a": "not served",
}


@dataclass(frozen=True, slots=True)
class Counting:
    """How one forum counts days: what rolls a closed last day, and what mail adds.

    `mail_days` apply only to a variant that asks for them; `online_rolls` is False where policy
    treats an electronic filing as received at once, so that a closed last day does not carry.
    """

    name: str
    day_zero: str
    roll_authority: str
    mail_days: int
    mail_order: MailOrder
    mail_authority: str
    no_mail: str
    online_rolls: bool


@dataclass(frozen=True, slots=True)
class Period:
    n: int
    unit: Unit
    direction: Direction


@dataclass(frozen=True, slots=True)
class Trigger:
    """What starts the count. `said` maps a service to a sentence with `{day}` in it; "n/a" is the default.

    `floor`: the count starts no earlier than this day. `dated`: which date of the matter this is,
    so that versions keyed on it can be told apart.
    """

    event: str
    definition: str
    said: Mapping[str, str]
    dated: Dated
    floor: date | None


@dataclass(frozen=True, slots=True)
class Variant:
    """One countable date of a rule. `services` is in order: the first is the default.

    `refuses` is set instead of `count` where the law gives no number: the words to refuse with.
    """

    name: str
    meaning: str
    count: tuple[Period, ...]
    kind: Kind
    roll: RollWay
    counting: Counting
    authority: str
    roll_authority: str
    why_no_roll: str
    services: tuple[str, ...]
    mail: bool
    inclusive: bool
    stops: bool
    stopped_days: int
    protective: bool
    text_status: TextStatus
    severity: Severity
    trigger: Trigger
    refuses: str


@dataclass(frozen=True, slots=True)
class Version:
    """The law between two dates. `in_force_status` is the standing of its text when last checked."""

    id: str
    variants: tuple[str, ...]
    in_force_status: ForceStatus
    keyed_on: Dated
    effective_from: date | None
    effective_to: date | None
    note: str
    authority: str

    def covers(self, day: date) -> bool:
        return (self.effective_from is None or self.effective_from <= day) and (
            self.effective_to is None or day <= self.effective_to
        )


@dataclass(frozen=True, slots=True)
class Source:
    title: str
    address: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One deadline of law. `checked_by` is None until an attorney has reviewed the rule."""

    id: str
    title: str
    forum: str
    trigger: Trigger
    basis: Basis
    filed_when: str
    severity: Severity
    reminders: tuple[int, ...]
    consequence: str
    nature: str
    exceptions: tuple[str, ...]
    citations: tuple[str, ...]
    sources: tuple[Source, ...]
    checked_on: date
    checked_by: str | None
    recheck_days: int
    text_status: TextStatus
    verification: str
    contested: str
    notes: str
    versions: tuple[Version, ...]
    variants: Mapping[str, Variant]

    def recheck_due(self, today: date) -> bool:
        """Tell whether the rule's standing must be looked up again before it is relied on."""
        return (today - self.checked_on).days >= self.recheck_days


@dataclass(frozen=True, slots=True)
class Pack:
    version: str
    rules: Mapping[str, Rule]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a count in words, and what says so."""

    text: str
    authority: str


@dataclass(frozen=True, slots=True)
class Computation:
    """What the law makes of one date. `variant` is "" for a rule as it stands; `version` names pack and text.

    `verified` says that the operative number was read in the source, not that an attorney has
    reviewed the rule: that is the rule's `checked_by`.
    """

    rule: str
    variant: str
    trigger: date
    service: str
    nominal: date
    legal: date
    safe: date
    steps: tuple[Step, ...]
    authority: tuple[str, ...]
    text_status: TextStatus
    in_force_status: ForceStatus
    verified: bool
    severity: Severity
    contested: str
    version: str
    holiday_table: str
    kind: Kind
    protective: bool

    def as_json(self) -> dict[str, Any]:
        """Return everything in plain values: dates as ISO texts, each step as [text, authority]."""
        return {
            "rule": self.rule,
            "variant": self.variant,
            "trigger": self.trigger.isoformat(),
            "service": self.service,
            "nominal": self.nominal.isoformat(),
            "legal": self.legal.isoformat(),
            "safe": self.safe.isoformat(),
            "steps": [[step.text, step.authority] for step in self.steps],
            "authority": list(self.authority),
            "text_status": self.text_status,
            "in_force_status": self.in_force_status,
            "verified": self.verified,
            "severity": self.severity,
            "contested": self.contested,
            "version": self.version,
            "holiday_table": self.holiday_table,
            "kind": self.kind,
            "protective": self.protective,
        }
