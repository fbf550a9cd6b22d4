"""What happened, as a caseworker records it, and the dates each happening proposes.

Nothing here is a deadline yet: a proposal becomes one when people confirm it. An outcome left
blank is the event's first, which is the one that proposes most.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from caseapp.deadlines.rules.engine import compute
from caseapp.deadlines.rules.errors import UnknownEvent, UnknownService
from caseapp.deadlines.rules.model import SERVICES, Computation
from caseapp.deadlines.rules.pack import rule, rules

ANY_RULE = "other-rule"


@dataclass(frozen=True, slots=True)
class Proposed:
    """One date an event proposes. `variant` None: the one in force for that day and service."""

    rule_id: str
    variant: str | None
    why: str
    outcomes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened. `services` and `outcomes` are what to offer: key -> words."""

    key: str
    title: str
    services: Mapping[str, str]
    outcomes: Mapping[str, str]
    bundle: tuple[Proposed, ...]


@dataclass(frozen=True, slots=True)
class Proposal:
    computation: Computation
    why: str
    protective: bool


NOT_SERVED = {"n/a": "Not served"}
DECISION = {
    "oral": "Given orally",
    "mail": "Mailed",
    "personal": "Handed over",
    "online": "Served electronically",
}
NOTICE = {"mail": "Mailed", "personal": "Handed over", "online": "Posted in the online account"}

APPEAL = "The order becomes final unless the Board receives the appeal by then."
PROTECTIVE = "A rule of 2026 would have made it 10 days; it was vacated. Filing by then is safe either way."
MAXIMUM = "The printed due date controls. This is the most the regulation allows; a later one is a mistake."


