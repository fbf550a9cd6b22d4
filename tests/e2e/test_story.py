"""One matter, from the first call to the purge: what a clinic does, and what a thief would find.

1.  Start on an empty directory; the set-up link makes the clinic; colleagues join with passkey or app.
2.  Ana records a client and his daughter and opens a defensive asylum matter; Dolores is its attorney.
3.  Dolores enters the judge's oral decision of 3 June 2026. The appeal is proposed: legal 6 July, safe
    2 July, and the protective ten-day date. She confirms; it is a deadline when Ana agrees.
4.  Reminders arrive by SMTP, name nobody, and do the right thing twice the same night and after kill -9.
5.  The appeal is filed and meets its deadline, once Ana agrees. A document is added and lies there sealed.
6.  Search finds the client by either surname, without accents, in another order, and by A-number.
7.  The matter closes and shows until when it is kept. A hold stops the purge; two people approve it.
8.  The hunt finds nothing that was typed, anywhere. An old dump beside today's keyring stays shut.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.e2e.house import REPOSITORY, House
from tests.e2e.hunt import Hunt
from tests.e2e.loot import sightings
from tests.e2e.people_at_work import Chromium
from tests.e2e.story import CLIENT, MARKED, PAPER, PROTECTIVE, STAFF, Clinic, wait_until, words_of

pytestmark = pytest.mark.e2e

PICTURES = REPOSITORY / "test-output" / "pictures"
APPEAL = "BIA appeal from immigration judge decision"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    # Short, because a socket's path may have 107 bytes only.
    house = House(tmp_path / "var")
    house.set_clock("2026-06-03 15:30")
    yield house
    house.close()


def test_one_matter_from_the_first_call_to_the_purge(house: House) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    with Chromium() as chromium:
        clinic = Clinic(house, chromium, PICTURES)
        clinic.open(house.start_new())
        only_one_clinic_comes_of_a_link(clinic)
        clinic.record_client()
        clinic.record_daughter_and_open_matter()
        names_survive_as_typed(clinic)
        appeal = the_decision_proposes_the_appeal(clinic)
        a_fatal_date_asks_a_second_person(clinic, appeal)
        reminders_go_out_and_name_nobody(clinic)
        nothing_is_lost_by_kill_nine(clinic)
        the_filing_meets_the_deadline(clinic, appeal)
        a_document_is_sealed_wherever_it_lies(clinic)
        search_finds_him(clinic)
        other = clinic.record_other_client()
        the_worker_can_open_nothing(clinic)
        it_works_without_javascript(clinic)
        look_at_every_page(clinic, appeal)
        dump = house.dump("amparo")
        purged = the_matter_closes_and_goes(clinic)
        only_references_remain(clinic, purged)
        the_hunt_finds_nothing(clinic)
        an_old_dump_stays_shut(clinic, dump, purged, other)
        nobody_complained(clinic)
    assert house.stop() == 0


def only_one_clinic_comes_of_a_link(clinic: Clinic) -> None:
    for worker in clinic.everyone:
        assert worker.recovery_codes, f"{worker.name} has no recovery codes"
    clinic.carmen.click("Lock")
    assert "/sign-in/" in clinic.carmen.page.url
    clinic.carmen.sign_in()
    assert clinic.carmen.page.url.rstrip("/") == clinic.house.address


def names_survive_as_typed(clinic: Clinic) -> None:
    clinic.dolores.go(clinic.client)
    shown = clinic.dolores.text()

    assert "Mateo Q'anil Pascual Andrés" in shown
    assert CLIENT["own_script"] in shown
    assert "201" not in shown and "902" in shown, "the A-number is masked but for its last digits"
    clinic.dolores.click("Show A-number")
    clinic.dolores.sees("201-555-902")


def the_decision_proposes_the_appeal(clinic: Clinic) -> str:
    clinic.enter_decision()
    clinic.dolores.look("proposals")
    proposals = clinic.proposals()
    appeal = proposals[f"{APPEAL} (EOIR-26)"]
    protective = proposals[f"{APPEAL} (EOIR-26), protective"]

    assert "Thu 2 Jul 2026" in appeal and "Mon 6 Jul 2026" in appeal and "Fri 3 Jul 2026" in appeal
    assert "vacated" in protective.lower()
    assert "Fri 12 Jun 2026" in protective and "Mon 15 Jun 2026" in protective
    page = clinic.dolores.page
    sheet = page.locator("main .sheet:has(.trio)").filter(has_not=page.locator(PROTECTIVE))
    address = sheet.first.locator("h2 a").get_attribute("href") or ""
    sheet.first.get_by_role("button").filter(has_text="Confirm").click()
    clinic.dolores.wait_for_answer()
    return address


def a_fatal_date_asks_a_second_person(clinic: Clinic, appeal: str) -> None:
    clinic.dolores.go(appeal)
    assert clinic.dolores.page.get_by_role("button", name="Agree").count() == 0
    steps = clinic.dolores.page.locator("main ol.steps").inner_text()
    assert "8 CFR 1003.38(b)" in steps and "day 0" in steps.lower() and "Independence Day" in steps
    clinic.ana.go("/")
    clinic.ana.sees("BIA appeal")
    clinic.agree(clinic.ana, appeal)
    clinic.ana.sees("Agreed")
    history = clinic.ana.text()
    assert STAFF["dolores"] in history and STAFF["ana"] in history


def reminders_go_out_and_name_nobody(clinic: Clinic) -> None:
    house = clinic.house
    arrived = house.mailbox.arrived
    on_it, above = {clinic.dolores.email, clinic.ana.email}, {clinic.carmen.email}

    def told() -> set[str]:
        return {message["To"] for message in arrived if str(message["Subject"]).startswith("A date")}

    wait_until(lambda: told() == on_it, seconds=60, what="the first reminder of what was entered today")
    arrived.clear()
    house.set_clock("2026-06-11 07:00")
    wait_until(lambda: told() == on_it | above, seconds=60, what="a reminder to both, and to the director")
    assert "nobody has answered" in words_of(next(m for m in arrived if m["To"] in above))
    for message in arrived:
        days = r"\d+ days?" if message["To"] in above else "21 days"
        assert re.search(rf"{clinic.code}: {days} left to act", words_of(message))
        assert house.address in words_of(message)
        assert Hunt(MARKED).look("mail", message.as_bytes()) == []
    house.set_clock("2026-06-11 22:00")
    before = len(arrived)
    time_passes(seconds=8)
    assert len(arrived) == before, "the same night twice is one reminder"


def time_passes(*, seconds: float) -> None:
    """Let beat tick a few times: what must not happen needs time to not happen in."""
    subprocess.run([sys.executable, "-c", f"import time; time.sleep({seconds})"], check=True)


def nothing_is_lost_by_kill_nine(clinic: Clinic) -> None:
    house = clinic.house
    house.kill()
    house.mailbox.arrived.clear()
    house.set_clock("2026-06-19 07:00")
    house.start()
    wait_until(
        lambda: len(house.mailbox.arrived) >= 2, seconds=60, what="the reminder of the 18th, a day late"
    )
    for message in house.mailbox.arrived:
        if message["To"] != clinic.carmen.email:
            assert f"{clinic.code}: 13 days left to act" in words_of(message)
    clinic.dolores.go(clinic.matter)
    clinic.dolores.sees("2 Jul 2026")
    clinic.dolores.go("/")
    clinic.dolores.look("today-to-answer")
    clinic.dolores.page.locator("section:has(#answer-h) button").first.click()
    clinic.dolores.wait_for_answer()
    clinic.dolores.sees("Noted that you have seen it.")


def the_filing_meets_the_deadline(clinic: Clinic, appeal: str) -> None:
    clinic.house.set_clock("2026-06-25 16:00")
    clinic.write_note()
    clinic.file_appeal(appeal)
    clinic.dolores.go(appeal)
    assert "waiting" in clinic.dolores.text().lower() or "second person" in clinic.dolores.text().lower()
    clinic.agree(clinic.ana, appeal)
    clinic.ana.go(appeal)
    clinic.ana.sees("Thu 25 Jun 2026")
    clinic.ana.go(clinic.matter)
    clinic.ana.sees("EOIR-26")


def a_document_is_sealed_wherever_it_lies(clinic: Clinic) -> None:
    """It comes back whole, and nothing of it is found while it lies there, nor a temporary file of it."""
    paper = clinic.add_document()
    house = clinic.house

    (stored,) = [path for path in (house.state / "files").rglob("*") if path.is_file()]
    assert stored.stat().st_size >= len(paper)
    assert Hunt(PAPER.values()).look_under(house.state) == []


def search_finds_him(clinic: Clinic) -> None:
    clinic.ana.go("/clients/")
    for typed in (
        "andres",
        "Pascual",
        "andrés mateo",
        "PASCUAL ANDRES",
        "mateo q’anil",
        "A201555902",
        "201-555-902",
    ):
        found = clinic.find(clinic.ana, typed)
        assert "Pascual Andrés" in found, f"{typed!r} finds {found!r}"
    assert "Pascual" not in clinic.find(clinic.ana, "Villanueva")
    assert clinic.code in clinic.find(clinic.ana, clinic.code.lower())


def the_worker_can_open_nothing(clinic: Clinic) -> None:
    """Worker and beat were not told where the root key is, and their role in the keyring reads no key."""
    house = clinic.house
    told = [process.environ() for process in processes_of(house) if "celery" in " ".join(process.cmdline())]
    assert len(told) >= 2
    for environment in told:
        assert environment["AMPARO_ROLE"] == "worker"
        assert not [name for name in environment if "ROOT_KEY" in name or name.endswith(("_OWNER", "_WEB"))]
    said = open_each(house, role="worker")
    assert len(said) == 3
    assert all(line.endswith("stays shut") for line in said.values())


def processes_of(house: House) -> list[psutil.Process]:
    return psutil.Process(house.pid).children(recursive=True)


def it_works_without_javascript(clinic: Clinic) -> None:
    plain = clinic.ana.without_javascript()
    plain.sign_in_with_app()
    plain.go("/search/")
    plain.page.locator("main [name=q]").fill("andres")
    plain.click("Search")
    plain.sees("Pascual Andrés")
    plain.go(clinic.client)
    plain.click("Show A-number")
    plain.sees("201-555-902")
    plain.go(f"{clinic.matter}events/new/?kind=address-change")
    plain.fill(on="2026-06-20")
    plain.page.locator("main [name=outcome][value=court]").check()
    plain.click("Propose the dates")
    plain.sees("EOIR-33")
    plain.page.get_by_role("button", name="Lock").click()
    assert "/sign-in/" in plain.page.url
    clinic.ana.used_code_of(plain)
    plain.context.close()


def look_at_every_page(clinic: Clinic, appeal: str) -> None:
    """Pictures of every page at both sizes, in light and dark; axe goes over each of them."""
    pages = {
        "today": "/", "clients": "/clients/", "client": clinic.client, "client-edit": f"{clinic.client}edit/",
        "client-new": "/clients/new/", "family-new": f"{clinic.client}family/new/",
        "trail": f"{clinic.client}trail/",
        "matters": "/matters/", "matter": clinic.matter, "matter-new": f"{clinic.client}matters/new/",
        "matter-close": f"{clinic.matter}close/", "matter-print": f"{clinic.matter}print/",
        "event-choose": f"{clinic.matter}events/new/",
        "event-new": f"{clinic.matter}events/new/?kind=ij-decision",
        "printed-date": f"{clinic.matter}printed-dates/new/", "deadline": appeal,
        "deadline-print": f"{appeal}print/",
        "document": clinic.document, "document-new": f"{clinic.matter}documents/new/",
        "filings": "/filings/", "filing-new": f"{clinic.matter}filings/new/", "retention": "/retention/",
        "hold-new": "/retention/holds/new/", "search": "/search/", "roles": "/clinic/roles/",
        "signing-in": "/second-step/", "my-reminders": "/you/reminders/",
        "not-there": "/there/is/no/such/page/",
    }  # fmt: skip
    for title, address in pages.items():
        clinic.dolores.go(address)
        clinic.dolores.look(title)
    clinic.carmen.go("/clinic/")
    clinic.carmen.look("clinic")


def the_matter_closes_and_goes(clinic: Clinic) -> list[str]:
    """Close, hold, be refused, lift by two, purge by two; return the ids of what went."""
    house, dolores, carmen = clinic.house, clinic.dolores, clinic.carmen
    house.set_clock("2026-07-10 10:00")
    clinic.drop_open_dates()
    clinic.close_matter("2026-07-10")
    dolores.sees("31 Dec 2037")
    dolores.go(clinic.client)
    dolores.sees("31 Dec 2037")
    house.set_clock("2038-01-04 10:00")
    clinic.place_hold()
    dolores.go("/retention/")
    assert dolores.page.get_by_role("button", name="Propose to purge").count() == 0
    dolores.page.get_by_role("button").filter(has_text="Ask to lift").click()
    dolores.wait_for_answer()
    assert dolores.page.get_by_role("button").filter(has_text="Lift it").count() == 0
    carmen.go("/retention/")
    carmen.page.get_by_role("button").filter(has_text="Lift it").click()
    carmen.wait_for_answer()
    dolores.go("/retention/")
    dolores.page.get_by_role("button").filter(has_text="Propose to purge").click()
    dolores.wait_for_answer()
    dolores.look("retention-proposed")
    carmen.go("/retention/")
    carmen.page.get_by_role("link").filter(has_text="Check").click()
    carmen.look("purge-approve")
    carmen.click("Destroy the keys")
    carmen.sees("cannot be opened again")
    carmen.look("retention-gone")
    return [part.strip("/").rpartition("/")[2] for part in (clinic.client, clinic.matter)]


def only_references_remain(clinic: Clinic, purged: list[str]) -> None:
    assert clinic.carmen.go(clinic.client) == 404
    with clinic.house.connect("amparo") as data:
        for table in ("person", "matter"):
            left = data.execute(
                f"SELECT count(*) FROM caseapp_{table} WHERE id = ANY(%s)", [purged]
            ).fetchone()
            assert left == (0,)
        trail = data.execute(
            "SELECT event FROM caseapp_entry WHERE matter_id = %s ORDER BY seq", [purged[1]]
        ).fetchall()
    events = [event for (event,) in trail]
    assert events[0] == "matter:opened" and events[-1] == "purge:done"
    assert {"deadline:confirmed", "deadline:met", "filing:recorded", "hold:placed", "hold:lifted"} <= set(
        events
    )
    assert [path for path in (clinic.house.state / "files").rglob("*") if path.is_file()] == []
    verified = clinic.house.manage("verify_audit")
    assert verified.returncode == 0, verified.stderr


def the_hunt_finds_nothing(clinic: Clinic) -> None:
    assert sightings(clinic.house, Hunt(MARKED)) == []


OPEN_EACH = """
import django; django.setup()
from caseapp.access import wall
from caseapp.access.models import Clinic
from caseapp.people.models import Person
from caseapp.vault.cipher import SealKeyGone, SealLocked
import sys
wall.enter(sys.argv[1])
for person in Person.objects.order_by("recorded_at"):
    try:
        print(person.id, "opens", len(person.first_surname))
    except SealKeyGone:
        print(person.id, "is gone")
    except SealLocked:
        print(person.id, "stays shut")
