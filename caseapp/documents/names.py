"""What a file is called and what it is, from what was sent and from how it begins. Believes neither."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

LONGEST_NAME: Final = 150
UNKNOWN: Final = "application/octet-stream"

# How files begin that a clinic has; RIFF, HEIC and TIFF are told apart further on.
_BEGINNINGS: Final = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"{\\rtf", "application/rtf"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/msword"),
)
_HEIC: Final = (b"ftypheic", b"ftypheix", b"ftypmif1")
_ZIP: Final = b"PK\x03\x04"
_PACKED: Final = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "odt": "application/vnd.oasis.opendocument.text",
}
# Separators, what no file system takes, and what shows a name otherwise than it is.
_UNWANTED: Final = re.compile(r'[/\\:*?"<>|]')
_SPACES: Final = re.compile(r"\s+")


def clean_name(sent: str) -> str:
    """Return a file name that is safe to show and to save, in its own script, or "document"."""
    # What stands before a slash of either kind is a folder of the sender's.
    last = sent.replace("\\", "/").rpartition("/")[2]
    kept = "".join(" " if unicodedata.category(c)[0] in "ZC" and c != "\u200d" else c for c in last)
    name = _SPACES.sub(" ", _UNWANTED.sub("_", unicodedata.normalize("NFC", kept))).strip(" .")
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending) > 10:
        return name[:LONGEST_NAME].strip(" .") or "document"
    return f"{stem[: LONGEST_NAME - len(ending) - 1].strip(' .') or 'document'}.{ending}"


def title_of(name: str) -> str:
    """Return the title that a file's name suggests."""
    stem, dot, _ending = name.rpartition(".")
    return (stem if dot else name).replace("_", " ").strip() or name


def media_type(beginning: bytes, name: str) -> str:
    """Return what the file is by how it begins. What a browser might run is never named."""
    for start, found in _BEGINNINGS:
        if beginning.startswith(start):
            return found
    if beginning[4:12] in _HEIC:
        return "image/heic"
    if beginning.startswith(_ZIP):
        return _PACKED.get(name.rpartition(".")[2].lower(), UNKNOWN)
    return UNKNOWN
