"""Shares of a recovery kit: as text to print, and as someone types them back."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TextIO

from django.core.management.base import CommandError, OutputWrapper

from caseapp.vault.recovery import fingerprint
from caseapp.vault.shares import NEEDED, WORDS

PAGE_END = "\f"


def pages(shares: Sequence[str], *, made: str, recipient: str) -> Iterator[str]:
    """Yield one page of text for each share, words numbered, ending in a form feed."""
    for number, share in enumerate(shares, 1):
        words = [f"{place:2} {word:<12}" for place, word in enumerate(share.split(), 1)]
        rows = ["".join(words[start : start + 3]).rstrip() for start in range(0, len(words), 3)]
        yield "\n".join(
            [
                f"AMPARO RECOVERY KIT   share {number} of {len(shares)}   made {made}",
                "",
                "Any two shares open everything this clinic keeps. Keep this page where you keep a passport,",
                "apart from the other two. Do not photograph, copy or e-mail it. If it is lost, have a new",
                "kit made: the old pages are then void.",
                "",
                *rows,
                "",
                f"The kit's fingerprint: {fingerprint(recipient)}",
                f"The kit's public half: {recipient}",
                PAGE_END,
            ]
        )


def typed(files: Sequence[str], keyboard: TextIO, prompt: OutputWrapper) -> list[str]:
    """Return two shares from the files given, or from what is typed. Raises CommandError."""
    if files:
        return [_contents(Path(name)) for name in files]
    return [_typed_share(number, keyboard, prompt) for number in range(1, NEEDED + 1)]


def _contents(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path} cannot be read ({type(error).__name__}).") from None


def _typed_share(number: int, lines: Iterable[str], prompt: OutputWrapper) -> str:
    """Read lines until there are as many words as a share has, or an empty line ends it."""
    prompt.write(f"Type the {WORDS} words of share {number}, then an empty line if there are fewer:\n")
    prompt.flush()
    words: list[str] = []
    for line in lines:
        words += [word for word in line.split() if not word.strip(".").isdigit()]
        if not line.strip() or len(words) >= WORDS:
            break
    return " ".join(words)
