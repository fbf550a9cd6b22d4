"""Case codes: a random word and number, the only name a matter has in mail and calendars. Pure."""

from collections.abc import Callable
from pathlib import Path

# Plants, birds, stones and things of the house: nothing that says anything about a person or a case.
WORDS = tuple(Path(__file__).with_name("code_words.txt").read_text(encoding="utf-8").split())
TWO_DIGIT_TRIES = 5


def new_code(pick: Callable[[int], int], *, attempt: int) -> str:
    """Return a code; `pick(n)` gives a random whole number under n. Later attempts use four digits."""
    word = WORDS[pick(len(WORDS))]
    if attempt < TWO_DIGIT_TRIES:
        return f"{word}-{10 + pick(90)}"
    return f"{word}-{1000 + pick(9000)}"
