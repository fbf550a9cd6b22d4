"""How far each invented matter has come: stories that together show every state of a date and a filing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from caseapp.access.models import User
from caseapp.deadlines import services as deadlines
from caseapp.deadlines.models import Change, Deadline
from caseapp.filings import queries as filings_queries
from caseapp.filings import services as filings
from caseapp.filings.models import Filing
from caseapp.filings.services import Sent
from caseapp.matters import services as matters
from caseapp.matters.kinds import kind
from caseapp.matters.models import Matter
from caseapp.retention import services as retention


@dataclass(frozen=True)
class Scene:
    """One matter, who works on it, and what day it is."""

    matter: Matter
    attorney: User
    paralegal: User
    director: User
    now: datetime
    today: date

    def days_ago(self, days: int) -> date:
        return self.today - timedelta(days=days)

    def moment(self, days_ago: int) -> datetime:
        return self.now - timedelta(days=days_ago)

    def note(self, text: str, minutes: int, days_ago: int) -> None:
        at = self.moment(days_ago)
        matters.write_note(self.matter, text=text, minutes=minutes, by=self.attorney, at=at)

    def event(
        self, kind_key: str, *, days_ago: int, service: str = "n/a", outcome: str = ""
    ) -> list[Deadline]:
        _event, proposed = deadlines.record_event(
            self.matter,
            kind=kind_key,
            on=self.days_ago(days_ago),
            service=service,
            outcome=outcome,
            note="",
            by=self.attorney,
            at=self.moment(max(days_ago, 0)),
        )
        return proposed

    def confirm(self, deadline: Deadline, *, days_ago: int) -> None:
        change = deadlines.confirm(deadline, by=self.attorney, at=self.moment(days_ago))
        if change.state == Change.State.WAITING:
            deadlines.second(change, by=self.paralegal, at=self.moment(days_ago) + timedelta(hours=1))


@dataclass(frozen=True)
class Story:
    play: Callable[[Scene], None]
    opened_days_ago: int = 120
    prospect: bool = False


def stages_of(matter: Matter) -> tuple[str, ...]:
    return kind(matter.kind).stages


def nothing_yet(scene: Scene) -> None:
    """Open, quiet, and with no next step: Today says so."""


def appeal_confirmed(scene: Scene) -> None:
    for deadline in scene.event("ij-decision", days_ago=20, service="oral", outcome="denied"):
        if deadline.protective:
            drop(scene, deadline, reason="Thirty days was in force when checked: Amica Center v. EOIR.")
        else:
            scene.confirm(deadline, days_ago=19)
    scene.note(
        "Denied from the bench. Client wants to appeal; explained the fee and the ten-day question.", 35, 20
    )


def drop(scene: Scene, deadline: Deadline, *, reason: str) -> None:
    change = deadlines.drop(deadline, by=scene.attorney, at=scene.moment(10), reason=reason)
    if change.state == Change.State.WAITING:
        deadlines.second(change, by=scene.director, at=scene.moment(9))


def decision_yesterday(scene: Scene) -> None:
    scene.event("ij-decision", days_ago=1, service="oral", outcome="denied")
    scene.note("Family was in the courtroom. Call the brother for the birth certificates.", 20, 1)


def waiting_for_second(scene: Scene) -> None:
    proposed = scene.event("bia-decision", days_ago=9, service="mail", outcome="dismissed")
    deadlines.confirm(proposed[0], by=scene.attorney, at=scene.moment(8))


def request_late(scene: Scene) -> None:
    deadline = deadlines.record_printed_date(
        scene.matter,
        title="Response to request for evidence, I-765",
        due=scene.days_ago(1),
        notice_on=scene.days_ago(60),
        severity=Deadline.Severity.FATAL,
        note="",
        by=scene.attorney,
        at=scene.moment(55),
    )
    scene.confirm(deadline, days_ago=54)


def hearing_ahead(scene: Scene) -> None:
    for deadline in scene.event("hearing-set", days_ago=-33, outcome="individual"):
        scene.confirm(deadline, days_ago=0)


def appeal_filed(scene: Scene) -> None:
    proposed = scene.event("ij-decision", days_ago=40, service="oral", outcome="denied")
    appeal = next(deadline for deadline in proposed if not deadline.protective)
    scene.confirm(appeal, days_ago=38)
    sent = Sent(
        form="EOIR-26",
        how=Filing.How.COURIER,
        filed_on=scene.days_ago(22),
        proof="Stamped copy in the file",
        tracking_number="794600004821",
    )
    filing = filings.record_filing(
        scene.matter, sent, by=scene.attorney, at=scene.moment(22), today=scene.today, meets=appeal
    )
    deadlines.second(filings_queries.met_by(filing)[0], by=scene.paralegal, at=scene.moment(21))
    outcome(scene, filing, Filing.State.RECEIVED, days_ago=20)
    for other in proposed:
        if other.pk != appeal.pk:
            drop(scene, other, reason="The appeal was filed.")


def outcome(scene: Scene, filing: Filing, state: Filing.State, *, days_ago: int) -> None:
    filings.record_outcome(
        filing,
        state=state,
        on=scene.days_ago(days_ago),
        note="",
        by=scene.attorney,
        at=scene.moment(days_ago),
        today=scene.today,
    )


def moved_house(scene: Scene) -> None:
    for deadline in scene.event("address-change", days_ago=4, outcome="court"):
        scene.confirm(deadline, days_ago=3)
    scene.note("Moved in with a cousin; new lease on file.", 10, 4)


def filing_rejected(scene: Scene) -> None:
    sent = Sent(
        form="I-765", how=Filing.How.MAIL, filed_on=scene.days_ago(30), tracking_number="940011189956"
    )
    filing = filings.record_filing(
        scene.matter, sent, by=scene.paralegal, at=scene.moment(30), today=scene.today
    )
    outcome(scene, filing, Filing.State.REJECTED, days_ago=8)
    scene.note("Rejected for the old edition of the form. Refile this week.", 15, 8)


def work_permit_granted(scene: Scene) -> None:
    sent = Sent(
        form="I-765",
        how=Filing.How.ELECTRONIC,
        filed_on=scene.days_ago(90),
        proof="Confirmation page",
        receipt_number="IOE0900000001",
    )
    filing = filings.record_filing(
        scene.matter, sent, by=scene.paralegal, at=scene.moment(90), today=scene.today
    )
    outcome(scene, filing, Filing.State.GRANTED, days_ago=12)
    for deadline in scene.event("asylum-filed", days_ago=100):
        scene.confirm(deadline, days_ago=99)


def closed_last_year(scene: Scene) -> None:
    close(scene, days_ago=300, outcome_text="Granted by the judge")


def due_to_go(scene: Scene) -> None:
    """Closed eight years ago: its purge is proposed for every second one, held for every third."""
    close(scene, days_ago=8 * 366, outcome_text="Withdrawn by the client")
    if scene.matter.keep_until and scene.matter.keep_until <= scene.today:
        if scene.matter.code[-1] in "02468":
            retention.propose_purge(scene.matter, by=scene.director, at=scene.moment(2), today=scene.today)
        elif scene.matter.code[-1] in "13":
            retention.place_hold(
                matter=scene.matter,
                reason="A letter asks for the file",
                authority="Demand of the state bar, counsel is looking at it",
                review_on=scene.today + timedelta(days=30),
                by=scene.attorney,
                at=scene.moment(2),
            )


def close(scene: Scene, *, days_ago: int, outcome_text: str) -> None:
    retention.close_matter(
        scene.matter,
        by=scene.attorney,
        on=scene.days_ago(days_ago),
        at=scene.moment(days_ago),
        outcome=outcome_text,
        kept_as=Matter.Kept.FULL,
    )


STORIES = (
    Story(appeal_confirmed),
    Story(decision_yesterday),
    Story(hearing_ahead),
    Story(request_late),
    Story(appeal_filed),
    Story(nothing_yet, opened_days_ago=31),
    Story(waiting_for_second),
    Story(moved_house),
    Story(work_permit_granted),
    Story(closed_last_year, opened_days_ago=900),
    Story(filing_rejected),
    Story(due_to_go, opened_days_ago=9 * 366),
    Story(nothing_yet, opened_days_ago=6, prospect=True),
)
