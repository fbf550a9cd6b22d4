"""Files that are sent to a page: sealed as they come, so that nothing readable is kept or touches a disk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest
from django.utils.translation import gettext as _

from caseapp.documents.receiving import Received
from caseapp.errors import Refused

MEGABYTE: Final = 1024 * 1024


class SealedUpload(UploadedFile):  # type: ignore[type-arg]
    """Stands for a file that was sent. It cannot be read; a service keeps what was `received`."""

    def __init__(self, received: Received) -> None:
        super().__init__(file=None, name=received.name, size=received.size)
        self.received = received

    def close(self) -> None:
        """There is nothing open."""


class SealingHandler(FileUploadHandler):
    """Seals the one file that a form takes. `problem` says in words why there is none."""

    chunk_size = 256 * 1024

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request)
        self.limit = settings.FILE_LIMIT_MB * MEGABYTE
        self.received: Received | None = None
        self.problem = ""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        if self.received is not None:
            raise SkipFile
        try:
            self.received = Received(self.file_name or "")
        except Refused as refused:
            self._give_up(refused.message)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        assert self.received is not None
        if start + len(raw_data) > self.limit:
            self._give_up(
                _(
                    "This file is larger than %(limit)d MB, the most that is kept. Scan it in black and"
                    " white, or split it. Whoever runs Amparo can raise the limit, AMPARO_FILE_LIMIT_MB."
                )
                % {"limit": settings.FILE_LIMIT_MB}
            )
        try:
            self.received.write(raw_data)
        except Refused as refused:
            self._give_up(refused.message)

    def file_complete(self, file_size: int) -> SealedUpload | None:
        if self.received is None:
            return None
        try:
            self.received.finish()
        except Refused as refused:
            self.problem = refused.message
            return None
        return SealedUpload(self.received)

    def upload_interrupted(self) -> None:
        self.discard()

    def discard(self) -> None:
        if self.received is not None:
            self.received.discard()

    def _give_up(self, why: str) -> None:
        self.problem = why
        self.discard()
        raise SkipFile


@contextmanager
def receiving(request: HttpRequest) -> Iterator[SealingHandler]:
    """Seal what this request sends. Whatever no service has kept when this ends is gone.

    To be entered before anything reads the form, the check of its token included.
    """
    handler = SealingHandler(request)
    request.upload_handlers = [handler]
    try:
        yield handler
    finally:
        handler.discard()
