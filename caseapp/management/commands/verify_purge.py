"""Check the certificate of a purge, alone or against the databases."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from caseapp.audit import anchors, signing
from caseapp.errors import Refused
from caseapp.retention import certificates, verifying
from caseapp.retention.verifying import Certificate, NotACertificate


class Command(BaseCommand):
    help = "Check the certificate of a purge. Needs only the file and the public key; exits 1 if it fails."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="CERT.json")
        parser.add_argument(
            "--public-key", default="", metavar="HEX", help="whose signature; default: this deployment's"
        )
        parser.add_argument(
            "--anchors", type=Path, metavar="FILE", help="a kept file of daily roots that must agree"
        )
        parser.add_argument(
            "--against", action="store_true", help="also ask the databases: no such key, trail unchanged"
        )

    def handle(
        self, *, file: Path, public_key: str, anchors: Path | None, against: bool, **options: Any
    ) -> None:
        certificate = _read(file)
        found = verifying.faults(certificate, public_key=public_key or _own_key())
        if not found and anchors is not None:
            found = _faults_in(anchors, certificate)
        if not found and against:
            found = certificates.faults_here(certificate)
        for fault in found:
            self.stderr.write(fault)
        if found:
            raise CommandError("The certificate does not hold. It proves nothing.")
        self.stdout.write(_says(certificate))
        if against:
            self.stdout.write("The databases agree: no such key is there, and the trail holds its entry.")


def _read(file: Path) -> Certificate:
    try:
        return verifying.read(file.read_bytes())
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from None
    except NotACertificate as error:
        raise CommandError(str(error)) from None


def _own_key() -> str:
    try:
        return signing.public_key()
    except Refused:
        raise CommandError("There is no signing key here. Give the clinic's with --public-key.") from None


def _faults_in(file: Path, certificate: Certificate) -> list[str]:
    try:
        heads, unreadable = anchors.read_file(file)
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from None
    tree, clinic, key = certificate["tree"], certificate["clinic"], certificate["public_key"]
    mine = [head for head in heads if head.clinic == clinic and head.is_signed_by(key)]
    found = [f"{unreadable} lines of {file} cannot be read."] if unreadable else []
    if not any((head.size, head.root) == (tree["size"], tree["root"]) for head in mine):
        found.append(
            f"No root in {file} is the certificate's. Make the certificate again once it is anchored."
        )
    return found


def _says(certificate: Certificate) -> str:
    destroyed, dated = certificate["destroyed"], certificate["irrecoverable"]
    day = certificate["purge"]["keys_destroyed_at"][:10]
    code = certificate["purge"]["code"] or "someone on no matter"
    later = (
        f"No backup of the keyring can open them from {dated['from'][:10]} on."
        if dated["from"]
        else "Pending: a backup of the keyring from before may still open them."
    )
    return f"The certificate holds. {code}: {len(destroyed['keys'])} keys destroyed on {day}.\n{later}"
