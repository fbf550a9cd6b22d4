"""Find a person among a clinic's people by any part of a name or number, in memory only.

Words and numbers are held once each, with the places of the people who have them, so that removing a
person leaves nothing of theirs behind. Nothing here prints a value. An index is not safe to change
while another thread searches it: whoever holds it holds a lock.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import nsmallest
from itertools import islice
from typing import Final
from uuid import UUID

from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from caseapp.people import names, typed
from caseapp.people.number_lines import REASONS as NUMBER_REASONS
from caseapp.people.number_lines import NumberLines, line_of
from caseapp.people.terms import Ordered, Terms

WORD_REASONS: Final = tuple(
    part + how
    for part in ("name", "surname")
    for how in ("", ", beginning", ", other spelling", ", other script")
)
REASONS: Final = (*WORD_REASONS, *NUMBER_REASONS)

# How well a word fits, of 100. Whatever is exact or begins as typed stands above everything guessed.
_EXACT: Final = 100.0
_BEGINNING: Final = 90.0
_TOGETHER: Final = 88.0
_ALIAS: Final = 60.0
_BY_SOUND: Final = 60.0
_BY_METAPHONE: Final = 52.0
_SOUND_BEGINNING: Final = 48.0
_SLIP: Final = 84.0
_PER_SLIP: Final = 8.0
_OF_LIKENESS: Final = 0.25
_BONUS_FOR_A_PARTICLE: Final = 0.5

_MOST_KEYS: Final = 200
_MOST_SLIPS: Final = 20
_SHORTEST_FOR_A_SLIP: Final = 5
_SHORTEST_FOR_TWO_SLIPS: Final = 8
_SHORTEST_TO_SPLIT: Final = 6
# A word shorter than this is looked for among those whom the other words found; alone, it finds some of many.
_SHORTEST_FOR_ITSELF: Final = 3
_ENOUGH: Final = 2000
_LEAST_LIKE_TOGETHER: Final = 60.0

# A word's entry is its person's place, then two bits that say which word it is.
_SURNAME: Final = 1
_OTHER_SCRIPT: Final = 2
_BITS: Final = 2
_ALL_BITS: Final = 3

# What one term of a search found: for each place, how well it fits and why.
_Found = dict[int, tuple[float, str]]


@dataclass(frozen=True, slots=True, repr=False)
class Card:
    """What one person can be found by.

    Each of `names` is one way to write the name in full, in any script. `surnames` only lets a hit say
    that it was a surname that matched. `numbers` are A-numbers (7 to 9 digits), receipt numbers, telephones
    (E.164, or ten digits and more; also within a sentence), e-mail addresses, and anything else that is not a
    sentence as a tracking number. `dob` is an ISO date.
    """

    person_id: UUID
    names: tuple[str, ...]
    numbers: tuple[str, ...] = ()
    dob: str | None = None
    surnames: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return "<Card>"


@dataclass(frozen=True, slots=True, repr=False)
class Hit:
    """A person who may be meant, how well they fit (0 to 100), and why: phrases of REASONS joined by "; "."""

    person_id: UUID
    score: float
    why: str

    def __repr__(self) -> str:
        return "<Hit>"


class _Person:
    """Who is at a place: their id, their words, and for each word which it is."""

    __slots__ = ("bits", "id", "words")

    def __init__(self, person_id: UUID, words: dict[str, int]) -> None:
        self.id = person_id
        self.words = tuple(words)
        self.bits = bytes(words.values())


class Index:
    """The people of one clinic, and a search over them."""

    __slots__ = ("_free", "_keys", "_numbers", "_people", "_place_of", "_sounds", "_words")

    def __init__(self, cards: Iterable[Card] = ()) -> None:
        self._people: dict[int, _Person] = {}
        self._place_of: dict[UUID, int] = {}
        self._free: list[int] = []
        self._words = Terms()
        self._keys: dict[str, list[str]] = {}
        self._sounds = Ordered()
        self._numbers = NumberLines()
        folded: dict[str, tuple[str, ...]] = {}
        for card in cards:
            self._add(card, folded)

    def __len__(self) -> int:
        return len(self._place_of)

    def __contains__(self, person_id: UUID) -> bool:
        return person_id in self._place_of

    def __repr__(self) -> str:
        return "<Index>"

    def add(self, card: Card) -> None:
        """Add a person. Raises ValueError if they are there already."""
        self._add(card, {})

    def replace(self, card: Card) -> None:
        """Put `card` in the place of what was known of the person, if anything was."""
        self.replace_all((card,))

    def replace_all(self, cards: Iterable[Card]) -> None:
        """Do as `replace` for many, at half the cost of one after another."""
        folded: dict[str, tuple[str, ...]] = {}
        for card in cards:
            self.remove(card.person_id)
            self._add(card, folded)

    def remove(self, person_id: UUID) -> None:
        """Forget everything about a person. It is no error if they are not there."""
        place = self._place_of.pop(person_id, None)
        if place is None:
            return
        person = self._people.pop(place)
        self._free.append(place)
        self._numbers.put(place, "")
        for word, bits in zip(person.words, person.bits, strict=True):
            if self._words.remove(word, place << _BITS | bits):
                self._forget_keys(word)

    def _add(self, card: Card, folded: dict[str, tuple[str, ...]]) -> None:
        if card.person_id in self._place_of:
            raise ValueError("This person is in the index already. Use replace.")
        place = self._free.pop() if self._free else len(self._people)
        words = _words_of(card, folded)
        for word, bits in words.items():
            if self._words.add(word, place << _BITS | bits):
                self._note_keys(word)
        self._numbers.put(place, line_of(card.numbers, card.dob))
        self._people[place] = _Person(card.person_id, words)
        self._place_of[card.person_id] = place

    def _note_keys(self, word: str) -> None:
        if word in names.PARTICLES:
            return
        for key in names.word_keys(word):
            if key in self._keys:
                self._keys[key].append(word)
            else:
                self._keys[key] = [word]
                self._sounds.add(key)

    def _forget_keys(self, word: str) -> None:
        if word in names.PARTICLES:
            return
        for key in names.word_keys(word):
            sharing = self._keys[key]
            sharing.remove(word)
            if not sharing:
                del self._keys[key]
                self._sounds.remove(key)

    def search(self, text: str, limit: int = 20) -> list[Hit]:
        """Return who is meant by `text`, best first: words of a name in any order, numbers, a date of birth.

        Someone whom only half of the words fit is still returned, below everyone whom all of them fit.
        """
        asked = typed.read(text)
        telling = [word for word in asked.words if word not in names.PARTICLES] or list(asked.words)
        found = self._all_like(telling, latin=asked.is_latin)
        self._written_together(asked.words, telling, found)
        found += [self._numbers.find(number) for number in (*asked.numbers, *asked.emails)]
        found += [self._numbers.born_on(day) for day in asked.dates]
        particles = [self._places(word) for word in asked.words if word not in telling]
        return self._best(found, particles, limit)

    def _best(self, found: list[_Found], particles: list[set[int]], limit: int) -> list[Hit]:
        scores: dict[int, float] = {}
        fits: dict[int, int] = {}
        for term in found:
            for place, (score, _) in term.items():
                scores[place] = scores.get(place, 0.0) + score
                fits[place] = fits.get(place, 0) + 1
        ranked = []
        for place, score in scores.items():
            if 2 * fits[place] < len(found):
                continue
            share = 1.0 if fits[place] == len(found) else 0.5
            bonus = sum(_BONUS_FOR_A_PARTICLE for places in particles if place in places)
            person = self._people[place]
            ranked.append((-share * (score / len(found) + bonus), len(person.words), place, person.id))
        return [
            Hit(person_id, round(min(-score, 100.0), 1), _why(found, place))
            for score, _, place, person_id in nsmallest(limit, ranked)
        ]

    def _places(self, word: str) -> set[int]:
        return {entry >> _BITS for entry in self._words[word]} if word in self._words else set()

    def _all_like(self, telling: list[str], *, latin: bool) -> list[_Found]:
        """Return what each word found; short words, which fit nearly everyone, only among those found."""
        found: list[_Found] = [{} for _ in telling]
        so_far: set[int] | None = None
        for at in sorted(range(len(telling)), key=lambda at: -len(telling[at])):
            among = so_far or None if len(telling[at]) < _SHORTEST_FOR_ITSELF else None
            found[at] = self._like(telling[at], latin=latin, among=among)
            so_far = found[at].keys() | (so_far or set())
        return found

    def _like(self, word: str, *, latin: bool, among: set[int] | None) -> _Found:
        """Return who has a word like this one, from the surest to the least sure."""
        found: _Found = {}
        if word in self._words:
            self._spread(word, _EXACT, "", found, latin=latin, among=among)
        for longer in self._words.beginning(word):
            if len(word) < _SHORTEST_FOR_ITSELF and len(found) > _ENOUGH:
                return found
            if longer != word:
                score = _BEGINNING + 8 * len(word) / len(longer)
                self._spread(longer, score, ", beginning", found, latin=latin, among=among)
        guesses = self._guesses(word) if len(word) > 1 else {}
        for other in sorted(guesses, key=guesses.__getitem__, reverse=True):
            self._spread(other, guesses[other], ", other spelling", found, latin=latin, among=among)
        if len(word) >= _SHORTEST_TO_SPLIT:
            self._written_apart(word, found)
        return found

    def _guesses(self, word: str) -> dict[str, float]:
        """Return the words that sound like `word` or differ by a slip of the hand, and how well they fit."""
        guesses: dict[str, float] = {}

        def guess(other: str, score: float) -> None:
            if guesses.get(other, 0.0) < score:
                guesses[other] = score

        for key in names.word_keys(word):
            base = {"s": _BY_SOUND, "=": _ALIAS}.get(key[0], _BY_METAPHONE)
            for other in self._keys.get(key, ()):
                guess(other, base + _OF_LIKENESS * fuzz.ratio(word, other))
            if key[0] == "s" and len(key) > 3:
                for longer in islice(self._sounds.beginning(key), _MOST_KEYS):
                    for other in self._keys[longer]:
                        likeness = fuzz.ratio(word, other[: len(word) + 1])
                        guess(other, _SOUND_BEGINNING + _OF_LIKENESS * likeness)
        for other, slips in self._slips(word):
            guess(other, _SLIP - _PER_SLIP * slips)
        guesses.pop(word, None)
        return guesses

    def _slips(self, word: str) -> list[tuple[str, int]]:
        if len(word) < _SHORTEST_FOR_A_SLIP:
            return []
        most = 2 if len(word) >= _SHORTEST_FOR_TWO_SLIPS else 1
        near = process.extract(
            word, self._words.all(), scorer=OSA.distance, score_cutoff=most, limit=_MOST_SLIPS
        )
        return [(other, int(distance)) for other, distance, _ in near if len(other) >= len(word) - 1]

    def _spread(
        self, word: str, score: float, how: str, found: _Found, *, latin: bool, among: set[int] | None = None
    ) -> None:
        """Find who has `word` (and is `among` these), unless something better found them before."""
        because = [(score, reason) for reason in _reasons(how, latin=latin)]
        for entry in self._words[word]:
            place = entry >> _BITS
            if (among is None or place in among) and (place not in found or found[place][0] < score):
                found[place] = because[entry & _ALL_BITS]

    def _written_apart(self, word: str, found: _Found) -> None:
        """Add who has this word as two: Xiaoming for Xiao Ming."""
        for at in range(2, len(word) - 1):
            if word[:at] in self._words and word[at:] in self._words:
                for place in self._places(word[:at]) & self._places(word[at:]):
                    if place not in found or found[place][0] < _TOGETHER:
                        found[place] = (_TOGETHER, "name, other spelling")

    def _written_together(self, words: tuple[str, ...], telling: list[str], found: list[_Found]) -> None:
        """Count words that someone else wrote as one for all of them: Dela Cruz for Delacruz."""
        for start, end in _runs(len(words)):
            run = words[start:end]
            counts_for = [found[at] for at, word in enumerate(telling) if word in run]
            together = "".join(run)
            fitting = {together: _TOGETHER} if together in self._words else {}
            for key in names.word_keys(together) if end - start == 2 else ():
                for other in self._keys.get(key, ()):
                    likeness = fuzz.ratio(together, other)
                    if key[0] == "s" and likeness > _LEAST_LIKE_TOGETHER:
                        fitting.setdefault(other, _BY_SOUND + _OF_LIKENESS * likeness)
            for other, score in fitting.items():
                for term in counts_for:
                    self._spread(other, score, ", other spelling", term, latin=True)


def _reasons(how: str, *, latin: bool) -> list[str]:
    """Return the reason for each setting of a word's bits."""
    return [
        ("surname" if bits & _SURNAME else "name")
        + (", other script" if bool(bits & _OTHER_SCRIPT) == latin else how)
        for bits in range(_ALL_BITS + 1)
    ]


def _words_of(card: Card, folded: dict[str, tuple[str, ...]]) -> dict[str, int]:
    """Return the words of all the card's names, each with its bits. `folded` remembers words seen before."""
    surnames = {word for surname in card.surnames for word in _fold(surname, folded)}
    words: dict[str, int] = {}
    for name in card.names:
        script = 0 if name.isascii() or typed.is_latin(name) else _OTHER_SCRIPT
        parts = _fold(name, folded)
        for word in (*parts, *names.bound(parts)):
            words.setdefault(word, script | (_SURNAME if word in surnames else 0))
    return words


def _fold(name: str, folded: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    words: list[str] = []
    for written in name.split():
        parts = folded.get(written)
        if parts is None:
            parts = folded[written] = tuple(names.fold(written).split())
        words += parts
    return tuple(words)


def _runs(count: int) -> Iterator[tuple[int, int]]:
    """Yield the start and end of each run of two or three among `count` words."""
    for length in (2, 3):
        yield from ((start, start + length) for start in range(count - length + 1))


def _why(found: list[_Found], place: int) -> str:
    return "; ".join(dict.fromkeys(term[place][1] for term in found if place in term))
