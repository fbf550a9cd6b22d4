"""What the people of one clinic do, page by page, and every value they type while doing it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from email.message import Message
from pathlib import Path
from typing import Any

from tests.e2e.house import House
from tests.e2e.people_at_work import Chromium, Worker

CLINIC = "Clínica Garza Blanca"
CLIENT = {
    "given_names": "Mateo Q'anil",
    "first_surname": "Pascual",
    "second_surname": "Andrés",
    "own_script": "Matéw Q'anil Paxkwal",
    "birth_date": "1989-02-11",
    "a_number": "A201-555-902",
    "country": "Guatemala",
    "language": "Q'anjob'al",
    "address": "+1 212 555 0142",
    "hours": "after 18:00, never on market days",
    "instructions": "Never leave a voicemail: heron-77f3a9",
}
DAUGHTER = {
    "kind": "daughter",
    "given_names": "Eulalia",
    "first_surname": "Pascual",
    "second_surname": "Domingo",
    "birth_date": "2012-03-09",
    "a_number": "A201-555-903",
}
OTHER_CLIENT = {"given_names": "Noor Jahan", "first_surname": "Rahimi", "a_number": "A204-111-222"}
SAID = {
    "event": "Courtroom 14, Judge Okonkwo reserved nothing",
    "note": "Brother brings the birth certificates on Friday: osier-31bb07",
    "proof": "Stamped copy in the red folder",
    "tracking": "794644790138",
    "outcome": "Board sustained the appeal: linden-9041",
    "hold": "A letter from the county asks for the file: sedge-5512",
    "authority": "Subpoena 26-cv-00881",
}
# A document: its title, what its file is called, and what stands in it.
PAPER = {
    "title": "Acta de nacimiento: alder-4471",
    "name": "Xolop Chavajay acta.pdf",
    "words": "Witnessed by Petrona Xolop Chavajay: willow-8823",
}
STAFF = {"carmen": "Carmen Sotomayor", "dolores": "Dolores Rivascal", "ana": "Ana Brandtner"}

# Every value that must lie nowhere in the clear, with the other ways in which it is written.
MARKED = [
    CLINIC,
    *(v for k, v in CLIENT.items() if k not in ("a_number", "address", "birth_date")),
    *(v for k, v in DAUGHTER.items() if k in ("given_names", "second_surname")),
    *(v for k, v in OTHER_CLIENT.items() if k != "a_number"),
    *("A201-555-902", "201555902", "A201-555-903", "201555903", "A204-111-222", "204111222"),
    *("+1 212 555 0142", "12125550142", "2125550142", "212-555-0142"),
    *("1989-02-11", "2012-03-09"),
    *SAID.values(),
    *PAPER.values(),
    *STAFF.values(),
    *("EOIR-26", "asylum-defensive", "bia-appeal-ij-decision", "Board of Immigration Appeals"),
]

PROTECTIVE = ".tag:text-is('protective')"


class Clinic:
    """The three colleagues at their browsers, and what they do."""

    def __init__(self, house: House, chromium: Chromium, pictures: Path) -> None:
        self.house = house

        def worker(key: str) -> Worker:
            return Worker(chromium, house.address, STAFF[key], f"{key}@clinic.example", pictures)

        self.carmen, self.dolores, self.ana = worker("carmen"), worker("dolores"), worker("ana")
        self.code = ""
        self.matter = ""
        self.client = ""

    @property
    def everyone(self) -> list[Worker]:
        return [self.carmen, self.dolores, self.ana]

    def open(self, link: str) -> None:
        """The director makes the clinic with a passkey, and lets two colleagues in."""
        self.carmen.set_up_clinic(link, CLINIC)
        self.carmen.add_passkey()
        self.dolores.join(self.invite(self.dolores, "ATTORNEY"))
        self.dolores.add_passkey()
        self.ana.join(self.invite(self.ana, "PARALEGAL"))
        self.ana.add_app()

    def invite(self, colleague: Worker, role: str) -> str:
        self.carmen.go("/clinic/")
        self.carmen.fill(email=colleague.email)
        self.carmen.page.locator("main form select[name=role]").last.select_option(role)
        self.carmen.click("Make the link")
        return self.carmen.page.locator("#link").inner_text()

    def record_client(self) -> None:
        self.ana.go("/clients/new/")
        self.fill_person(self.ana, {**CLIENT, "a_number": "A201-555"})
        self.ana.click("Save")
        self.ana.sees("An A-number has 7 to 9 digits; this has 6")
        assert self.ana.page.locator("main [name=first_surname]").input_value() == "Pascual", (
            "what was typed is lost"
        )
        self.ana.fill(a_number=CLIENT["a_number"])
        self.ana.click("Save")
        self.ana.page.wait_for_url(re.compile(r"/clients/[0-9a-f-]{36}/$"))
        self.client = self.ana.page.url.removeprefix(self.house.address)

    def fill_person(self, worker: Worker, said: dict[str, str]) -> None:
        page = worker.page
        worker.fill(**said)
        if said is not DAUGHTER:
            page.locator("main [name=interpreter]").check()
            page.locator("main [name=channel]").select_option("text")

    def record_daughter_and_open_matter(self) -> None:
        self.ana.page.get_by_role("link", name="Add a family member").click()
        self.ana.fill(**DAUGHTER)
        self.ana.click("Save")
        self.ana.sees("Eulalia Pascual Domingo")
        self.ana.page.get_by_role("link", name="Open a matter").click()
        self.ana.page.locator("main [name=kind]").select_option("asylum-defensive")
        self.ana.page.locator("main [name=derivatives]").check()
        self.ana.click("Open the matter")
        self.ana.page.wait_for_url(re.compile(r"/matters/[0-9a-f-]{36}/$"))
        self.matter = self.ana.page.url.removeprefix(self.house.address)
        self.code = self.ana.page.locator("main .code").first.inner_text()
        self.ana.page.get_by_text("Put someone on it").click()
        self.ana.page.locator("main [name=colleague]").first.select_option(
            label=option_with(self.ana, "Dolores")
        )
        self.ana.page.locator("main form:has([name=colleague]) [name=role]").first.select_option("ATTORNEY")
        self.ana.click("Put on the matter")
        self.ana.sees("Dolores Rivascal")

    def enter_decision(self) -> None:
        self.dolores.go(self.matter)
        self.dolores.page.get_by_role("link", name="Add a date").first.click()
        self.dolores.page.get_by_role("link", name="Immigration judge's decision").click()
        self.dolores.fill(on="2026-06-03", note=SAID["event"])
        self.dolores.page.locator("main [name=service][value=oral]").check()
        self.dolores.page.locator("main [name=outcome][value=denied]").check()
        self.dolores.click("Propose the dates")
        self.dolores.page.wait_for_url(re.compile(r"/events/[0-9a-f-]{36}/$"))

    def proposals(self) -> dict[str, str]:
        """Return what stands on each proposal, by its title; a protective one's title says so."""
        found = {}
        for sheet in self.dolores.page.locator("main .sheet:has(.trio)").all():
            protective = sheet.locator(PROTECTIVE).count()
            title = sheet.locator("h2").first.inner_text()
            found[title + (", protective" if protective else "")] = sheet.inner_text()
        return found

    def agree(self, worker: Worker, deadline: str) -> None:
        worker.go(deadline)
        worker.click("Agree")

    def file_appeal(self, deadline: str) -> None:
        self.dolores.go(self.matter)
        self.dolores.page.get_by_role("link", name="Record a filing").click()
        self.dolores.page.locator("main [name=form]").select_option("EOIR-26")
        self.dolores.page.locator("main [name=how]").select_option("courier")
        self.dolores.fill(filed_on="2026-06-25", tracking_number=SAID["tracking"], proof=SAID["proof"])
        self.dolores.page.locator("main [name=meets]").select_option(deadline.strip("/").rpartition("/")[2])
        self.dolores.click("Record the filing")

    def drop_open_dates(self) -> None:
        """Say of every date still open that it no longer applies; Ana agrees to the fatal ones."""
        while True:
            self.dolores.go(f"{self.matter}close/")
            still = self.dolores.page.locator("main .rows a")
            if not still.count():
                return
            address = still.first.get_attribute("href") or ""
            self.dolores.go(f"{address}drop/")
            self.dolores.fill(reason="The appeal was filed and sustained.")
            self.dolores.page.locator("main form button.primary").click()
            self.dolores.wait_for_answer()
            self.dolores.page.wait_for_load_state()
            self.ana.go(address)
            if self.ana.page.get_by_role("button", name="Agree").count():
                self.ana.click("Agree")

    def write_note(self) -> None:
        self.dolores.go(self.matter)
        self.dolores.fill(text=SAID["note"])
        self.dolores.page.locator("main form:has([name=text]) button").first.click()
        self.dolores.wait_for_answer()
        self.dolores.sees("osier-31bb07")

    def add_document(self) -> bytes:
        """Add a document from the matter's page, fetch its file again, and return what it was."""
        paper = b"%PDF-1.7\n" + (PAPER["words"] + "\n").encode() * 20_000
        file: Any = {"name": PAPER["name"], "mimeType": "application/pdf", "buffer": paper}
        page = self.dolores.page
        self.dolores.go(self.matter)
        page.get_by_text("Add a document").first.click()
        page.locator("#documents [name=file]").set_input_files(file)
        page.locator("#documents [name=kind]").select_option("identity")
        page.locator("#documents [name=title]").fill(PAPER["title"])
        self.dolores.click("Add the document")
        self.dolores.sees("alder-4471")
        with page.expect_download() as fetched:
            page.locator("#documents .act a").first.click()
        assert fetched.value.suggested_filename == PAPER["name"]
        assert fetched.value.path().read_bytes() == paper
        self.document = page.locator("#documents .what a").first.get_attribute("href") or ""
        return paper

    def close_matter(self, on: str) -> None:
        self.dolores.go(f"{self.matter}close/")
        self.dolores.fill(outcome=SAID["outcome"], closed_on=on)
        self.dolores.page.locator("main [name=kept_as]").select_option("FULL")
        self.dolores.click("See until when it is kept")
        self.dolores.sees("Kept until")
        self.dolores.click("Close the matter")
        self.dolores.page.wait_for_url(lambda url: url.endswith(self.matter))

    def record_other_client(self) -> str:
        """A second client with a matter of their own, who is to stay; return the page's address."""
        self.ana.go("/clients/new/")
        self.ana.fill(**OTHER_CLIENT)
        self.ana.click("Save")
        self.ana.page.wait_for_url(re.compile(r"/clients/[0-9a-f-]{36}/$"))
        address = self.ana.page.url.removeprefix(self.house.address)
        self.ana.page.get_by_role("link", name="Open a matter").click()
        self.ana.page.locator("main [name=kind]").select_option("asylum-affirmative")
        self.ana.click("Open the matter")
        self.ana.page.wait_for_url(re.compile(r"/matters/[0-9a-f-]{36}/$"))
        return address

    def place_hold(self) -> None:
        self.dolores.go(self.matter)
        self.dolores.page.get_by_role("link", name="Place a hold").click()
        self.dolores.fill(reason=SAID["hold"], authority=SAID["authority"], review_on="2040-01-02")
        self.dolores.page.locator("main form button.primary").click()
        self.dolores.wait_for_answer()

    def find(self, worker: Worker, text: str) -> str:
        """Type into the search box and return what it finds."""
        worker.page.locator("#q").fill("")
        worker.page.locator("#q").fill(text)
        worker.page.wait_for_timeout(700)
        return worker.page.locator("#found").inner_text()


def option_with(worker: Worker, words: str) -> str:
    """Return the full label of the option that contains the words."""
    options = worker.page.locator("main [name=colleague]").first.locator("option").all_inner_texts()
    return next(option for option in options if words in option)


def wait_until(true: Callable[[], Any], *, seconds: float, what: str) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"waited {seconds} s for {what}"
        time.sleep(0.2)


def words_of(message: Message) -> str:
    payload = message.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode()
