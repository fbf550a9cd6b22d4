"""Give clinics, or one record, new keys in place of the old ones."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from caseapp import clock
from caseapp.safekeeping import services as safekeeping
from caseapp.vault import rotation
from caseapp.vault.cipher import SealError


class Command(BaseCommand):
    help = (
        "Make a new key for every clinic, or one, and wrap all its keys with it; or, with --subject, a new"
        " key for one record, and seal its values again. If it is cut off, run it again: it goes on."
        " Needs the root key: run it on the web's machine, as the web's user."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--clinic", type=UUID, metavar="ID", help="this clinic only")
        parser.add_argument("--subject", type=UUID, metavar="ID", help="this person, matter or clinic only")
        parser.add_argument(
            "--due", action="store_true", help="only keys that are a week old, and changes that were cut off"
        )
        parser.add_argument("--yes", action="store_true", help="do not ask first")

    def handle(
        self, *, clinic: UUID | None, subject: UUID | None, due: bool, yes: bool, **options: Any
    ) -> None:
        try:
            if due:
                self._due()
            elif subject:
                self._subject(subject, clinic, yes)
            else:
                self._clinics(clinic, yes)
        except SealError as error:
            raise CommandError(str(error)) from None

    def _due(self) -> None:
        at = clock.now()
        renewed = rotation.rekey_due(at=at)
        if renewed:
            safekeeping.record_check("rekey", ok=True, at=at)
        self.stdout.write(f"Renewed the keys of {len(renewed)} clinics.")
        self.stdout.write(f"Sealed {rotation.finish_subjects(at=at)} values again that were left over.")

    def _clinics(self, clinic: UUID | None, yes: bool) -> None:
        known = rotation.clinics() if clinic is None else [clinic]
        self._ask(yes, f"Make a new key for {len(known)} clinics now?")
        for clinic_id in known:
            generation = rotation.new_generation(clinic_id, at=clock.now())
            self.stdout.write(f"clinic {clinic_id}: every key is wrapped by generation {generation}")
        if clinic is None:
            safekeeping.record_check("rekey", ok=True, at=clock.now())

    def _subject(self, subject: UUID, clinic: UUID | None, yes: bool) -> None:
        clinic = clinic or rotation.clinic_of(subject)
        if clinic is None:
            raise CommandError(f"Nothing with the id {subject} has a key. Check the id.")
        self._ask(yes, f"Make a new key for {subject} and seal its values again now?")
        count = rotation.rotate_subject(clinic, subject, at=clock.now())
        self.stdout.write(f"{subject}: {count} values are sealed with the new key")

    def _ask(self, yes: bool, question: str) -> None:
        if not yes and input(f"{question} [y/N] ").strip().lower() not in ("y", "yes"):
            raise CommandError("Nothing was changed.")
