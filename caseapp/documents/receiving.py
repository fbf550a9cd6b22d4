"""A file on its way in, sealed as it comes: what it is called, what it is, how long it is."""

from __future__ import annotations

from caseapp.documents import names
from caseapp.vault.files import Incoming

BEGINNING = 64


class Received:
    """A file being received. Finish it and give it to a service, which keeps it; or discard it."""

    def __init__(self, sent_name: str) -> None:
        self.name = names.clean_name(sent_name)
        self.file = Incoming()
        self._beginning = b""
        self._kept = False

    def __repr__(self) -> str:
        return "‹received file›"

    @property
    def size(self) -> int:
        return self.file.size

    @property
    def title(self) -> str:
        return names.title_of(self.name)

    @property
    def media_type(self) -> str:
        return names.media_type(self._beginning, self.name)

    def write(self, data: bytes | memoryview) -> None:
        """Take the next bytes. Raises StorageDown."""
        if len(self._beginning) < BEGINNING:
            self._beginning += bytes(data[: BEGINNING - len(self._beginning)])
        self.file.write(data)

    def finish(self) -> None:
        """Have it whole in the storage. Raises StorageDown."""
        self.file.finish()

    def keep(self) -> None:
        """Say that a row keeps it now."""
        self._kept = True

    def discard(self) -> None:
        """Leave nothing of it behind, unless a row keeps it."""
        if not self._kept:
            self.file.discard()


def receive(name: str, data: bytes) -> Received:
    """Receive a file that is in memory anyway. Raises StorageDown."""
    received = Received(name)
    try:
        received.write(data)
        received.finish()
    except BaseException:
        received.discard()
        raise
    return received
