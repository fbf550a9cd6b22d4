"""What is typed about events and dates."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from caseapp.deadlines import printed
from caseapp.deadlines.models import Deadline
from caseapp.deadlines.rules.events import ANY_RULE, EVENTS, Event
from caseapp.documents.models import Document
from caseapp.filings.models import Filing
from caseapp.web.forms.fields import CleanTextField, DayField

# What happened, by where it comes from. An event in no list stands under "Other".
PLACES: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (
        _("Immigration court"),
        ("ij-decision", "hearing-set", "nta-served", "court-filing-due", "bond-decision", "in-absentia-order")
        + ("voluntary-departure", "eoir-fee-waiver-denied"),
    ),
    (
        _("Board and court of appeals"),
        ("bia-decision", "briefing-schedule", "bia-appeal-filed", "faro-or-reinstatement"),
    ),
    (_("USCIS"), ("uscis-rfe", "uscis-noid", "uscis-denial", "asylum-interview-set", "asylum-filed")),
    (_("The client"), ("address-change", "last-entry")),
)


def kinds_of_event() -> list[tuple[Any, list[Event]]]:
    """Return the catalogue's events under the place each comes from."""
    left = {event.key: event for event in EVENTS}
    groups = [(place, [left.pop(key) for key in keys if key in left]) for place, keys in PLACES]
    return [*groups, (_("Other"), list(left.values()))] if left else groups


class RecordEvent(forms.Form):
    """One event of the kind chosen: when, how it was served, what was decided."""

    on = DayField(label=_("On which day"))
    service = forms.ChoiceField(label=_("How it reached the client"), widget=forms.RadioSelect)
    outcome = forms.ChoiceField(label=_("What was decided"), widget=forms.RadioSelect)
    note = CleanTextField(
        label=_("Note"),
        longest=1000,
        lines=True,
        required=False,
        help_text=_(
            "What the paper says that the dates do not: the judge, the courtroom, what was reserved."
        ),
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, kind: Event, **options: Any) -> None:
        super().__init__(*args, **options)
        self.kind = kind
        self._offer("service", kind.services)
        self._offer("outcome", kind.outcomes)
        if kind.key == ANY_RULE:
            self.fields["outcome"].label = _("Rule")
            self.fields["outcome"].widget = forms.Select(choices=list(kind.outcomes.items()))

    def _offer(self, name: str, choices: Any) -> None:
        """Offer the choices, the first one chosen; where there is nothing to choose, do not ask."""
        if len(choices) < 2:
            del self.fields[name]
            return
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = list(choices.items())
        if name == "service":
            field.initial = next(iter(choices))

    def said(self) -> dict[str, Any]:
        """Return what was typed, with the only choice where there was none to make."""
        only = {
            "service": next(iter(self.kind.services), "n/a"),
            "outcome": next(iter(self.kind.outcomes), ""),
        }
        return only | self.cleaned_data


class RecordPrintedDate(forms.Form):
    """A date that a notice prints or a judge set."""

    title = CleanTextField(
        label=_("What is due"),
        longest=200,
        help_text=_(
            "In a few words, as you would tell a colleague: “Response to the request for evidence, I-765”."
        ),
    )
    notice = forms.ChoiceField(
        label=_("Which notice"),
        required=False,
        help_text=_("For these the printed date is checked against the count."),
    )
    service = forms.ChoiceField(
        label=_("How it reached the client"),
        required=False,
        choices=[
            ("n/a", _("Not said")),
            ("mail", _("Mailed")),
            ("personal", _("Handed over")),
            ("online", _("Electronically")),
        ],
    )
    due = DayField(label=_("The date printed"), help_text=_("The last day, exactly as the paper says it."))
    notice_on = DayField(label=_("Date of the notice"))
    severity = forms.ChoiceField(
        label=_("If it is missed"),
        widget=forms.RadioSelect,
        choices=[
            (Deadline.Severity.FATAL.value, _("Fatal: the case or a right is lost. Two people confirm it.")),
            (Deadline.Severity.SERIOUS.value, _("Serious: harm that can perhaps be repaired.")),
            (Deadline.Severity.ADVISORY.value, _("Advisory: the clinic's own date.")),
        ],
        initial=Deadline.Severity.FATAL.value,
    )
    note = CleanTextField(
        label=_("Note"), longest=1000, required=False, lines=True, widget=forms.Textarea(attrs={"rows": 2})
    )
    as_printed = forms.BooleanField(
        label=_("The paper says so, although the count gives an earlier day"),
        required=False,
        help_text=_("Tick it only after looking again at the paper."),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["notice"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("Another paper, or a date the judge set")), *printed.notices()]

    def clean_service(self) -> str:
        return self.cleaned_data["service"] or "n/a"


class MarkMet(forms.Form):
    """When what was due was done, and what proves it."""

    on = DayField(label=_("Done on"))
    filing = forms.TypedChoiceField(label=_("Filed as"), required=False, empty_value=None)
    document = forms.TypedChoiceField(label=_("Shown by the document"), required=False, empty_value=None)
    proof = CleanTextField(
        label=_("Proof"),
        longest=1000,
        required=False,
        help_text=_("A tracking number, a stamped copy and where it lies, who received it."),
    )

    def __init__(
        self, *args: Any, filings: Iterable[Filing] = (), documents: Iterable[Document] = (), **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self.filings = {str(filing.id): filing for filing in filings}
        self.documents = {str(document.id): document for document in documents}
        self._offer("filing", _("Not one of these filings"), {k: str_of(f) for k, f in self.filings.items()})
        titles = {key: document.title for key, document in self.documents.items()}
        self._offer("document", _("Not one of these documents"), titles)

    def _offer(self, name: str, none: Any, choices: dict[str, str]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        if choices:
            field.choices = [("", none), *choices.items()]
        else:
            del self.fields[name]


def str_of(filing: Filing) -> str:
    """Say which filing it is, in one line."""
    return _("%(form)s, filed %(day)s") % {"form": filing.form, "day": f"{filing.filed_on:%-d %b %Y}"}


class Move(forms.Form):
    legal = DayField(label=_("New last lawful day"))
    reason = CleanTextField(
        label=_("Reason and authority"),
        longest=1000,
        lines=True,
        help_text=_("The order, notice or rule that moves it. The computed date stays beside the new one."),
    )


class Drop(forms.Form):
    reason = CleanTextField(
        label=_("Why it no longer applies"),
        longest=1000,
        lines=True,
        help_text=_("It stays in the history, and can be opened again."),
    )


class Reopen(forms.Form):
    reason = CleanTextField(
        label=_("Why it is open again"),
        longest=1000,
        lines=True,
        help_text=_("One person is enough for this."),
    )
