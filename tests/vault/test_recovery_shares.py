"""Shares on paper: any two give the key back, and whatever else is typed is refused in words."""

from itertools import combinations, permutations

import pyrage
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shamir_mnemonic import generate_mnemonics

from caseapp.errors import Refused
from caseapp.vault import shares

SECRET = bytes(range(32))


@pytest.fixture(scope="module")
def kit() -> tuple[str, ...]:
    return shares.split(SECRET)


def test_a_kit_is_three_shares_of_33_words(kit: tuple[str, ...]) -> None:
    assert [len(share.split()) for share in kit] == [33, 33, 33]


def test_any_two_shares_in_any_order_give_the_secret(kit: tuple[str, ...]) -> None:
    for pair in permutations(kit, 2):
        assert shares.combine(pair) == SECRET


def test_numbers_capitals_and_line_ends_do_not_matter(kit: tuple[str, ...]) -> None:
    typed = [
        "\n".join(f"{place}. {word.upper()}" for place, word in enumerate(share.split(), 1)) for share in kit
    ]

    assert shares.combine(typed[1:]) == SECRET


@pytest.mark.parametrize("count", [0, 1, 3])
def test_two_shares_are_needed_and_enough(kit: tuple[str, ...], count: int) -> None:
    with pytest.raises(Refused, match=f"Two shares are needed.*Given: {count}"):
        shares.combine(kit[:count])


def test_an_empty_second_share_is_refused(kit: tuple[str, ...]) -> None:
    with pytest.raises(Refused, match="Share 2 is empty"):
        shares.combine([kit[0], " \n"])


def test_the_same_share_twice_is_refused(kit: tuple[str, ...]) -> None:
    with pytest.raises(Refused, match="same share twice"):
        shares.combine([kit[1], kit[1].upper()])


def test_a_word_that_is_none_is_named_with_its_place_and_the_nearest(kit: tuple[str, ...]) -> None:
    words = kit[1].split()
    words[4] = "acedemic"

    with pytest.raises(Refused, match=r"Share 2, word 5: “acedemic” is not a word.*Is it “academic”"):
        shares.combine([kit[0], " ".join(words)])


def test_another_word_of_the_list_is_noticed_at_every_place(kit: tuple[str, ...]) -> None:
    for place in range(33):
        words = kit[0].split()
        words[place] = "academic" if words[place] != "academic" else "acid"

        with pytest.raises(Refused, match="Share 1: every word exists"):
            shares.combine([" ".join(words), kit[1]])


def test_two_words_in_each_others_place_are_noticed(kit: tuple[str, ...]) -> None:
    words = kit[0].split()
    at = next(place for place in range(10, 32) if words[place] != words[place + 1])
    words[at], words[at + 1] = words[at + 1], words[at]

    with pytest.raises(Refused, match="in each other's place"):
        shares.combine([" ".join(words), kit[1]])


def test_a_missing_word_is_counted(kit: tuple[str, ...]) -> None:
    with pytest.raises(Refused, match=r"Share 1 has 32 words. A share has 33"):
        shares.combine([kit[0].rsplit(" ", 1)[0], kit[1]])


def test_shares_of_two_kits_are_refused(kit: tuple[str, ...]) -> None:
    other = next(made for made in iter(lambda: shares.split(SECRET), None) if made[0][:9] != kit[0][:9])

    with pytest.raises(Refused, match="different kits"):
        shares.combine([kit[0], other[1]])


def test_shares_of_something_else_are_refused() -> None:
    [wallet] = generate_mnemonics(1, [(2, 3)], bytes(16))
    groups = generate_mnemonics(2, [(2, 3), (2, 3)], SECRET)

    with pytest.raises(Refused):
        shares.combine(wallet[:2])
    with pytest.raises(Refused, match="do not belong together"):
        shares.combine(groups[0][:2])


def test_one_share_says_nothing_that_two_different_secrets_would_not() -> None:
    seen = {shares.split(SECRET)[0] for _ in range(4)}

    assert len(seen) == 4


@settings(max_examples=100, deadline=None)
@given(st.binary(min_size=32, max_size=32))
def test_age_reads_every_key_as_we_write_it(secret: bytes) -> None:
    written = shares.age_secret_key(secret)

    assert str(pyrage.x25519.Identity.from_str(written)) == written


def test_what_is_sealed_to_the_recipient_opens_with_two_shares(kit: tuple[str, ...]) -> None:
    recipient = pyrage.x25519.Recipient.from_str(shares.recipient_of(SECRET))
    sealed = pyrage.encrypt(b"words", [recipient])

    for pair in combinations(kit, 2):
        assert pyrage.decrypt(sealed, [shares.identity_of(shares.combine(pair))]) == b"words"
