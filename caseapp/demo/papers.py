"""Invented papers for the demo's matters: one-page PDFs that say that they are invented."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from caseapp.access.models import User
from caseapp.documents import services
from caseapp.documents.models import Document
from caseapp.documents.receiving import receive
from caseapp.documents.services import Described
from caseapp.matters.models import Matter

Kind = Document.Kind


@dataclass(frozen=True)
class Paper:
    """One invented paper. `ends_in` days from today it ends; negative, it has ended."""

    kind: Kind
    title: str
    file_name: str
    ends_in: int | None = None


# Every matter gets some of these, so that each kind and each closeness of an end is seen somewhere.
PAPERS = (
    Paper(Kind.PASSPORT, "Passport", "passport scan.pdf", 48),
    Paper(Kind.NOTICE, "Notice to appear", "NTA.pdf"),
    Paper(Kind.IDENTITY, "Birth certificate with translation", "acta de nacimiento.pdf"),
    Paper(Kind.WORK_PERMIT, "Work permit, category C08", "EAD front and back.pdf", -9),
    Paper(Kind.DECLARATION, "Declaration, second draft", "declaration v2.pdf"),
    Paper(Kind.ENTRY, "I-94 from the website", "I-94.pdf", 400),
    Paper(Kind.EVIDENCE, "Photographs of the shop", "fotos de la tienda.pdf"),
    Paper(Kind.MEDICAL, "Psychological evaluation", "evaluation.pdf"),
    Paper(Kind.WORK_PERMIT, "Work permit, category A05", "EAD 2025.pdf", 12),
)


def add_some(number: int, matter: Matter, *, by: User, now: datetime, today: date) -> None:
    """Add one to three papers to an open matter, other ones to the next."""
    if matter.closed_on is not None:
        return
    for step in range(1 + number % 3):
        paper = PAPERS[(number * 2 + step) % len(PAPERS)]
        ends = None if paper.ends_in is None else today + timedelta(days=paper.ends_in)
        said = Described(kind=paper.kind, title=paper.title, expires_on=ends)
        at = now - timedelta(days=3 + step * 11)
        document = services.add_document(
            matter, receive(paper.file_name, pdf(paper.title)), said, by=by, at=at
        )
        if paper.kind == Kind.DECLARATION:
            final = receive("declaration signed.pdf", pdf("Declaration, as signed"))
            services.add_version(document, final, by=by, at=now - timedelta(days=1))


def pdf(title: str) -> bytes:
    """Return a page with the title and a line that says that it is invented."""
    words = title.translate({ord(c): f"\\{c}" for c in "\\()"})
    text = f"BT /F1 20 Tf 72 700 Td ({words}) Tj /F1 12 Tf 0 -30 Td (Invented for the demo.) Tj ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R"
        b" /Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text),
    ]
    page, places = bytearray(b"%PDF-1.4\n"), []
    for number, said in enumerate(objects, 1):
        places.append(len(page))
        page += b"%d 0 obj\n%s\nendobj\n" % (number, said)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    page += b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
    page += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        page.rindex(b"xref\n0"),
    )
    return bytes(page)
