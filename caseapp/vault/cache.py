"""Keys this process holds for a short while, and when it must let go of them."""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from threading import Lock
from typing import Final, NamedTuple
from uuid import UUID

from caseapp.vault.cipher import DataKey, WrappingKey

DATA_KEY_SECONDS: Final = 120
WRAPPING_KEY_IDLE_SECONDS: Final = 300
WRAPPING_KEY_SECONDS: Final = 900
TRUST_SECONDS: Final = 5
MOST_DATA_KEYS: Final = 4096


class Held(NamedTuple):
    """A data key with whose it is (UUIDs as integers, which compare fastest) and when it must go."""

    dies_at: float
    clinic: int
    subject: int
    key: DataKey


class Loaded(NamedTuple):
    """A data key just unwrapped, with whose it is and whether it seals."""

    subject_id: UUID
    key: DataKey
    seals: bool


class HeldWrapping(NamedTuple):
    """A wrapping key with the last moment it may be used, idle or not."""

    dies_at: float
    idle_at: float
    key: WrappingKey


class KeyCache:
    """What one process holds. It trusts its copies for five seconds after last hearing the keyring's epoch.

    Reading takes no lock: each step is one operation on a dictionary. `clock` counts seconds and
    never goes back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.drop_all()

    def drop_all(self) -> None:
        """Forget every key. Also makes a new lock, so it may be called in a forked child."""
        self._lock = Lock()
        self.epoch: int | None = None
        self._forget()

    def _forget(self) -> None:
        self.trusted_until = self._sweep_at = float("-inf")
        self._keys: OrderedDict[bytes, Held] = OrderedDict()
        self._newest: dict[tuple[int, int], bytes] = {}
        self._wrapping: dict[tuple[int, int], HeldWrapping] = {}

    def __len__(self) -> int:
        return len(self._keys)

    def heard(self, epoch: int, *, asked_at: float) -> None:
        """Note the epoch seen by a query begun at `asked_at`, and forget every key if it is a newer one.

        An older one comes from a query that was overtaken, and is not believed.
        """
        with self._lock:
            if self.epoch is None or epoch > self.epoch:
                self._forget()
                self.epoch = epoch
            if epoch == self.epoch:
                self.trusted_until = max(self.trusted_until, asked_at + TRUST_SECONDS)
            if asked_at >= self._sweep_at:
                self._sweep(asked_at)

    def _sweep(self, now: float) -> None:
        """Let go of what is past its time even if nobody asks for it again."""
        self._sweep_at = now + TRUST_SECONDS
        for key_id in [key_id for key_id, held in self._keys.items() if held.dies_at <= now]:
            self._drop(key_id)
        for place in [p for p, held in self._wrapping.items() if min(held.dies_at, held.idle_at) <= now]:
            del self._wrapping[place]

    def _drop(self, key_id: bytes) -> None:
        held = self._keys.pop(key_id, None)
        if held and self._newest.get((held.clinic, held.subject)) == key_id:
            del self._newest[held.clinic, held.subject]

    def get(self, clinic: UUID, subject: UUID, key_id: bytes) -> DataKey | None:
        """Return the key if it is held, in date, this subject's own, and the epoch was heard of late."""
        now = self.clock()
        held = self._keys.get(key_id)
        if held is None or now >= self.trusted_until:
            return None
        dies_at, held_clinic, held_subject, key = held
        if now >= dies_at or held_subject != subject.int or held_clinic != clinic.int:
            return None
        try:
            self._keys.move_to_end(key_id)
        except KeyError:
            return None
        return key

    def newest(self, clinic: UUID, subject: UUID) -> DataKey | None:
        """Return the key that seals for this subject, on the same conditions as get()."""
        key_id = self._newest.get((clinic.int, subject.int))
        return None if key_id is None else self.get(clinic, subject, key_id)

    def put_all(self, found: Iterable[Loaded], *, clinic: UUID, epoch: int, asked_at: float) -> None:
        """Hold keys that a query begun at `asked_at` found at `epoch`; not if that epoch has passed."""
        dies_at, clinic_number = asked_at + DATA_KEY_SECONDS, clinic.int
        with self._lock:
            if epoch != self.epoch:
                return
            for subject, key, seals in found:
                key_id, number = key.key_id, subject.int
                self._keys[key_id] = Held(dies_at, clinic_number, number, key)
                self._keys.move_to_end(key_id)
                if seals:
                    self._newest[clinic_number, number] = key_id
            while len(self._keys) > MOST_DATA_KEYS:
                self._drop(next(iter(self._keys)))

    def holds_clinic(self, clinic: UUID) -> bool:
        return any(held_clinic == clinic.int for held_clinic, _ in tuple(self._wrapping))

    def wrapping_key(self, clinic: UUID, generation: int) -> WrappingKey | None:
        """Return the clinic's key if it is held, was used within 5 minutes and is not 15 minutes old."""
        now = self.clock()
        place = (clinic.int, generation)
        held = self._wrapping.get(place)
        if held is None or now >= held.dies_at or now >= held.idle_at:
            return None
        with self._lock:
            if place in self._wrapping:
                self._wrapping[place] = held._replace(idle_at=now + WRAPPING_KEY_IDLE_SECONDS)
        return held.key

    def put_wrapping_key(self, key: WrappingKey, *, clinic: UUID, epoch: int, asked_at: float) -> None:
        with self._lock:
            if epoch == self.epoch:
                self._wrapping[clinic.int, key.generation] = HeldWrapping(
                    asked_at + WRAPPING_KEY_SECONDS, asked_at + WRAPPING_KEY_IDLE_SECONDS, key
                )
