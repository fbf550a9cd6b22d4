"""What the hunt could not find in a place, it would not have looked for there."""

from pathlib import Path

import pytest

from tests.e2e.house import House
from tests.e2e.hunt import Hunt
from tests.e2e.loot import sightings
from tests.e2e.people_at_work import Chromium
from tests.e2e.story import Clinic
from tests.e2e.unsealed import VALUE

pytestmark = pytest.mark.e2e

# Where `sightings` claims to look: how the places under the state directory begin, and the others.
LOOKED_AT = (
    "pg/data/base/",
    "pg/data/pg_wal/",
    "valkey/appendonlydir/",
    "files/",
    "log/web.log",
    "log/worker.log",
    "log/beat.log",
    "log/postgres.log",
    "dump of amparo",
    "dump of keyring",
    "packed dump of amparo (compressed)",
    "packed dump of keyring (compressed)",
    "mail",
    "terminal",
)


def test_the_hunt_finds_an_unsealed_value_in_each_place_it_looks_at(tmp_path: Path) -> None:
    house = House(tmp_path / "var", extra={"DJANGO_SETTINGS_MODULE": "tests.e2e.unsealed_settings"})
    house.set_clock("2026-06-03 15:30")
    try:
        with Chromium() as chromium:
            clinic = Clinic(house, chromium, tmp_path)
            clinic.carmen.set_up_clinic(house.start_new(), "Clínica")
            clinic.carmen.add_passkey()
            clinic.carmen.go("/clients/new/")
            clinic.carmen.fill(given_names="Mateo", first_surname=VALUE)
            clinic.carmen.click("Save")
            clinic.carmen.sees(VALUE)
        # Stopped and started, so that PostgreSQL has written its tables to their files.
        house.stop()
        house.start()
        places = {sighting.place for sighting in sightings(house, Hunt([VALUE]))}
    finally:
        house.close()

    missed = [where for where in LOOKED_AT if not any(place.startswith(where) for place in places)]
    assert missed == []
