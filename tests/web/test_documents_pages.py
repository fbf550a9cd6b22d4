"""Documents at a browser: added in place, downloaded under their name, refused in words."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from caseapp.access.models import User
from caseapp.deadlines import services as deadlines
from caseapp.deadlines.models import Change
from caseapp.documents import services
from caseapp.documents.models import Document, Version
from caseapp.documents.receiving import Received, receive
from caseapp.documents.services import Described
from caseapp.retention import services as retention
from caseapp.vault.storage import LocalStorage, LocalWriting, StorageDown
from tests.conftest import NOW, TODAY, Cast, signed_in

Signed = Callable[[User], Client]
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 1200
SAID = Described(kind="passport", title="Passport", expires_on=date(2027, 1, 31))


@pytest.fixture(autouse=True)
def on_the_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is 3 June 2026 at the clinic, at noon."""
    monkeypatch.setattr("caseapp.clock.now", lambda: NOW)


@pytest.fixture(autouse=True)
def storage_home(settings: Any, tmp_path: Path) -> Path:
    settings.FILES_STORAGE, settings.FILES_DIR = "local", tmp_path / "files"
    found: Path = settings.FILES_DIR
    return found


def file(
    data: bytes = PDF, name: str = "scan.pdf", content_type: str = "application/pdf"
) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, content_type)


def send(browser: Client, cast: Cast, **typed: Any) -> Any:
    given = {"file": file(), "kind": "passport", "title": "", "expires_on": ""} | typed
    return browser.post(reverse("document-new", args=[cast.matter.id]), given)


def kept(cast: Cast, data: bytes = PDF, name: str = "scan.pdf") -> Version:
    document = services.add_document(cast.matter, receive(name, data), SAID, by=cast.ana, at=NOW)
    return document.versions.get()


def download(browser: Client, version: Version, **headers: str) -> Any:
    return browser.get(reverse("document-file", args=[version.id]), headers=headers)


def body(response: Any) -> bytes:
    return b"".join(response.streaming_content)


def stored(home: Path) -> list[str]:
    return [path.name for path in home.rglob("*") if path.is_file()]


def test_a_document_is_added_from_its_matter_and_comes_back_as_it_was(cast: Cast, client_for: Signed) -> None:
    browser = client_for(cast.ana)

    answer = send(browser, cast, expires_on="2027-01-31", title="Mateo's passport")
    page = browser.get(reverse("matter", args=[cast.matter.id])).content.decode()

    assert answer.headers["Location"] == reverse("matter", args=[cast.matter.id]) + "#documents"
    assert "Mateo&#x27;s passport" in page and "valid until" in page
    assert body(download(browser, Version.objects.get())) == PDF


def test_it_is_only_ever_saved_never_shown_or_kept_by_the_browser(cast: Cast, client_for: Signed) -> None:
    answer = download(client_for(cast.ana), kept(cast, name="Pasaporte de José.pdf"))

    assert answer.headers["Content-Disposition"] == (
        "attachment; filename*=utf-8''Pasaporte%20de%20Jos%C3%A9.pdf"
    )
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Accel-Buffering"] == "no"
    assert answer.headers["Content-Length"] == str(len(PDF))


@pytest.mark.parametrize(
    "name", ['a"b.pdf', "دعوت.pdf", "出生证明.pdf", "two\nlines.pdf", "../../x.pdf", "\x00.pdf"]
)
def test_any_name_is_carried_and_none_breaks_the_answer(cast: Cast, client_for: Signed, name: str) -> None:
    version = kept(cast, name=name)

    said = download(client_for(cast.ana), version).headers["Content-Disposition"]

    assert said.startswith("attachment; filename")
    assert not {"\n", "\r", "\0", "/"} & set(said)


def test_a_page_that_calls_itself_a_paper_is_still_not_run(cast: Cast, client_for: Signed) -> None:
    browser = client_for(cast.ana)
    send(browser, cast, file=file(b"<html><script>alert(1)</script>", "a.html", "text/html"))

    answer = download(browser, Version.objects.get())

    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize(
    "asked, start, end",
    [
        ("bytes=0-0", 0, 1),
        ("bytes=10-19", 10, 20),
        ("bytes=131000-131999", 131000, 132000),
        ("bytes=-5", -5, None),
    ]
    + [("bytes=300000-", 300000, None), ("bytes=5-99999999", 5, None)],
)
def test_a_range_of_it_is_given(
    cast: Cast, client_for: Signed, asked: str, start: int, end: int | None
) -> None:
    answer = download(client_for(cast.ana), kept(cast), range=asked)

    assert answer.status_code == 206
    assert body(answer) == PDF[start:end]
    first = start % len(PDF)
    last = (len(PDF) if end is None else end) - 1
    assert answer.headers["Content-Range"] == f"bytes {first}-{last}/{len(PDF)}"


