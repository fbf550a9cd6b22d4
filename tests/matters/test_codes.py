"""The names that matters have outside the clinic."""

import re
from random import Random

from caseapp.matters.codes import TWO_DIGIT_TRIES, WORDS, new_code


def test_every_word_is_one_word_and_stands_once() -> None:
    assert [word for word in WORDS if not re.fullmatch(r"[A-Z]{2,10}", word)] == []
    assert len(set(WORDS)) == len(WORDS) >= 200


def test_a_code_is_a_word_and_two_digits_and_later_four() -> None:
    pick = Random(4).randrange

    early = [new_code(pick, attempt=attempt) for attempt in range(TWO_DIGIT_TRIES)]
    late = new_code(pick, attempt=TWO_DIGIT_TRIES)

    assert all(re.fullmatch(r"[A-Z]+-[1-9]\d", code) for code in early)
    assert re.fullmatch(r"[A-Z]+-[1-9]\d{3}", late)


def test_a_code_fits_its_column() -> None:
    assert max(len(word) for word in WORDS) + len("-9999") <= 16
