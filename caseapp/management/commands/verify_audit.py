"""Walk every clinic's audit chain, hold it against the signed roots, and say whether it holds."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from caseapp.access import queries as access
from caseapp.audit import anchors
from caseapp.audit import services as audit
from caseapp.audit.anchors import Head
from caseapp.errors import Refused


class Command(BaseCommand):
    help = "Check that no audit entry was changed, removed or inserted. Exits 1 and says where if one was."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--mail",
            type=Path,
            metavar="FILE",
            help="a mail with roots that a director kept",
        )
        parser.add_argument(
            "--anchors",
            dest="file",
            type=Path,
            metavar="FILE",
            help="a copy of a file of roots, kept elsewhere",
        )

    def handle(self, *, mail: Path | None, file: Path | None, **options: Any) -> None:
        if mail is not None or file is not None:
            self._against(*_read(mail, file))
            return
        self._everything()

    def _against(self, heads: list[Head], faults: list[str]) -> None:
        """Hold the trails against roots that were kept elsewhere, and say how far they pin them down."""
        for clinic in sorted({head.clinic for head in heads}):
            mine = [head for head in heads if head.clinic == clinic]
            found = [*audit.faults(UUID(clinic)), *anchors.contradictions(UUID(clinic), mine)]
            if not found:
                last = max(mine)
                self.stdout.write(
                    f"clinic {clinic}: the first {last.size} entries are those of {last.day}, unchanged"
                )
            faults += found
        for fault in faults:
            self.stderr.write(fault)
        if faults:
            raise CommandError(_BROKEN)

    def _everything(self) -> None:
        broken = False
        clinics = list(access.every_clinic())
        for lost in anchors.clinics_on_file() - {clinic.id for clinic in clinics}:
            self.stderr.write(f"clinic {lost} has roots on file and is not in this database")
            broken = True
        for clinic in clinics:
            found = _faults(clinic.id)
            for fault in found:
                self.stderr.write(fault)
            if not found:
                self.stdout.write(f"clinic {clinic.id}: {audit.length(clinic.id)} entries, the chain holds")
            broken = broken or bool(found)
        if broken:
            raise CommandError(_BROKEN)


_BROKEN = "The audit trail does not hold. Keep this database as evidence; restore a copy elsewhere."


def _read(mail: Path | None, file: Path | None) -> tuple[list[Head], list[str]]:
    """Return the roots in what was kept, and what cannot be used of it. Raises CommandError."""
    heads: list[Head] = []
    faults = []
    known = [clinic.id for clinic in access.every_clinic()]
    try:
        if mail is not None:
            heads, foreign = anchors.read_mail(mail, known)
            if foreign:
                faults.append(f"{foreign} roots in {mail} are signed for no clinic in this database")
        if file is not None:
            filed, unreadable = anchors.read_file(file)
            heads += filed
            if unreadable:
                faults.append(f"{unreadable} lines of {file} cannot be read")
    except OSError as error:
        raise CommandError(f"{error.filename} cannot be read: {error.strerror}.") from None
    faults += [
        f"the root of {head.day} is of clinic {head.clinic}, which is not in this database"
        for head in heads
        if UUID(head.clinic) not in known
    ]
    if not heads and not faults:
        raise CommandError("There is no root in it. Save the whole mail, or give the file as it was written.")
    return [head for head in heads if UUID(head.clinic) in known], faults


def _faults(clinic_id: UUID) -> list[str]:
    try:
        return [*audit.faults(clinic_id), *anchors.faults(clinic_id)]
    except Refused as refused:
        raise CommandError(refused.message) from None
