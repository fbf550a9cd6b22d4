"""Everything a thief could carry away from a running clinic."""

from tests.e2e.house import House
from tests.e2e.hunt import Hunt, Sighting


def sightings(house: House, hunt: Hunt) -> list[Sighting]:
    """Return what the hunt finds in everything a thief could carry away from a running clinic."""
    with house.connect("amparo") as data:
        data.execute("CHECKPOINT") if is_superuser(house) else None
    seen = hunt.look_under(house.state)
    for database in ("amparo", "keyring"):
        seen += hunt.look(f"dump of {database}", house.dump(database))
        seen += hunt.look(f"packed dump of {database}", house.dump(database, "--format=custom"))
    seen += hunt.look("mail", b"".join(message.as_bytes() for message in house.mailbox.arrived))
    return seen + hunt.look("terminal", (house.state.parent / "printed.log").read_bytes())


def is_superuser(house: House) -> bool:
    with house.connect("amparo") as data:
        return data.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone() == (
            True,
        )
