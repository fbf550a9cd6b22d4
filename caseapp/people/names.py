"""When two spellings may be the same name.

A client's name reaches the clinic in several spellings and scripts: the passport's, the court's, the
client's own. The stored spelling is never changed; what is made here is thrown away after a search.

Three forms, each looser than the one before: `fold` (the same letters without accents or case, in Latin
script), `tokens` (the words that tell people apart) and `keys` (consonants by sound). Two names that share
a key may be the same name, so keys propose candidates and someone else must rank them.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import pairwise

from anyascii import anyascii
from doublemetaphone import doublemetaphone

from caseapp.people.sounds import skeletons

# Glottal stops and apostrophes of every kind, typed for one another all the time: Q'anil, Q’anil, Qꞌanil.
_APOSTROPHES = "'`´‘’‛′ʹʺʻʼʽʾʿˀˁˈʔʕꞋꞌ՚׳＇"
_VANISHING = dict.fromkeys(map(ord, _APOSTROPHES + "\u0640\u00ad\u200b\u200d\u200e\u200f\u2060\ufeff"))
_MARKS = re.compile("[\u0300-\u036f\u0483-\u0487\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed]")

_ARABIC = re.compile("[\u0600-\u06ff]")
_ARABIC_LETTERS = str.maketrans(
    {
        **dict.fromkeys("أإآٱع", "ا"),
        **dict.fromkeys("ىیې", "ي"),
        "ک": "ك",
        "ؤ": "و",
        "ئ": "ي",
        "ة": None,
        "ء": None,
        "ض": "ذ",  # dh: the d of Arabic, the z of Persian
    }
)
_ALEF = str.maketrans("ا", "a")
_ARABIC_ALLAH = re.compile("\\s*الله\\b")
_ARABIC_ARTICLE = re.compile("\\b(ابد|ابو)?ال(?=\\w{2})")  # after the ain of abd has become an alef

_UKRAINIAN = re.compile("[іїєґІЇЄҐ]")
_UKRAINIAN_H = str.maketrans("гГ", "hH")
_INDIC_NASALS = str.maketrans({"\u0902": "न", "\u0901": "न", "\u0a02": "ਨ", "\u0a70": "ਨ", "\u0982": "ন"})
_ONE_WORD_PER_SIGN = re.compile("[\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")

_NOT_A_LETTER = re.compile("[^a-z]+")
_HYPHENATED_ARTICLE = re.compile("\\b(?:as|ad|ar|an|at|az|ash)-(?=[a-z]{3})")
_SERVANT_OF = re.compile("\\bc?abd(?:[aeiou](?:l|([dnrstz])(?=\\1))?)?(?=[a-z]{3})")

# Words that hold a name together. They count when typed, but they tell nobody apart.
_ENDINGS = frozenset({"lah", "llah", "ullah", "allah", "lla", "lahi", "lh", "uddin"})
PARTICLES = _ENDINGS.union(
    ("de", "del", "dela", "delos", "delas", "la", "las", "los", "le", "du", "san", "santa", "st", "y"),
    ("da", "do", "dos", "das", "di", "e", "van", "von", "der", "den"),
    ("al", "el", "ul", "bin", "ibn", "bint", "ben", "abu", "abd"),
)

# Spellings of one name that its sounds do not bring together.
_ALIASES = """
    diallo jallow jalloh jalo dialo
    singh sing sinh
    igor ihor ~ oleg oleh ~ hanna anna ganna hannah ~ bogdan bohdan ~ galina halyna ~ gennady hennadii
    ali cali ~ abdi cabdi ~ omar umar cumar ~ osman usman cusmaan cusman ~ aisha caasha
    isa issa ciise isse
    joseph josef jose yusuf yousef ~ john juan jean joao ivan ~ jorge george giorgi
    zhang chang cheung ~ wang wong ~ huang wong hwang ~ chen chan ~ li lee lei yi rhee ~ zhou chow chou
    zhao chao chiu
    xu hsu hui ~ liu lau liew ~ wu ng ~ lin lam lim ~ yang yeung ~ he ho ~ guo kwok kuo
    zheng cheng ~ cai tsai choi
    xie hsieh tse ~ ye yip yeh ~ luo law lo ~ zhu chu ~ jiang chiang ~ cao tsao ~ liang leung ~ huynh hoang
    kim gim ~ park bak pak ~ choi choe ~ jung jeong chung
