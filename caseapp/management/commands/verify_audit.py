"""Walk every clinic's audit chain and say whether it holds."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from caseapp.access import queries as access
from caseapp.audit import services as audit


class Command(BaseCommand):
    help = "Check that no audit entry was changed, removed or inserted. Exits 1 and says where if one was."

    def handle(self, **options: Any) -> None:
        broken = False
        for clinic in access.every_clinic():
            found = list(audit.faults(clinic.id))
            for fault in found:
                self.stderr.write(fault)
            if not found:
                self.stdout.write(f"clinic {clinic.id}: {audit.length(clinic.id)} entries, the chain holds")
            broken = broken or bool(found)
        if broken:
            raise CommandError(
                "The audit trail does not hold. Keep this database as evidence; restore a copy elsewhere."
            )
