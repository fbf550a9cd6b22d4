"""Put a backup in the place of what is there, in the right order, or change nothing."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from caseapp import clock
from caseapp.retention import restored
from caseapp.safekeeping import backups, mirror, restoring, services
from caseapp.safekeeping.dumps import Database, Identity, NotWhole
from caseapp.safekeeping.restoring import Administrator
from config import embedded, env, places


class Command(BaseCommand):
    help = "Restore the data, and only if asked the keyring. Until all is ready, the clinic stays as it is."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--data", type=Path, metavar="FILE", help="a backup of the data")
        parser.add_argument(
            "--keyring",
            type=Path,
            metavar="FILE",
            help="a backup of the keyring too; only when today's keyring is lost",
        )
        parser.add_argument("--identity", type=Path, metavar="FILE", help="the age identity that opens them")
        parser.add_argument(
            "--admin",
            metavar="CONNECTION",
            help='on a server: "host=... user=postgres", with its password in PGPASSWORD',
        )
        parser.add_argument(
            "--drop-before",
            action="store_true",
            help="instead of restoring: drop what the last restore set aside",
        )

    def handle(
        self,
        *,
        data: Path | None,
        keyring: Path | None,
        identity: Path | None,
        admin: str | None,
        drop_before: bool,
        **options: Any,
    ) -> None:
        try:
            administrator = _administrator(admin)
            with embedded.sole_holder(
                places.private_directory(settings.STATE_DIR) / ".lock",
                "The clinic is running. Stop it first: nothing was changed.",
            ):
                if drop_before:
                    self._drop_before(administrator)
                    return
                if data is None or identity is None:
                    raise NotWhole("Give --data FILE and --identity FILE.", code="no-backup")
                self._restore(data, keyring, backups.identities_in(identity), administrator)
        except (NotWhole, embedded.AlreadyRun, places.UnsafePlace) as refused:
            raise CommandError(str(refused)) from None

    def _restore(
        self, data: Path, keyring: Path | None, identities: list[Identity], admin: Administrator
    ) -> None:
        live = {alias: Database.of(connections[alias].settings_dict) for alias in ("default", "keyring")}
        connections.close_all()
        _refuse_while_used(admin, [database.name for database in live.values()])
        files = ({"keyring": keyring} if keyring else {}) | {"default": data}
        fresh: dict[str, Database] = {}
        try:
            for alias, file in files.items():
                self.stdout.write(f"Reading {file.name} ...")
                fresh[alias] = restoring.into_a_fresh_one(file, identities, alias, live[alias], admin)
            again = self._make_ready(live, fresh)
            self._bring_files_back(data.parent / mirror.FILES, fresh["default"])
            restoring.swap(admin, {database.name: live[alias].name for alias, database in fresh.items()})
        except BaseException:
            for database in fresh.values():
                restoring.drop(admin, database.name)
            raise
        if keyring:
            # Whatever was in it is in the restored one, or destroyed: left lying it would be a backup.
            restoring.drop(admin, live["keyring"].name + restoring.BEFORE)
        self._say(again, live["default"].name)

    def _make_ready(self, live: dict[str, Database], fresh: dict[str, Database]) -> int:
        """Bring the fresh databases up to today, and remove from them what was purged since."""
        if "keyring" in fresh:
            destroyed = restoring.carry_tombstones(live["keyring"], fresh["keyring"])
            self.stdout.write(f"{destroyed} keys that were destroyed since are destroyed again.")
        with restoring.standing_in(fresh):
            for alias in ("default", "keyring"):
                call_command("migrate", database=alias, interactive=False, verbosity=0)
            again = restored.purge_again(at=clock.now())
            services.record_restore(at=clock.now())
        return again

    def _bring_files_back(self, place: Path, fresh: Database) -> None:
        """Before anything is replaced: files more than are needed do no harm."""
        if settings.FILES_STORAGE != "local":
            return
        came, lost = mirror.bring_back(place, settings.FILES_DIR, restoring.files_named(fresh))
        if came:
            self.stdout.write(f"{came} sealed files are brought back.")
        if lost:
            self.stdout.write(f"{lost} sealed files are neither here nor in {place}. The rest is restored.")

    def _say(self, again: int, name: str) -> None:
        self.stdout.write(f"{again} purged records were in the backup. They are removed again.")
        self.stdout.write(
            f"Restored. What was there before is set aside in the database {name + restoring.BEFORE}."
            " Once you have seen that all is well, run restore --drop-before."
        )

    def _drop_before(self, admin: Administrator) -> None:
        name = str(connections["default"].settings_dict["NAME"]) + restoring.BEFORE
        restoring.drop(admin, name)
        self.stdout.write(f"{name} is gone.")


def _administrator(given: str | None) -> Administrator:
    if given:
        return Administrator(given)
    if env.given("DATABASE_URL_OWNER"):
        raise NotWhole(
            'The databases are on your server. Give its administrator: --admin "host=... user=postgres",'
            " with the password in PGPASSWORD.",
            code="no-admin",
        )
    return Administrator(embedded.Cluster(settings.STATE_DIR / "pg").admin())


def _refuse_while_used(admin: Administrator, names: list[str]) -> None:
    if (count := restoring.guests_in(admin, names)) > 0:
        raise NotWhole(
            f"{count} connections to the clinic's databases are open. Stop the pages, the worker and the"
            " schedule first: nothing was changed.",
            code="in-use",
        )