"""
_GROUPS_OF: dict[str, list[str]] = {}
for _number, _group in enumerate(_ALIASES.replace("\n", "~").split("~")):
    for _word in _group.split():
        _GROUPS_OF.setdefault(_word, []).append(f"={_number}")


def fold(name: str) -> str:
    """Return `name` in the letters a-z, words parted by one space, without accents or apostrophes."""
    text = name if name.isascii() else _to_latin(name)
    text = text.translate(_VANISHING).lower()
    if "-" in text:
        text = _HYPHENATED_ARTICLE.sub("al ", text)
    if "abd" in text:
        text = _SERVANT_OF.sub("abd ", text)
    return _NOT_A_LETTER.sub(" ", text).strip()


def _to_latin(name: str) -> str:
    """Bring any script to Latin letters, after settling what each script writes in more than one way."""
    text = unicodedata.normalize("NFKC", name.translate(_VANISHING)).replace("\u200c", " ")
    text = _MARKS.sub("", text)
    if _ARABIC.search(text):
        text = text.translate(_ARABIC_LETTERS)
        text = _ARABIC_ALLAH.sub(" له", text)
        text = _ARABIC_ARTICLE.sub(lambda found: f"{found[1] or ''} ال ", text).translate(_ALEF)
    if _UKRAINIAN.search(text):
        text = text.translate(_UKRAINIAN_H)
    text = _ONE_WORD_PER_SIGN.sub(lambda sign: f" {anyascii(sign[0])} ", text.translate(_INDIC_NASALS))
    return anyascii(text)


def tokens(name: str) -> tuple[str, ...]:
    """Return the folded words of `name` without particles, or all of them if there is nothing else."""
    words = fold(name).split()
    return tuple(word for word in words if word not in PARTICLES) or tuple(words)


def keys(name: str) -> frozenset[str]:
    """Return what `name` may be found under: the sounds of its words, and of neighbours written as one."""
    words = fold(name).split()
    telling = [word for word in words if word not in PARTICLES]
    return frozenset(key for word in [*telling, *joined(words)] for key in word_keys(word))


def joined(words: Sequence[str]) -> Iterator[str]:
    """Yield each two neighbouring words as one, then what `bound` yields."""
    yield from (a + b for a, b in pairwise(words) if a not in PARTICLES and b not in PARTICLES)
    yield from bound(words)


def bound(words: Sequence[str]) -> Iterator[str]:
    """Yield as one word each run of particles with the word it belongs to, as delacruz, abdalrahman."""
    run = ""
    for at, word in enumerate(words):
        if word in _ENDINGS:
            if at:
                yield words[at - 1] + word
            run = ""
        elif word in PARTICLES:
            run += word
        elif run:
            yield run + word
            run = ""
    if len(words) == 1 and words[0] in PARTICLES:
        yield words[0]


_FUSED_ARTICLE = re.compile("[ae]l(?=[bhjkmnqrsz][a-z]{3})")


def word_keys(word: str) -> set[str]:
    """Return the keys of one folded word."""
    found = {f"s{skeleton}" for skeleton in skeletons(word)}
    found.update(f"d{sound}" for sound in doublemetaphone(word) if len(sound) > 1)
    if fused := _FUSED_ARTICLE.match(word):
        found.update(f"s{skeleton}" for skeleton in skeletons(word[fused.end() :]))
    found.update(_GROUPS_OF.get(word, ()))
    return found or {f"w{word}"}
