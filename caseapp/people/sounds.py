"""A word's consonants by sound, as the languages of the clinic's people hear them.

A sound that different languages hear differently has several classes, and the word then has several
skeletons: the J of Jiménez is heard as J or not at all, the W of Wilmer as B or, in the middle of an Arabic
word, as a vowel. Vowels, H and Y go, because scripts that leave vowels out must meet those that write them.
"""

import re
from itertools import islice, product
from typing import Final

Ways = tuple[str, ...]


def _heard(sounds: str, *ways: str) -> dict[str, Ways]:
    return dict.fromkeys(sounds.split(), ways)


_SILENT: Final = "."
_CLASSES: Final[dict[str, Ways]] = {
    **_heard("shch sch tch sh ch cz sz ts tz zh dz ks z s x", "S"),
    **_heard("kh gh ck k q c g", "K"),
    **_heard("b v", "B"),
    **_heard("t d", "T"),
    **_heard("th dh", "T", "S"),
    **_heard("ph f", "F"),
    **_heard("l", "L"),
    **_heard("m", "M"),
    **_heard("n", "N"),
    **_heard("p", "P"),
    **_heard("r", "R"),
    **_heard("chr", "KR"),
    **_heard("chl", "KL"),
    **_heard("j dj", "J", _SILENT),
    **_heard("ll", "L", _SILENT),
    **_heard("w", "B", _SILENT),
    **_heard("G", "K", "J", _SILENT),
    **_heard("J", "K", "J"),
    **_heard("W", "K", "B"),
    **_heard("a e i o u y h", _SILENT),
}
_AT_THE_HEAD: Final[dict[str, Ways]] = {
    **_heard("a e i o u h", "A"),
    **_heard("y j dj ll", "J", "A"),
    **_heard("x", "S", "J", "A"),
    **_heard("G", "K", "J"),
    **_heard("w", "B"),
}

# Letters whose sound hangs on what follows are first written as another letter, or as a capital of their own.
_REWRITES: Final = (
    (re.compile("^i(?=[aeou])"), "y"),
    (re.compile("^es(?=[ckpt])"), "s"),
    (re.compile("^ou(?=[aei])|^h?u(?=[aeio])"), "w"),
    (re.compile("^gu(?=[aei])"), "W"),
    (re.compile("c(?=[eiy])"), "s"),
    (re.compile("g(?=[eiy])"), "G"),
    (re.compile("g(?=[aou])"), "J"),
)
_SOUND: Final = re.compile("|".join(sorted(_CLASSES, key=len, reverse=True)))
_SAME_SOUND_TWICE: Final = re.compile("([^.])\\1+")
_MOST_SKELETONS: Final = 12


def skeletons(word: str) -> set[str]:
    """Return the consonants of a folded word by sound, once for each way they may be heard."""
    for pattern, letter in _REWRITES:
        word = pattern.sub(letter, word)
    sounds = _SOUND.findall(word)
    if not sounds:
        return set()
    heard = [_CLASSES[sound] for sound in sounds]
    heard[0] = _AT_THE_HEAD.get(sounds[0], heard[0])
    found = {
        _SAME_SOUND_TWICE.sub("\\1", "".join(ways)).replace(_SILENT, "")
        for ways in islice(product(*heard), _MOST_SKELETONS)
    }
    return found - {"", "A"}
