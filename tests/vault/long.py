"""How much a test tries: little by default, all that the handbook claims with AMPARO_LONG=1."""

import os

LONG = os.environ.get("AMPARO_LONG") == "1"


def tries(default: int, long: int) -> int:
    return long if LONG else default
