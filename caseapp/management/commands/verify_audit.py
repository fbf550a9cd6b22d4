"""Walk every clinic's audit chain, hold it against the signed roots, and say whether it holds."""

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from caseapp.access import queries as access
from caseapp.audit import anchors
from caseapp.audit import services as audit
from caseapp.errors import Refused


class Command(BaseCommand):
    help = "Check that no audit entry was changed, removed or inserted. Exits 1 and says where if one was."

    def handle(self, **options: Any) -> None:
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
            raise CommandError(
                "The audit trail does not hold. Keep this database as evidence; restore a copy elsewhere."
            )


def _faults(clinic_id: UUID) -> list[str]:
    try:
        return [*audit.faults(clinic_id), *anchors.faults(clinic_id)]
    except Refused as refused:
        raise CommandError(refused.message) from None