def test_a_range_beyond_it_is_refused_and_one_not_understood_is_the_whole(
    cast: Cast, client_for: Signed
) -> None:
    browser, version = client_for(cast.ana), kept(cast)

    beyond = download(browser, version, range="bytes=999999999-")
    odd = [
        download(browser, version, range=said)
        for said in ("bytes=9-5", "lines=1-2", "bytes=-", "bytes=0-1,4-5")
    ]
    changed = download(browser, version, range="bytes=0-1", **{"if-range": '"another"'})

    assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, f"bytes */{len(PDF)}")
    assert [answer.status_code for answer in [*odd, changed]] == [200] * 5
    assert body(odd[0]) == PDF


def test_asking_only_for_the_headers_reads_no_file(cast: Cast, client_for: Signed) -> None:
    answer = client_for(cast.ana).head(reverse("document-file", args=[kept(cast).id]))

    assert answer.headers["Content-Length"] == str(len(PDF)) and body(answer) == b""


def test_the_page_to_add_one_begins_without_a_complaint(cast: Cast, client_for: Signed) -> None:
    answer = client_for(cast.ana).get(reverse("document-new", args=[cast.matter.id]))

    assert answer.status_code == 200
    assert b"Nothing was done yet" not in answer.content


# Refused in words, with nothing left behind


def test_a_file_over_the_limit_is_refused_with_what_to_do(
    cast: Cast, client_for: Signed, settings: Any, storage_home: Path
) -> None:
    settings.FILE_LIMIT_MB = 1

    answer = send(client_for(cast.ana), cast, file=file(bytes(1024 * 1024 + 1)), title="Kept what was typed")

    said = answer.content.decode()
    assert answer.status_code == 422
    assert "larger than 1 MB" in said and "Scan it in black and white" in said
    assert "Kept what was typed" in said
    assert stored(storage_home) == [] and not Document.objects.exists()


def test_a_file_at_the_limit_is_kept(cast: Cast, client_for: Signed, settings: Any) -> None:
    settings.FILE_LIMIT_MB = 1

    assert send(client_for(cast.ana), cast, file=file(bytes(1024 * 1024))).status_code == 302


@pytest.mark.parametrize(
    "typed, says",
    [
        ({"file": ""}, "Choose a file"),
        ({"file": SimpleUploadedFile("a.pdf", b"")}, "This file is empty"),
        ({"kind": ""}, "required"),
        ({"kind": "no such kind"}, "not one of the available choices"),
        ({"expires_on": "yesterday"}, "There is no such day"),
    ],
)
def test_what_is_missing_or_odd_is_said_and_leaves_nothing(
    cast: Cast, client_for: Signed, storage_home: Path, typed: dict[str, Any], says: str
) -> None:
    answer = send(client_for(cast.ana), cast, **typed)

    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert stored(storage_home) == [] and not Document.objects.exists()


def test_without_the_forms_token_nothing_is_kept(cast: Cast, storage_home: Path) -> None:
    browser = signed_in(cast.ana)
    browser.handler.enforce_csrf_checks = True
    document = kept(cast).document

    answers = [
        send(browser, cast),
        browser.post(reverse("document-version", args=[document.id]), {"file": file()}),
    ]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert len(stored(storage_home)) == 1 and Version.objects.count() == 1


def test_an_upload_that_breaks_off_leaves_nothing(cast: Cast, client_for: Signed, storage_home: Path) -> None:
    cut = b"--x\r\nContent-Disposition: form-data; name=file; filename=a.pdf\r\n\r\n" + PDF

    answer = client_for(cast.ana).post(
        reverse("document-new", args=[cast.matter.id]), cut, content_type="multipart/form-data; boundary=x"
    )

    assert answer.status_code == 422
    assert stored(storage_home) == [] and not Document.objects.exists()


@pytest.mark.parametrize("where", ["__init__", "write", "commit"])
def test_a_storage_that_is_down_is_said_and_nothing_is_kept(
    cast: Cast, client_for: Signed, monkeypatch: pytest.MonkeyPatch, storage_home: Path, where: str
) -> None:
    def down(*_: object) -> None:
        raise StorageDown

    with monkeypatch.context() as broken:
        broken.setattr(LocalWriting, where, down)
        answer = send(client_for(cast.ana), cast)

    assert answer.status_code == 422
    assert "storage of files cannot be used just now" in answer.content.decode()
    assert stored(storage_home) == [] and not Document.objects.exists()