EVENTS: tuple[Event, ...] = (
    Event(
        "ij-decision",
        "Immigration judge's decision",
        DECISION,
        {"denied": "Denied, or removal ordered", "granted": "Granted"},
        (
            Proposed("bia-appeal-ij-decision", "30d", APPEAL, ("denied",)),
            Proposed("bia-appeal-ij-decision", "10d-protective", PROTECTIVE, ("denied",)),
            Proposed(
                "motion-to-reconsider",
                "",
                "If no appeal is taken: a motion to reconsider, counted from the decision to be safe.",
                ("denied",),
            ),
            Proposed(
                "motion-to-reopen",
                "conservative",
                "If no appeal is taken: a motion to reopen, counted from the decision to be safe.",
                ("denied",),
            ),
            Proposed(
                "bia-appeal-ij-decision",
                "dhs-watch",
                "The government may appeal until then; the grant is final when the day passes without one.",
                ("granted",),
            ),
        ),
    ),
    Event(
        "bond-decision",
        "Immigration judge's bond decision",
        DECISION,
        {"denied": "Bond denied, or too high", "granted": "Release ordered"},
        (
            Proposed("bond-appeal", "30d", "The bond decision becomes final.", ("denied",)),
            Proposed("bond-appeal", "10d-protective", PROTECTIVE, ("denied",)),
            Proposed(
                "dhs-automatic-stay-monitor",
                "eoir43",
                "Without Form EOIR-43 by then there is no automatic stay: ask for release.",
                ("granted",),
            ),
            Proposed(
                "dhs-automatic-stay-monitor",
                "appeal",
                "Without the government's appeal by then the stay lapses: ask for release.",
                ("granted",),
            ),
        ),
    ),
    Event(
        "in-absentia-order",
        "Removal ordered in absentia",
        DECISION,
        {},
        (
            Proposed(
                "in-absentia-rescission",
                "",
                "No appeal lies. 180 days for exceptional circumstances; lack of notice has no limit.",
            ),
            Proposed(
                "motion-to-reopen",
                "conservative",
                "Any other ground for reopening has 90 days.",
            ),
        ),
    ),
    Event(
        "bia-decision",
        "Decision of the Board of Immigration Appeals",
        {"mail": "Mailed", "online": "Served electronically", "personal": "Handed over"},
        {"dismissed": "Appeal dismissed, or removal ordered", "sustained": "Sustained or remanded"},
        (
            Proposed(
                "pfr-30d",
                "",
                "After that the petition is late, and the court cannot extend the time.",
                ("dismissed",),
            ),
            Proposed(
                "motion-to-reconsider",
                "",
                "A motion to reconsider; it does not stop the 30 days for the court.",
                ("dismissed",),
            ),
            Proposed("motion-to-reopen", "", "A motion to reopen, once.", ("dismissed",)),
        ),
    ),
    Event(
        "faro-or-reinstatement",
        "Final administrative removal order, or reinstatement",
        NOT_SERVED,
        {},
        (
            Proposed(
                "pfr-30d",
                "FARO",
                "The protective petition: the period runs from this order, not from a later fear decision.",
            ),
        ),
    ),
    Event(
        "briefing-schedule",
        "Briefing schedule of the Board",
        NOTICE,
        {},
        (Proposed("bia-brief", None, "The date printed on the schedule controls; this is its check."),),
    ),
    Event(
        "eoir-fee-waiver-denied",
        "Fee waiver refused, in court or at the Board",
        NOTICE,
        {},
        (
            Proposed(
                "eoir-fee-waiver-cure", "", "File again with the fee or a new request, or the filing is lost."
            ),
        ),
    ),
    Event(
        "voluntary-departure",
        "Voluntary departure granted",
        {"oral": "Given orally", "mail": "Mailed"},
        {
            "at-conclusion": "By the judge, at the conclusion",
            "pre-conclusion": "By the judge, before the conclusion",
            "board": "By the Board",
        },
        (
            Proposed(
                "voluntary-departure-period",
                "60d",
                "The date in the order controls; it is never later than this.",
                ("at-conclusion", "board"),
            ),
            Proposed(
                "voluntary-departure-period",
                "120d",
                "The date in the order controls; it is never later than this.",
                ("pre-conclusion",),
            ),
            Proposed(
                "vd-bond", "", "Without the bond the removal order may take effect.", ("at-conclusion",)
            ),
            Proposed(
                "vd-bond", "bia-30bd", "Without the bond the removal order may take effect.", ("board",)
            ),
        ),
    ),
    Event(
        "bia-appeal-filed",
        "Appeal filed after voluntary departure was granted",
        NOT_SERVED,
        {},
        (Proposed("vd-bond-proof-bia", "", "The Board will not reinstate voluntary departure without it."),),
    ),
    Event(
        "nta-served",
        "Notice to Appear served",
        NOTICE,
        {"address-wrong": "The address on it is wrong", "address-right": "The address on it is right"},
        (
            Proposed(
                "eoir33-change-of-address",
                "court",
                "Hearing notices go to the address on the notice: correct it.",
                ("address-wrong",),
            ),
        ),
    ),
    Event(
        "hearing-set",
        "Hearing set",
        NOT_SERVED,
        {"individual": "Individual (merits) hearing", "master": "Master calendar hearing"},
        (
            Proposed("ic-individual-filing", "15d", "Evidence, briefs and witness list.", ("individual",)),
            Proposed(
                "ic-individual-filing",
                "30d",
                "The clinic's own date: some copies of the manual still print 30 days.",
                ("individual",),
            ),
            Proposed(
                "ic-master-filing", "15d", "Anything the judge is to decide at that hearing.", ("master",)
            ),
        ),
    ),
    Event(
        "court-filing-due",
        "Filing date set by the judge",
        NOT_SERVED,
        {},
        (Proposed("ic-judge-set-date", "", "A filing after the date the judge set is waived."),),
    ),
    Event(
        "address-change",
        "Client moved",
        NOT_SERVED,
        {
            "court": "Case before an immigration court",
            "board": "Case before the Board",
            "both": "Before a court and the Board",
            "uscis": "Before USCIS only",
        },
        (
            Proposed("eoir33-change-of-address", "court", "Form EOIR-33/IC to the court.", ("court", "both")),
            Proposed("eoir33-change-of-address", "BIA", "Form EOIR-33/BIA to the Board.", ("board", "both")),
            Proposed("ar11-change-of-address", "", "Form AR-11 to USCIS, whatever else is pending."),
        ),
    ),
    Event(
        "last-entry",
        "Last entry into the United States",
        NOT_SERVED,
        {},
        (Proposed("asylum-one-year-bar", "", "After that asylum is barred, save for an exception."),),
    ),
    Event(
        "asylum-filed",
        "Form I-589 received",
        NOT_SERVED,
        {},
        (
            Proposed(
                "asylum-ead-c8-clock", "file-150", "The first day for Form I-765; stopped days push it out."
            ),
            Proposed("asylum-ead-c8-clock", "grant-180", "The first day a work card may be granted."),
        ),
    ),
    Event(
        "asylum-interview-set",
        "Asylum interview set",
        NOT_SERVED,
        {},
        (Proposed("asylum-interview-evidence-14d", "", "The last day for more evidence."),),
    ),
    Event(
        "uscis-rfe",
        "USCIS request for evidence",
        NOTICE,
        {},
        (Proposed("uscis-rfe-response", None, MAXIMUM),),
    ),
    Event(
        "uscis-noid",
        "USCIS notice of intent to deny",
        NOTICE,
        {},
        (Proposed("uscis-noid-response", "", MAXIMUM),),
    ),
    Event(
        "uscis-denial",
        "USCIS decision against the client",
        NOTICE,
        {
            "denied": "Application or petition denied (Form I-290B)",
            "i130-denied": "I-130 denied (Form EOIR-29)",
            "n400-denied": "N-400 denied (Form N-336)",
            "revoked": "Approved petition revoked",
        },
        (
            Proposed("i290b-appeal-or-motion", "", "Appeal, or motion to reopen or reconsider.", ("denied",)),
            Proposed(
                "bia-appeal-dhs-decision", "", "Appeal to the Board, filed with USCIS.", ("i130-denied",)
            ),
            Proposed("n336-hearing", "", "Request for a hearing on the denial.", ("n400-denied",)),
            Proposed("i290b-revocation-appeal", "", "Appeal of the revocation.", ("revoked",)),
        ),
    ),
)
BY_KEY: Mapping[str, Event] = {event.key: event for event in EVENTS}


