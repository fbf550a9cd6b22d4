"""Whether a number a person typed has the right shape, and how it is written.

Shape only: a number that passes may still be somebody else's. Every refusal is a BadShape whose message says
what to do and never repeats what was typed, because what was typed may be somebody's number.
"""

import re
import unicodedata
from typing import Final

from caseapp.errors import Refused


class BadShape(Refused, ValueError):
    """What was typed cannot be what the field asks for."""


class BadText(BadShape):
    """The text holds something no keyboard means to type, or is too long."""


class BadANumber(BadShape):
    """Not an A-number."""


class BadReceiptNumber(BadShape):
    """Not a USCIS receipt number."""


class BadTrackingNumber(BadShape):
    """Not a tracking number."""


class BadPhone(BadShape):
    """Not a telephone number someone could dial from the United States."""


_LINE_BREAKS: Final = re.compile("\r\n?|[\u0085\u2028\u2029]")
_FORBIDDEN: Final = re.compile("[\x00-\x1f\x7f-\x9f\u202d\u202e\ufdd0-\ufdef\ufffe\uffff]")
_FORBIDDEN_IN_LINES: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202d\u202e\ufdd0-\ufdef\ufffe\uffff]")
_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def clean_text(text: str, max_length: int, *, lines: bool = False) -> str:
    """Return `text` trimmed and in NFC, otherwise as written: accents, apostrophes and glottal stops stay.

    Raises BadText for a NUL, another control character, a forced text direction or half a character (a lone
    surrogate), and for more than `max_length` characters. Line breaks and tabs are control characters too,
    unless `lines`; line breaks then all become "\\n".
    """
    if _LONE_SURROGATE.search(text):
        raise BadText("This holds half of a character, often left by a broken copy and paste. Type it again.")
    text = unicodedata.normalize("NFC", _LINE_BREAKS.sub("\n", text)).strip()
    if (_FORBIDDEN_IN_LINES if lines else _FORBIDDEN).search(text):
        held = "an invisible control character" if lines else "a line break or a control character"
        raise BadText(f"This holds {held}. Type it again instead of pasting it.")
    if len(text) > max_length:
        raise BadText(f"This is {len(text)} characters long. Shorten it to at most {max_length}.")
    return text


def plain(text: str) -> str:
    """Return `text` with digits of every script as 0-9, and invisible characters dropped."""
    shown = (c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) != "Cf")
    return "".join(str(unicodedata.digit(c)) if c.isdigit() else c for c in shown).strip()


_A_NUMBER: Final = re.compile(
    "(?:(?:USCIS|ALIEN)?[ #:.-]*A(?:LIEN)?)?[ #:.-]*([0-9][0-9 .-]*)", re.IGNORECASE
)
_DASHES: Final = re.compile("[\u2010-\u2015\u2212]")


def a_number(text: str) -> str:
    """Return the nine digits of an A-number; those of 7 or 8 digits are old and get leading zeros.

    Raises BadANumber.
    """
    match = _A_NUMBER.fullmatch(_DASHES.sub("-", plain(text)))
    if match is None:
        raise BadANumber("An A-number is the letter A and 7 to 9 digits, as A012-345-678. Check the notice.")
    digits = re.sub("[^0-9]", "", match[1])
    if not 7 <= len(digits) <= 9:
        raise BadANumber(f"An A-number has 7 to 9 digits; this has {len(digits)}. Check the notice.")
    if not digits.strip("0"):
        raise BadANumber("An A-number is never all zeros. Leave the field empty until the number is known.")
    return digits.zfill(9)


def show_a_number(digits: str) -> str:
    """Return nine digits as people write them: A012-345-678."""
    return f"A{digits[:3]}-{digits[3:6]}-{digits[6:]}"


def mask_a_number(digits: str) -> str:
    """Return nine digits with all but the last three hidden: A••• ••• 678."""
    return f"A••• ••• {digits[6:]}"


