"""Merkle trees as in RFC 6962 and 9162: one hash for a list, and short proofs of what is in it. Pure."""

import hashlib
from collections.abc import Iterable, Sequence


class NotIncluded(ValueError):
    """The path does not lead from this leaf, at this place, to a tree of this size."""


def leaf(data: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + data).digest()


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


class Growing:
    """A tree that grows leaf by leaf and can say its root at any size. Holds at most 64 hashes."""

    def __init__(self, data: Iterable[bytes] = ()) -> None:
        self.size = 0
        # The whole subtrees from left to right: one for each bit that is set in `size`.
        self._whole: list[bytes] = []
        for each in data:
            self.add(each)

    def add(self, data: bytes) -> None:
        new, full = leaf(data), self.size
        while full & 1:
            new, full = node(self._whole.pop(), new), full >> 1
        self._whole.append(new)
        self.size += 1

    def root(self) -> bytes:
        if not self._whole:
            return hashlib.sha256().digest()
        root = self._whole[-1]
        for left in reversed(self._whole[:-1]):
            root = node(left, root)
        return root


def root(data: Iterable[bytes]) -> bytes:
    return Growing(data).root()


def inclusion(data: Sequence[bytes], index: int) -> list[bytes]:
    """Return the path from the leaf at `index`, counted from 0, up to the root. Raises IndexError."""
    if not 0 <= index < len(data):
        raise IndexError(f"there is no leaf {index} in a tree of {len(data)}")
    level, path = [leaf(each) for each in data], []
    while len(level) > 1:
        beside = index ^ 1
        if beside < len(level):
            path.append(level[beside])
        odd = level[-1:] if len(level) % 2 else []
        level = [node(*level[at : at + 2]) for at in range(0, len(level) - 1, 2)] + odd
        index >>= 1
    return path


def root_by(data: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """Return the root that `path` leads to, after RFC 9162, 2.1.3.2. Raises NotIncluded."""
    if not 0 <= index < size:
        raise NotIncluded(f"there is no leaf {index} in a tree of {size}")
    here, last, reached = index, size - 1, leaf(data)
    for beside in path:
        if last == 0:
            raise NotIncluded("the path is too long")
        if here & 1 or here == last:
            reached = node(beside, reached)
            while here and not here & 1:
                here, last = here >> 1, last >> 1
        else:
            reached = node(reached, beside)
        here, last = here >> 1, last >> 1
    if last:
        raise NotIncluded("the path is too short")
    return reached