def test_no_readable_byte_of_an_upload_is_given_to_a_file(
    cast: Cast, client_for: Signed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    written: list[bytes] = []
    write = LocalWriting.write

    def listening(self: LocalWriting, data: bytes | memoryview) -> None:
        written.append(bytes(data))
        write(self, data)

    monkeypatch.setattr(LocalWriting, "write", listening)

    send(client_for(cast.ana), cast, file=file(b"%PDF- marked text " * 50_000))

    assert len(b"".join(written)) > 900_000
    assert b"marked text" not in b"".join(written)
    assert list((tmp_path / "temporary").iterdir()) == []


def test_a_form_of_another_page_takes_no_file(cast: Cast, client_for: Signed, storage_home: Path) -> None:
    client_for(cast.ana).post(reverse("note-new", args=[cast.matter.id]), {"text": "x", "file": file()})

    assert stored(storage_home) == []


def test_a_volunteer_adds_one_and_someone_on_a_closed_matter_cannot(cast: Cast, client_for: Signed) -> None:
    added = send(client_for(cast.vic), cast)
    type(cast.matter).objects.filter(pk=cast.matter.pk).update(
        closed_on=TODAY, kept_as="FULL", keep_until=TODAY + timedelta(days=9)
    )
    refused = send(client_for(cast.vic), cast)

    assert (added.status_code, refused.status_code) == (302, 403)


# The document's page


def test_its_page_shows_what_it_is_and_every_version(cast: Cast, client_for: Signed) -> None:
    browser, version = client_for(cast.ana), kept(cast)
    sent = browser.post(
        reverse("document-version", args=[version.document_id]), {"file": file(b"%PDF-2", "b.pdf")}
    )

    page = browser.get(reverse("document", args=[version.document_id])).content.decode()

    assert sent.status_code == 302
    assert "scan.pdf" in page and "b.pdf" in page and "version 2" in page and "Kept" in page


def test_what_is_said_of_it_can_be_changed(cast: Cast, client_for: Signed) -> None:
    version = kept(cast)

    client_for(cast.ana).post(
        reverse("document-edit", args=[version.document_id]),
        {"kind": "work permit", "title": "EAD", "expires_on": ""},
    )

    document = Document.objects.get()
    assert (document.kind, document.title, document.expires_on) == ("work permit", "EAD", None)


def test_it_is_removed_for_good(cast: Cast, client_for: Signed) -> None:
    version = kept(cast)

    answer = client_for(cast.ana).post(reverse("document-remove", args=[version.document_id]))

    assert answer.headers["Location"].endswith("#documents")
    assert not Document.objects.exists() and not Version.objects.exists()


def test_a_hold_is_named_instead_of_removing_it(cast: Cast, client_for: Signed) -> None:
    version, later = kept(cast), TODAY + timedelta(days=30)
    retention.place_hold(matter=cast.matter, reason="r", authority="a", review_on=later, by=cast.ana, at=NOW)
    browser = client_for(cast.ana)

    answer = browser.post(
        reverse("document-remove", args=[version.document_id]), follow=True
    ).content.decode()

    assert "A hold stands on this matter" in answer and "Remove it for good" not in answer
    assert Document.objects.exists()


def test_a_damaged_file_is_named_as_such(cast: Cast, client_for: Signed, storage_home: Path) -> None:
    version = kept(cast)
    path = LocalStorage(storage_home)._path(version.id)
    path.write_bytes(path.read_bytes()[:-1])

    answer = client_for(cast.ana).get(reverse("document-file", args=[version.id]), follow=True)

    assert "altered or cut short in the storage" in answer.content.decode()


def test_a_document_may_show_that_a_date_was_met(cast: Cast, client_for: Signed) -> None:
    version, due = kept(cast), TODAY + timedelta(days=20)
    deadline = deadlines.record_printed_date(
        cast.matter, title="Reply", due=due, notice_on=TODAY, severity="serious", note="", by=cast.ana, at=NOW
    )
    browser = client_for(cast.ana)

    browser.post(
        reverse("deadline-met", args=[deadline.id]),
        {"on": "2026-06-03", "proof": "", "document": str(version.document_id)},
    )
    page = browser.get(reverse("deadline", args=[deadline.id])).content.decode()

    assert Change.objects.get(kind=Change.Kind.MEET).document_id == version.document_id
    assert reverse("document", args=[version.document_id]) in page


def test_ten_megabytes_are_sealed_and_kept_within_a_second_and_a_half(cast: Cast, client_for: Signed) -> None:
    browser, big = client_for(cast.ana), file(PDF * 34)
    began = time.process_time()

    assert send(browser, cast, file=big).status_code == 302

    assert time.process_time() - began < 1.5


def test_nothing_of_a_file_on_its_way_in_is_printed() -> None:
    received = Received("secret name.pdf")
    try:
        assert "secret" not in f"{received} {received!r} {received.file!r}"
    finally:
        received.discard()
