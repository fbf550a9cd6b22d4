"""What a clinic's browser keeps on the laptop's disk after a day's work: nothing that was typed or shown.

A profile of its own, as on a laptop, with its history, its cache, what it remembers of forms and the tabs
it would open again. Incognito windows, which the other tests use, would show nothing.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.house import House
from tests.e2e.hunt import Hunt
from tests.e2e.people_at_work import Chromium
from tests.e2e.story import MARKED, STAFF, Clinic

pytestmark = pytest.mark.e2e


def test_the_browser_keeps_nothing_on_the_disk(tmp_path: Path) -> None:
    house = House(tmp_path / "var")
    house.set_clock("2026-06-03 15:30")
    profile = tmp_path / "profile"
    try:
        with Chromium(profile) as chromium:
            clinic = Clinic(house, chromium, tmp_path)
            clinic.open(house.start_new())
            clinic.record_client()
            clinic.record_daughter_and_open_matter()
            clinic.enter_decision()
            for path in ("/", "/clients/", "/matters/", "/calendar/", clinic.client, clinic.matter):
                clinic.dolores.go(path)
            clinic.dolores.page.go_back()
            # What does stay on the disk, to see that the hunt looks there: the addresses that were opened.
            clinic.carmen.go("/sign-in/?next=/osier-41b7/")
            # Left half typed, as when the lid is shut.
            clinic.dolores.go("/clients/new/")
            clinic.dolores.fill(given_names="Noor Jahan", first_surname="Rahimi")
        assert len(list(profile.glob("*/Default/History"))) == 3
        # A browser notes whose a password is, and takes the name that was typed above it.
        typed = [value for value in MARKED if value not in STAFF.values()]
        found = Hunt([*typed, "kind=ij-decision"]).look_under(profile)
        control = Hunt(["osier-41b7"]).look_under(profile)
    finally:
        house.close()

    assert found == []
    assert {sighting.place for sighting in control} >= {"carmen/Default/History"}
