"""A sealed file as an answer: always to be saved, never shown by the browser, in whole or in a range."""

from __future__ import annotations

import re
from typing import Final

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header

from caseapp.documents.services import OpenFile

_RANGE: Final = re.compile(r"bytes=(\d*)-(\d*)")


class NotThere(ValueError):
    """The range asked for lies beyond the file."""


def asked_range(said: str, size: int) -> tuple[int, int] | None:
    """Return the part of a Range header, start and end; None for the whole or what is not understood.

    Raises NotThere.
    """
    match = _RANGE.fullmatch(said.strip())
    if match is None or match[1] == match[2] == "":
        return None
    if match[1] == "":
        start, end = max(0, size - int(match[2])), size
    else:
        start, end = int(match[1]), min(size, int(match[2]) + 1) if match[2] else size
        if match[2] and int(match[2]) < start:
            return None
    if start >= size or end <= start:
        raise NotThere
    return start, end


def answer(request: HttpRequest, file: OpenFile, *, name: str, media_type: str) -> HttpResponseBase:
    """Return the file, or the range of it that is asked for, as an attachment."""
    tag = f'"{file.name.hex}"'
    unchanged = request.headers.get("If-Range", tag) == tag
    try:
        part = asked_range(request.headers.get("Range", ""), file.size) if unchanged else None
    except NotThere:
        response = HttpResponse(status=416)
        response["Content-Range"] = f"bytes */{file.size}"
        return response
    start, end = part or (0, file.size)
    pieces = () if request.method == "HEAD" else file.part(start, end)
    found = StreamingHttpResponse(pieces, content_type=media_type, status=206 if part else 200)
    if part:
        found["Content-Range"] = f"bytes {start}-{end - 1}/{file.size}"
    found["Content-Length"] = str(end - start)
    found["Accept-Ranges"] = "bytes"
    found["ETag"] = tag
    found["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    found["X-Content-Type-Options"] = "nosniff"
    # A proxy in front is not to write it to its own disk.
    found["X-Accel-Buffering"] = "no"
    return found
