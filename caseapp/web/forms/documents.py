"""What is typed about documents, and the file that is chosen."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from caseapp.documents.models import Document
from caseapp.documents.receiving import Received
from caseapp.documents.services import Described
from caseapp.web.forms.fields import CleanTextField, DayField
from caseapp.web.uploads import SealedUpload


class SealedFileField(forms.FileField):
    """A file, sealed while it was sent."""

    default_error_messages = {
        "required": _("Choose a file. If you had, it did not arrive: choose it once more."),
        "missing": _("Choose a file. If you had, it did not arrive: choose it once more."),
        "invalid": _("The file did not arrive. Choose it once more."),
        "empty": _("This file is empty. Save it again where it was made, and choose it once more."),
    }


class SendsFile(forms.Form):
    """A form with a file. `problem` is why the file that was sent did not arrive."""

    file = SealedFileField(label=_("File"))

    def __init__(self, *args: Any, problem: str = "", **options: Any) -> None:
        super().__init__(*args, **options)
        self.problem = problem

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.problem:
            self.errors.pop("file", None)
            self.add_error("file", self.problem)
        return cleaned

    @property
    def received(self) -> Received:
        sent = self.cleaned_data["file"]
        assert isinstance(sent, SealedUpload)
        return sent.received


class DescribeDocument(forms.Form):
    """What a document is and until when it is valid."""

    kind = forms.ChoiceField(label=_("What it is"), choices=[("", _("Choose")), *Document.Kind.choices])
    title = CleanTextField(
        label=_("Title"), longest=200, required=False, help_text=_("Left empty, it is called as the file.")
    )
    expires_on = DayField(
        label=_("Valid until"),
        required=False,
        help_text=_("Of a passport, permit or certification: the last day printed on it."),
    )

    @property
    def said(self) -> Described:
        typed = self.cleaned_data
        return Described(kind=typed["kind"], title=typed["title"], expires_on=typed["expires_on"])


class ChangeDocument(DescribeDocument):
    """What is said of a document that is there already."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["title"].help_text = _("Left empty, it stays as it is.")


class AddDocument(DescribeDocument, SendsFile):
    """A new document of a matter."""

    field_order = ["file", "kind", "title", "expires_on"]


class AddVersion(SendsFile):
    """A new version of a document's file."""