_RECEIPT: Final = re.compile("[A-Z]{3}[0-9]{10}")
RECEIPT_PREFIXES: Final = {
    "IOE": "USCIS online account",
    "EAC": "Vermont Service Center",
    "VSC": "Vermont Service Center",
    "WAC": "California Service Center",
    "CSC": "California Service Center",
    "LIN": "Nebraska Service Center",
    "NSC": "Nebraska Service Center",
    "SRC": "Texas Service Center",
    "TSC": "Texas Service Center",
    "MSC": "National Benefits Center",
    "NBC": "National Benefits Center",
    "YSC": "Potomac Service Center",
    "MCT": "an office seen on few receipts",
}
MAX_TRACKING_LENGTH: Final = 60


def receipt_number(text: str) -> str:
    """Return a USCIS receipt number as three capitals and ten digits, or raise BadReceiptNumber."""
    compact = re.sub("[^A-Z0-9]", "", plain(text).upper())
    if not _RECEIPT.fullmatch(compact):
        raise BadReceiptNumber(
            "A receipt number is three letters and ten digits, as IOE0123456789. Check the notice."
        )
    return compact


def receipt_number_warning(number: str) -> str:
    """Return a sentence if no known office writes this prefix, else "". It may still be right."""
    prefix = number[:3]
    if prefix in RECEIPT_PREFIXES:
        return ""
    return f"Receipt numbers that begin with {prefix} are not known here. Check the three letters."


def tracking_number(text: str) -> str:
    """Return the tracking number of a court or a carrier, as written. Courts and carriers follow no one form.

    Raises BadTrackingNumber if it holds no letter or digit or is too long, BadText as clean_text does.
    """
    number = " ".join(clean_text(text, 10 * MAX_TRACKING_LENGTH).split())
    if len(number) > MAX_TRACKING_LENGTH:
        raise BadTrackingNumber(
            f"A tracking number has at most {MAX_TRACKING_LENGTH} characters. Write the rest in a note."
        )
    if not any(c.isalnum() for c in number):
        raise BadTrackingNumber("A tracking number has letters or digits. Leave it empty if there is none.")
    return number


_PHONE: Final = re.compile("\\+?[0-9 ()./-]+")
_US_NUMBER: Final = re.compile("[2-9][0-9]{2}[2-9][0-9]{6}")


def phone(text: str) -> str:
    """Return a telephone number in E.164 (+12125550142). Without + or 011 it is taken for a US number.

    Raises BadPhone.
    """
    typed = _DASHES.sub("-", plain(text))
    if not _PHONE.fullmatch(typed):
        raise BadPhone("A phone number has digits only. Write an extension or a name in the instructions.")
    digits = re.sub("[^0-9]", "", typed)
    if not typed.startswith("+") and digits.startswith("011"):
        typed, digits = "+", digits[3:]
    if not typed.startswith("+"):
        if len(digits) == 11 and digits.startswith("1"):
            digits = digits[1:]
        if len(digits) == 7:
            raise BadPhone("The area code is missing. Write all ten digits.")
        if len(digits) != 10:
            raise BadPhone("A US number has ten digits. Write a foreign one with + and its country code.")
        digits = "1" + digits
    if digits.startswith("1") and not _US_NUMBER.fullmatch(digits[1:]):
        raise BadPhone("A US number has ten digits; the first and the fourth are 2 to 9. Check it.")
    if digits.startswith("0") or not 8 <= len(digits) <= 15:
        raise BadPhone("A foreign number is + and its country code, 8 to 15 digits in all. Check it.")
    return f"+{digits}"


def show_phone(number: str) -> str:
    """Return an E.164 number as people read it: (212) 555-0142; a foreign one stays in one piece."""
    if number.startswith("+1") and len(number) == 12:
        return f"({number[2:5]}) {number[5:8]}-{number[8:]}"
    return number


def mask_phone(number: str) -> str:
    """Return an E.164 number with all but the last two digits hidden: ••• ••• ••42."""
    return f"••• ••• ••{number[-2:]}"
