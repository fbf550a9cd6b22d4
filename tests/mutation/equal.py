"""Broken forms that behave as the module does, each with why, so that no test can tell them apart."""

from typing import Final

EQUAL: Final[dict[tuple[str, str], str]] = {
    (
        "cipher",
        "length <= BLOCKS_UP_TO  ->  length < BLOCKS_UP_TO",
    ): "1024 bytes are padded to 1024 either way",
    ("cipher", "return None  ->  return None"): "it is the same",
}
