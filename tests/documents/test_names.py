"""What a file is called and what it is, whatever was sent."""

from __future__ import annotations

import pytest

from caseapp.documents.names import LONGEST_NAME, UNKNOWN, clean_name, media_type, title_of

OFFICE = "application/vnd.openxmlformats-officedocument"


@pytest.mark.parametrize(
    "sent, name",
    [
        ("passport.pdf", "passport.pdf"),
        ("Acta de nacimiento (Q'anil).pdf", "Acta de nacimiento (Q'anil).pdf"),
        ("دعوت‌نامه.pdf", "دعوت نامه.pdf"),
        ("出生证明.jpg", "出生证明.jpg"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ana\\I-589 final.docx", "I-589 final.docx"),
        ("a\x00b\r\nc.pdf", "a b c.pdf"),
        ("invoice\u202efdp.exe", "invoice fdp.exe"),
        ("half \ud800.pdf", "half .pdf".replace(" .", ".")),
        ('we "said": so?.pdf', "we _said__ so_.pdf"),
        ("", "document"),
        ("...", "document"),
        ("   .pdf", "pdf"),
        ("Acta de Jose\u0301.pdf", "Acta de José.pdf"),
    ],
)
def test_a_name_keeps_its_script_and_loses_what_is_no_name(sent: str, name: str) -> None:
    assert clean_name(sent) == name


def test_a_long_name_keeps_its_ending() -> None:
    name = clean_name("x" * 5000 + ".pdf")

    assert name.endswith("x.pdf") and len(name) == LONGEST_NAME


def test_the_title_is_the_name_without_its_ending() -> None:
    assert title_of("Birth_certificate of Ana.pdf") == "Birth certificate of Ana"
    assert title_of("letter") == "letter"


@pytest.mark.parametrize(
    "beginning, name, found",
    [
        (b"%PDF-1.7\n", "a.html", "application/pdf"),
        (b"\xff\xd8\xff\xe0", "scan", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "a.pdf", "image/png"),
        (b"\x00\x00\x00\x18ftypheic", "a.jpg", "image/heic"),
        (
            b"PK\x03\x04",
            "brief.docx",
            f"{OFFICE}.wordprocessingml.document",
        ),
        (b"PK\x03\x04", "brief.zip", UNKNOWN),
        (b"<html><script>", "paper.pdf", UNKNOWN),
        (b"<svg onload=x>", "picture.svg", UNKNOWN),
        (b"", "nothing.pdf", UNKNOWN),
    ],
)
def test_what_a_file_is_depends_on_how_it_begins(beginning: bytes, name: str, found: str) -> None:
    assert media_type(beginning, name) == found
