"""Numbers and text are accepted by their shape alone, and refused in words that say what to do."""

import pytest

from caseapp.people import numbers
from caseapp.people.numbers import BadShape, clean_text


@pytest.mark.parametrize(
    "typed",
    [
        "A012-345-678",
        "012345678",
        "12345678",
        "a 012 345 678",
        "A# 012345678",
        "A12345678",
        " A-012.345.678 ",
    ],
)
def test_an_a_number_is_nine_digits_however_it_is_written(typed: str) -> None:
    assert numbers.a_number(typed) == "012345678"


def test_digits_of_other_scripts_and_pasted_marks_are_digits() -> None:
    assert numbers.a_number("\u202aA٠١٢٣٤٥٦٧٨\u202c") == "012345678"
    assert numbers.a_number("A012\u2013345\u2013678") == "012345678"


def test_an_old_number_of_seven_digits_gets_zeros() -> None:
    assert numbers.a_number("A1234567") == "001234567"


@pytest.mark.parametrize(
    "typed", ["", "A", "123456", "0123456789", "B012345678", "A01234567X", "000000000", "1" * 500]
)
def test_what_is_no_a_number_is_refused(typed: str) -> None:
    with pytest.raises(numbers.BadANumber):
        numbers.a_number(typed)


def test_an_a_number_is_shown_and_masked() -> None:
    assert numbers.show_a_number("012345678") == "A012-345-678"
    assert numbers.mask_a_number("012345678") == "A••• ••• 678"


@pytest.mark.parametrize(
    "typed", ["IOE0912345678", "ioe 0912345678", "IOE-09-123-45678", "IOE0912345678\u200e"]
)
def test_a_receipt_number_is_three_letters_and_ten_digits(typed: str) -> None:
    assert numbers.receipt_number(typed) == "IOE0912345678"


@pytest.mark.parametrize("typed", ["", "IOE091234567", "IO09123456789", "IOE09123456789", "0912345678"])
def test_what_is_no_receipt_number_is_refused(typed: str) -> None:
    with pytest.raises(numbers.BadReceiptNumber):
        numbers.receipt_number(typed)


def test_an_unknown_prefix_is_a_warning_and_no_more() -> None:
    unknown = numbers.receipt_number("ZZZ0912345678")

    assert "ZZZ" in numbers.receipt_number_warning(unknown)
    assert numbers.receipt_number_warning("EAC2190012345") == ""


@pytest.mark.parametrize("typed", ["ECAS-2026/123.456", "9400 1000 0000 0000 0000 00", "Nº 12"])
def test_tracking_numbers_are_taken_as_they_are(typed: str) -> None:
    assert numbers.tracking_number(f"  {typed} ") == typed


@pytest.mark.parametrize("typed", ["", " - ", "x" * 61])
def test_what_is_no_tracking_number_is_refused(typed: str) -> None:
    with pytest.raises(numbers.BadTrackingNumber):
        numbers.tracking_number(typed)


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("(212) 555-0142", "+12125550142"),
        ("212.555.0142", "+12125550142"),
        ("1 212 555 0142", "+12125550142"),
        ("+1 212 555 0142", "+12125550142"),
        ("212\u2011555\u20110142", "+12125550142"),
        ("+502 5555 0100", "+50255550100"),
        ("011 502 5555 0100", "+50255550100"),
    ],
)
def test_a_phone_number_becomes_one_that_can_be_dialled(typed: str, number: str) -> None:
    assert numbers.phone(typed) == number


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("555-0142", "area code"),
        ("212 555 0142 ext 4", "instructions"),
        ("112 555 0142", "first and the fourth"),
        ("212 155 0142", "first and the fourth"),
        ("5025555010", ""),
        ("502 5555 01000", "country code"),
        ("+0 123 456 789", "country code"),
        ("+123", "first and the fourth"),
        ("+5" * 1, "country code"),
        ("", "digits only"),
    ],
)
def test_a_number_nobody_could_dial_is_refused_with_what_to_do(typed: str, told: str) -> None:
    if not told:
        assert numbers.phone(typed) == "+15025555010"
        return
    with pytest.raises(numbers.BadPhone) as refusal:
        numbers.phone(typed)
    assert told in refusal.value.message


def test_a_phone_number_is_shown_and_masked() -> None:
    assert numbers.show_phone("+12125550142") == "(212) 555-0142"
    assert numbers.show_phone("+50255550100") == "+50255550100"
    assert numbers.mask_phone("+12125550142") == "••• ••• ••42"


@pytest.mark.parametrize(
    "name", ["Q'anil", "Q’anil", "Qʼanil", "Qꞌanil", "Núñez", "Nguyễn", "شاه‌محمد", "ਸਿੰਘ", "O\u02bbahu"]
)
def test_a_name_is_kept_exactly(name: str) -> None:
    assert clean_text(f" {name} ", 40) == name


def test_letters_and_accents_typed_apart_are_put_together() -> None:
    assert clean_text("Nu\u0301n\u0303ez", 40) == "Núñez"


@pytest.mark.parametrize(
    "bad", ["a\x00b", "a\x07b", "a\x1bb", "a\x7fb", "a\x85b", "a\nb", "a\tb", "a\ud800b", "a\u202eb"]
)
def test_what_no_keyboard_means_to_type_is_refused(bad: str) -> None:
    with pytest.raises(numbers.BadText):
        clean_text(bad, 40)


def test_a_note_may_have_lines() -> None:
    assert clean_text("one\r\ntwo\rthree\tfour", 40, lines=True) == "one\ntwo\nthree\tfour"
    with pytest.raises(numbers.BadText):
        clean_text("a\x00b", 40, lines=True)


def test_length_is_counted_after_tidying() -> None:
    assert clean_text("  " + "é" * 40 + "  ", 40) == "é" * 40
    with pytest.raises(numbers.BadText, match="at most 40"):
        clean_text("é" * 41, 40)


@pytest.mark.parametrize(
    "check", [numbers.a_number, numbers.receipt_number, numbers.tracking_number, numbers.phone]
)
def test_no_refusal_repeats_what_was_typed_or_breaks(check: object) -> None:
    assert callable(check)
    for typed in ["secret\x00", "\ud800", "S" * 300, "🤷" * 20, "٣"]:
        try:
            check(typed)
        except BadShape as refusal:
            assert isinstance(refusal, ValueError)
            assert typed not in refusal.message or len(typed) == 1