def rule_choices() -> tuple[tuple[str, str], ...]:
    """Return every rule and variant that can be asked for by itself, as (outcome, words), by title.

    The outcome of the event "other-rule" is a rule's id, or its id, a slash and a variant's name.
    """
    choices = []
    for each in sorted(rules(), key=lambda rule: rule.title):
        for variant in each.variants.values():
            if not variant.refuses:
                key = f"{each.id}/{variant.name}" if variant.name else each.id
                choices.append((key, f"{each.title}: {variant.meaning}"))
    return tuple(choices)


def event(event_key: str) -> Event:
    """Return one event of the catalogue. Raises UnknownEvent."""
    if event_key == ANY_RULE:
        return Event(ANY_RULE, "Another rule of the pack", SERVICES, dict(rule_choices()), ())
    if event_key not in BY_KEY:
        known = ", ".join([*BY_KEY, ANY_RULE])
        raise UnknownEvent(f"There is no event called {event_key!r}. Use one of {known}.")
    return BY_KEY[event_key]


def proposals(event_key: str, on: date, service: str = "", outcome: str = "") -> list[Proposal]:
    """Return the dates that this event proposes, each with its reason; often several clocks at once.

    Raises UnknownEvent, UnknownService, or whatever refusal the computation gives.
    """
    if event_key == ANY_RULE:
        return [_single_rule(on, service, outcome)]
    happened = event(event_key)
    outcome = outcome or next(iter(happened.outcomes), "")
    service = service or next(iter(happened.services))
    if outcome and outcome not in happened.outcomes:
        known = ", ".join(happened.outcomes) or "none"
        raise UnknownEvent(f"{happened.title} has no outcome {outcome!r}. Use one of {known}.")
    if service not in happened.services and happened.services is not NOT_SERVED:
        raise UnknownService(
            f"{happened.title} is not served as {service!r}. Use one of {', '.join(happened.services)}."
        )
    return [
        _proposal(compute(each.rule_id, on, _counted(each, service), each.variant), each.why)
        for each in happened.bundle
        if not each.outcomes or outcome in each.outcomes
    ]


def _counted(each: Proposed, service: str) -> str | None:
    """Return the service as the rule takes it, or None for a rule that does not look at service."""
    takes = {name for variant in rule(each.rule_id).variants.values() for name in variant.services}
    return service if service in takes else None


def _single_rule(on: date, service: str, outcome: str) -> Proposal:
    rule_id, _, variant = outcome.partition("/")
    chosen = rule(rule_id)
    counted = compute(rule_id, on, service or None, variant or None)
    return _proposal(counted, chosen.variants[counted.variant].meaning)


def _proposal(computation: Computation, why: str) -> Proposal:
    return Proposal(computation, why, computation.protective)
