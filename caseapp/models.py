"""The register of tables. Every room's models are named here so Django finds them."""

from caseapp.access.models import Clinic, Invitation, SetupLink, User
from caseapp.audit.models import Anchor, Entry
from caseapp.deadlines.models import CaseEvent, Change, Deadline, Notice
from caseapp.documents.models import Document, OwedRemoval, Version
from caseapp.filings.models import Filing
from caseapp.matters.models import Assignment, Matter, Note, Party, Screen
from caseapp.people.models import Paper, Person, Relation, SafeContact
from caseapp.reminders.models import Dispatch, Feed, Hours, Reminder
from caseapp.retention.models import Hold, Purge
from caseapp.safekeeping.models import Check

__all__ = [
    "Anchor",
    "Assignment",
    "CaseEvent",
    "Change",
    "Check",
    "Clinic",
    "Deadline",
    "Dispatch",
    "Document",
    "Entry",
    "Feed",
    "Filing",
    "Hold",
    "Hours",
    "Invitation",
    "Matter",
    "Note",
    "Notice",
    "OwedRemoval",
    "Paper",
    "Party",
    "Person",
    "Purge",
    "Relation",
    "Reminder",
    "SafeContact",
    "Screen",
    "SetupLink",
    "User",
    "Version",
]