"""


def open_each(house: House, *, role: str) -> dict[str, str]:
    """Return what a process of that role makes of each client: id -> what it said."""
    with house.connect("amparo") as data:
        (clinic_id,) = data.execute("SELECT id FROM caseapp_clinic").fetchone() or ("",)
    environment = house.environment | {"AMPARO_ROLE": role, "DJANGO_SETTINGS_MODULE": "config.settings"}
    opened = subprocess.run(
        [sys.executable, "-c", OPEN_EACH, str(clinic_id)],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return {line.split()[0]: line for line in opened.stdout.splitlines()}


def an_old_dump_stays_shut(clinic: Clinic, dump: bytes, purged: list[str], other: str) -> None:
    """A dump from before the purge, restored beside today's keyring, opens for the other client only."""
    house = clinic.house
    house.restore(dump, "amparo")
    said = open_each(house, role="web")

    assert len(said) == 3
    assert said[purged[0]].endswith("is gone")
    assert said[other.strip("/").rpartition("/")[2]].endswith("opens 6")
    clinic.ana.go(other)
    clinic.ana.sees("Noor Jahan Rahimi")
    assert house.stop() == 0
    assert "They are removed again" in house.start()
    with house.connect("amparo") as data:
        back = data.execute("SELECT count(*) FROM caseapp_person WHERE id = ANY(%s)", [purged]).fetchone()
    assert back == (0,), "what was purged is removed again before anyone looks"


def nobody_complained(clinic: Clinic) -> None:
    for worker in clinic.everyone:
        assert worker.axe_findings == []
        # A page that is not there is meant to be answered with 404.
        unexpected = [c for c in worker.complaints if "404" not in c and "Failed to load resource" not in c]
        assert unexpected == []
