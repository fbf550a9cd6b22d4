"""Say why a date is what it is: the count as it was kept, beside the rule as the pack holds it now.

The first count never changes once it is proposed. The rule may: it is checked again, or a newer pack
comes. So what stood then and what stands now are shown beside each other, and nothing moves by itself;
when people decide to follow a count made again, that one is explained and the first stays below it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from caseapp.deadlines import recounts
from caseapp.deadlines.models import CaseEvent, Deadline
from caseapp.deadlines.rules import events, pack, spanish
from caseapp.deadlines.rules.engine import compute
from caseapp.deadlines.rules.errors import RuleError
from caseapp.deadlines.rules.model import SERVICES, Rule, Variant

# A printed date has one step, and one more for a closed day. With its check, it has more.
PRINTED_ALONE = 2


@dataclass(frozen=True, slots=True)
class Explanation:
    """One date explained. `rule` is None for a date that a notice printed or a judge set."""

    why: str
    steps: list[tuple[str, str]]
    authority: list[str]
    text_status: str
    in_force_status: str
    contested: str
    opening: bool
    computed_legal: date
    computed_safe: date
    counted_with: str
    rule: Rule | None
    variant: Variant | None
    days_since_check: int
    check_again: bool
    newer_pack: bool
    first_steps: list[tuple[str, str]]

    @property
    def printed(self) -> bool:
        return not self.counted_with

    @property
    def in_doubt(self) -> bool:
        """The text behind the count is not plainly the law in force."""
        return bool(self.in_force_status) and self.in_force_status != "operative"


def explain(deadline: Deadline, *, today: date) -> Explanation:
    """Return the date's reasons, and whether its rule has to be looked up again before relying on it."""
    first: dict[str, Any] = deadline.computation
    kept = recounts.in_effect(first)
    rule = _rule(kept.get("rule"))
    return Explanation(
        why=first.get("why", ""),
        steps=[(text, authority) for text, authority in kept["steps"]],
        authority=list(kept.get("authority", [])),
        text_status=kept["text_status"],
        in_force_status=kept["in_force_status"],
        contested=kept.get("contested", ""),
        opening=is_opening(deadline),
        computed_legal=_day(kept.get("legal"), deadline.legal),
        computed_safe=_day(kept.get("safe"), deadline.safe),
        counted_with=kept.get("version", ""),
        rule=rule,
        variant=rule.variants.get(kept["variant"]) if rule else None,
        days_since_check=(today - rule.checked_on).days if rule else 0,
        check_again=rule.recheck_due(today) if rule else False,
        newer_pack=bool(rule) and kept.get("version", "").partition("/")[0] != pack.PACK_VERSION,
        first_steps=[] if kept is first else [(text, authority) for text, authority in first["steps"]],
    )


@dataclass(frozen=True, slots=True)
class InSpanish:
    """The same count in Spanish. `translated`: the steps are; an earlier pack's cannot be said again."""

    steps: list[tuple[str, str]]
    translated: bool
    consequence: str
    consequence_translated: bool


def in_spanish(deadline: Deadline) -> InSpanish:
    """Return the steps as kept, in Spanish: counted again, and taken only where that says the same."""
    kept = recounts.in_effect(deadline.computation)
    rule = _rule(kept.get("rule"))
    consequence = rule.consequence if rule else ""
    steps = _spanish_steps(kept)
    return InSpanish(
        steps=steps or [(text, authority) for text, authority in kept["steps"]],
        translated=bool(steps),
        consequence=spanish.phrase(consequence),
        consequence_translated=spanish.is_translated(consequence),
    )


def _spanish_steps(kept: dict[str, Any]) -> list[tuple[str, str]]:
    if not kept.get("rule"):
        if len(kept["steps"]) > PRINTED_ALONE:
            return []
        printed = spanish.printed(date.fromisoformat(kept["legal"]), date.fromisoformat(kept["safe"]))
        return [(step.text, step.authority) for step in printed]
    asked = (kept["rule"], date.fromisoformat(kept["trigger"]), kept["service"], kept["variant"])
    try:
        english, in_words = compute(*asked), compute(*asked, language="es")
    except RuleError:
        return []
    if english.as_json()["steps"] != kept["steps"]:
        return []
    return [(step.text, step.authority) for step in in_words.steps]


def is_opening(deadline: Deadline) -> bool:
    """Whether the date is the first day on which something may be done, not the last."""
    return bool(recounts.in_effect(deadline.computation).get("kind") == "opening")


@dataclass(frozen=True, slots=True)
class Happened:
    """An event of the case in words: what it was, how the paper came, and what was decided."""

    title: str
    service: str
    outcome: str


def happened(event: CaseEvent) -> Happened:
    """Return the event in the catalogue's words, or as it was kept if the catalogue changed since."""
    service = "" if event.service in ("", "n/a") else SERVICES.get(event.service, event.service)
    if event.kind == "printed-date":
        return Happened("", service, "")
    try:
        kind = events.event(event.kind)
    except RuleError:
        return Happened(event.kind, service, event.outcome)
    said = kind.services.get(event.service, service) if service else ""
    return Happened(kind.title, said, kind.outcomes.get(event.outcome, event.outcome))


def _rule(rule_id: str | None) -> Rule | None:
    if not rule_id:
        return None
    try:
        return pack.rule(rule_id)
    except RuleError:
        return None


def _day(text: str | None, otherwise: date) -> date:
    return date.fromisoformat(text) if text else otherwise
