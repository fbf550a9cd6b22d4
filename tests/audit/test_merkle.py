"""The tree of RFC 6962: known answers, and what is true of every tree."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caseapp.audit import merkle

# Leaves, roots and paths of the test of Certificate Transparency's own implementation of RFC 6962.
LEAVES = [
    bytes.fromhex(each)
    for each in ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", bytes(range(96, 112)).hex()]
]
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
# (leaf counted from 0, size of the tree): the path.
PATHS = {
    (0, 1): [],
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
LISTS = st.lists(st.binary(max_size=8), min_size=1, max_size=70)


def as_written(data: list[bytes]) -> bytes:
    """The root by the recursion of RFC 6962, 2.1, word for word."""
    if len(data) <= 1:
        return hashlib.sha256(b"\x00" + data[0] if data else b"").digest()
    split = 1 << ((len(data) - 1).bit_length() - 1)
    return hashlib.sha256(b"\x01" + as_written(data[:split]) + as_written(data[split:])).digest()


def test_the_root_of_nothing_is_the_hash_of_nothing() -> None:
    assert merkle.root([]).hex() == EMPTY


@pytest.mark.parametrize("size", range(1, 9))
def test_a_root_is_the_known_one(size: int) -> None:
    assert merkle.root(LEAVES[:size]).hex() == ROOTS[size - 1]


@pytest.mark.parametrize(("index", "size"), PATHS)
def test_a_path_is_the_known_one_and_leads_to_the_root(index: int, size: int) -> None:
    path = merkle.inclusion(LEAVES[:size], index)

    assert [each.hex() for each in path] == PATHS[index, size]
    assert merkle.root_by(LEAVES[index], index, size, path).hex() == ROOTS[size - 1]


@given(LISTS)
def test_the_root_is_that_of_the_recursion_however_the_tree_grew(data: list[bytes]) -> None:
    tree = merkle.Growing()

    for count, each in enumerate(data, 1):
        tree.add(each)
        assert tree.root() == as_written(data[:count])


@given(LISTS, st.data())
def test_every_leaf_is_proven_at_its_place_and_at_no_other(data: list[bytes], draw: st.DataObject) -> None:
    index = draw.draw(st.integers(0, len(data) - 1))
    elsewhere = draw.draw(st.integers(0, len(data) - 1))
    path = merkle.inclusion(data, index)

    assert merkle.root_by(data[index], index, len(data), path) == merkle.root(data)
    if data[elsewhere] != data[index]:
        assert leads_to(data[elsewhere], index, len(data), path) != merkle.root(data)


@given(LISTS, st.data())
def test_a_path_that_is_changed_cut_or_too_long_proves_nothing(
    data: list[bytes], draw: st.DataObject
) -> None:
    index = draw.draw(st.integers(0, len(data) - 1))
    path = merkle.inclusion(data, index)
    at = draw.draw(st.integers(0, len(path)))
    flipped = [bytes([each[0] ^ 1]) + each[1:] if n == at else each for n, each in enumerate(path)]

    for wrong in (path[:at] + path[at + 1 :], [*path[:at], bytes(32), *path[at:]], flipped):
        if wrong != path:
            assert leads_to(data[index], index, len(data), wrong) != merkle.root(data)


def leads_to(data: bytes, index: int, size: int, path: list[bytes]) -> bytes | None:
    try:
        return merkle.root_by(data, index, size, path)
    except merkle.NotIncluded:
        return None


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_there_is_no_proof_of_a_leaf_that_is_not_there(index: int, size: int) -> None:
    with pytest.raises(IndexError):
        merkle.inclusion(LEAVES[:size], index)
    with pytest.raises(merkle.NotIncluded):
        merkle.root_by(b"", index, size, [])


def test_a_leaf_is_never_taken_for_a_node() -> None:
    left, right = merkle.leaf(b"a"), merkle.leaf(b"b")

    assert merkle.root([left + right]) != merkle.root([b"a", b"b"])
