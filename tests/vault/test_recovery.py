"""The recovery kit: made once on paper, drilled without the root key, and the way back when that is lost."""

import io
import os
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from uuid import UUID

import pyrage
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import ProgrammingError, transaction

from caseapp.errors import Refused
from caseapp.safekeeping.models import Check
from caseapp.vault import keyring, recovery, root, services
from caseapp.vault.cipher import SealLocked
from caseapp.vault.models import ClinicKey, Epoch, Officers
from caseapp.vault.shares import combine
from tests.vault.conftest import record_person, set_up_clinic
from tests.vault.proof_models import Letter

pytestmark = pytest.mark.django_db(databases=["default", "keyring"])
ActingAs = Callable[[str], AbstractContextManager[None]]


@pytest.fixture(autouse=True)
def root_put_back(root_key: Path) -> Iterator[None]:
    good = root_key.read_bytes()
    yield
    lose(root_key)
    root_key.touch(0o600)
    root_key.write_bytes(good)


@pytest.fixture(autouse=True)
def as_web(settings: Any) -> None:
    settings.AMPARO_ROLE = "web"


def lose(root_key: Path) -> None:
    root_key.unlink(missing_ok=True)
    keyring.drop_all()


def run(command: str, *args: object, typed: str = "", monkeypatch: pytest.MonkeyPatch | None = None) -> str:
    out = io.StringIO()
    if monkeypatch is not None:
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    call_command(command, *map(str, args), stdout=out, stderr=io.StringIO())
    return out.getvalue()


def printed_shares(printed: str) -> list[str]:
    """Read the shares off the printed pages, as a person would."""
    return [" ".join(re.findall(r"\b\d+ ([a-z]{4,})", page)) for page in printed.split("\f") if page.strip()]


# Making


def test_the_command_prints_three_pages_any_two_of_which_open_the_canary(clinic: UUID) -> None:
    shares = printed_shares(run("make_recovery_kit"))

    canary = recovery.canary()
    assert canary is not None
    assert len(shares) == 3
    for pair in (shares[:2], shares[1:], shares[::2]):
        assert recovery.try_canary(pair, canary) == recovery.recipient()


def test_nothing_on_the_server_holds_a_share_or_the_key(clinic: UUID) -> None:
    kit = recovery.make_kit()

    row = Officers.objects.get()
    kept = " ".join([row.recipient, bytes(row.canary).hex(), repr(kit), str(kit)])
    secret = combine(kit.shares[:2])
    assert secret.hex() not in kept
    assert not [share for share in kit.shares if share in kept or share.split()[5] in kept.split()]


def test_every_clinic_key_there_is_gets_sealed_to_the_kit(clinic: UUID) -> None:
    other = set_up_clinic()

    kit = recovery.make_kit()

    sealed = [bytes(row.escrowed or b"") for row in ClinicKey.objects.filter(clinic_id__in=[clinic, other])]
    assert kit.generations == 2
    assert [box[:21] for box in sealed] == [b"age-encryption.org/v1"] * 2


def test_before_the_first_clinic_there_is_nothing_to_make_a_kit_for(vault: None) -> None:
    with pytest.raises(CommandError, match="Set up the clinic first"):
        run("make_recovery_kit")


def test_a_second_kit_must_be_asked_for_and_voids_the_first(clinic: UUID) -> None:
    first = recovery.make_kit()
    with pytest.raises(CommandError, match="--replace"):
        run("make_recovery_kit")

    second = recovery.make_kit()

    canary = recovery.canary()
    assert canary is not None
    assert (first.replaced, second.replaced) == (False, True)
    assert recovery.try_canary(second.shares[:2], canary) == second.recipient
    with pytest.raises(Refused, match="older kit"):
        recovery.try_canary(first.shares[:2], canary)


def test_without_the_root_key_no_kit_is_made_and_the_old_one_stays(clinic: UUID, root_key: Path) -> None:
    first = recovery.make_kit()
    lose(root_key)

    with pytest.raises(CommandError, match="no root key"):
        run("make_recovery_kit", "--replace")

    assert recovery.recipient() == first.recipient


def test_a_worker_may_not_make_one(clinic: UUID, settings: Any) -> None:
    settings.AMPARO_ROLE = "worker"

    with pytest.raises(CommandError, match="AMPARO_ROLE=web"):
        run("make_recovery_kit")


def test_a_recipient_that_someone_put_in_the_keyring_gets_no_key(clinic: UUID) -> None:
    recovery.make_kit()
    theirs = str(pyrage.x25519.Identity.generate().to_public())
    Officers.objects.update(recipient=theirs)

    with pytest.raises(SealLocked, match="someone changed it"), transaction.atomic(using="keyring"):
        recovery.escrow(os.urandom(32), root.Context(Epoch.objects.get().deployment, clinic, 2))


def test_the_web_makes_it_and_the_worker_reads_only_what_a_drill_needs(
    clinic: UUID, acting_as: ActingAs
) -> None:
    with acting_as("amparo_keyring"):
        kit = recovery.make_kit()
    with acting_as("amparo_shredder"):
        assert recovery.recipient() == kit.recipient
        assert recovery.canary()


def test_the_worker_reads_no_escrowed_key(clinic: UUID, acting_as: ActingAs) -> None:
    with (
        acting_as("amparo_shredder"),
        pytest.raises(ProgrammingError),
        transaction.atomic(using="keyring"),
    ):
        list(ClinicKey.objects.values_list("escrowed"))


# The drill


@pytest.fixture
def kit(clinic: UUID) -> recovery.Kit:
    return recovery.make_kit()


def drills() -> list[bool]:
    """Return how each recovery drill on record went."""
    return list(Check.objects.filter(kind="recovery-drill").values_list("ok", flat=True))


def test_a_drill_needs_neither_the_root_key_nor_the_database(
    kit: recovery.Kit, root_key: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("recovery_drill", "--write-canary", tmp_path / "canary.age")
    lose(root_key)
    Officers.objects.all().delete()

    said = run(
        "recovery_drill",
        "--canary",
        tmp_path / "canary.age",
        typed="\n".join(kit.shares[1:]),
        monkeypatch=monkeypatch,
    )

    assert said == f"ok: two shares open the canary of the kit {kit.recipient}\n"
    assert drills() == []
    run("recovery_drill", "--record")
    assert drills() == [True]


def test_a_drill_reads_shares_as_printed_over_many_lines_and_a_backup_to_its_end(
    kit: recovery.Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [re.sub(r"((?:\S+ ){5})", r"\1\n", share) + "\n" for share in kit.shares[:2]]
    backup = tmp_path / "keyring.age"
    backup.write_bytes(pyrage.encrypt(os.urandom(200_000), [pyrage.x25519.Recipient.from_str(kit.recipient)]))

    said = run("recovery_drill", "--backup", backup, typed="".join(lines), monkeypatch=monkeypatch)

    assert "ok: they open keyring.age, to its end" in said
    assert drills() == [True]


@pytest.mark.parametrize("how", ["cut", "altered", "another's"])
def test_a_backup_that_does_not_open_whole_fails_the_drill(
    how: str, kit: recovery.Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = pyrage.x25519.Identity.generate().to_public()
    recipient = other if how == "another's" else pyrage.x25519.Recipient.from_str(kit.recipient)
    sealed = bytearray(pyrage.encrypt(os.urandom(200_000), [recipient]))
    if how == "altered":
        sealed[150_000] ^= 1
    (tmp_path / "b.age").write_bytes(sealed[:150_000] if how == "cut" else sealed)

    with pytest.raises(CommandError, match="do not open this"):
        run(
            "recovery_drill",
            "--backup",
            tmp_path / "b.age",
            typed="\n".join(kit.shares[:2]),
            monkeypatch=monkeypatch,
        )


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("{0}\n", "Share 2 is empty"),
        ("{0}\n{0}\n", "same share twice"),
        ("{0}\nacademicc {1}\n", "word 1: “academicc” is not a word"),
        ("", "Share 1 is empty"),
    ],
)
def test_a_drill_refuses_in_words(
    typed: str, says: str, kit: recovery.Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CommandError, match=says):
        run("recovery_drill", typed=typed.format(*kit.shares), monkeypatch=monkeypatch)

    assert drills() == []


@pytest.mark.parametrize("at", [0, 30, 120, -1])
def test_an_altered_canary_does_not_open(at: int, kit: recovery.Kit) -> None:
    canary = bytearray(recovery.canary() or b"")
    canary[at] ^= 1

    with pytest.raises(Refused, match="do not open this"):
        recovery.try_canary(kit.shares[:2], bytes(canary))


def test_another_file_for_the_same_officers_is_not_the_canary(kit: recovery.Kit) -> None:
    other = pyrage.encrypt(b"words", [pyrage.x25519.Recipient.from_str(kit.recipient)])

    with pytest.raises(Refused, match="not the canary"):
        recovery.try_canary(kit.shares[:2], other)


def test_a_drill_before_there_is_a_kit_says_so(clinic: UUID) -> None:
    with pytest.raises(CommandError, match="No recovery kit was made"):
        run("recovery_drill")


# The way back


def test_with_the_root_key_lost_two_shares_open_the_clinic_under_a_new_one(
    letter: Letter, root_key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = root_key.read_bytes()
    other_clinic = set_up_clinic()
    shares = printed_shares(run("make_recovery_kit"))
    lose(root_key)
    assert not services.ready().unlocked

    said = run("recover_root", typed="\n".join(shares[1:]), monkeypatch=monkeypatch)

    assert "Opened 2 clinic keys" in said
    assert services.ready().unlocked
    assert root_key.read_bytes() != old
    assert root_key.stat().st_mode & 0o777 == 0o600
    assert Letter.objects.get(pk=letter.pk).text == "Dear María"
    keyring.make_key(other_clinic, record_person(letter.clinic_id))


def test_after_recovery_the_old_root_key_opens_nothing_and_the_kit_still_seals(
    kit: recovery.Kit, clinic: UUID, root_key: Path
) -> None:
    old = root_key.read_bytes()
    lose(root_key)
    recovery.recover(kit.shares[:2])
    place = root.Context(Epoch.objects.get().deployment, clinic, 2)
    with transaction.atomic(using="keyring"):
        assert recovery.escrow(os.urandom(32), place)
    lose(root_key)

    again = recovery.recover(kit.shares[1:])

    assert again == (1, 0)
    root_key.write_bytes(old)
    keyring.drop_all()
    assert not services.ready().unlocked


def test_a_root_key_that_works_is_left_alone(
    kit: recovery.Kit, root_key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (root_key.read_bytes(), bytes(ClinicKey.objects.get().wrapped or b""))

    said = run("recover_root", typed="\n".join(kit.shares[:2]), monkeypatch=monkeypatch)

    assert "Nothing to recover" in said
    assert (root_key.read_bytes(), bytes(ClinicKey.objects.get().wrapped or b"")) == before


def test_what_was_never_sealed_to_the_kit_is_said_and_the_rest_opens(
    kit: recovery.Kit, clinic: UUID, root_key: Path
) -> None:
    ClinicKey.objects.filter(clinic_id=set_up_clinic()).update(escrowed=None)
    lose(root_key)

    assert recovery.recover(kit.shares[:2]) == (1, 1)


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("void shares", "older kit, and void"),
        ("another clinic's key", "is not this clinic's key"),
        ("a planted key", "does not open that clinic's records"),
        ("altered", "do not open this"),
    ],
)
def test_what_is_wrong_stops_recovery_before_a_root_key_is_made(
    how: str, says: str, kit: recovery.Kit, person: UUID, clinic: UUID, root_key: Path
) -> None:
    row = ClinicKey.objects.get()
    shares = kit.shares[:2]
    recipient = pyrage.x25519.Recipient.from_str(kit.recipient)
    if how == "void shares":
        recovery.make_kit()
    elif how == "another clinic's key":
        other = set_up_clinic()
        shares = recovery.make_kit().shares[:2]
        row.escrowed = ClinicKey.objects.get(clinic_id=other).escrowed
    elif how == "a planted key":
        deployment = Epoch.objects.get().deployment
        place = root.Context(deployment, clinic, 1).to_bytes()
        row.escrowed = pyrage.encrypt(b"SF1 escrow" + place + os.urandom(32), [recipient])
    else:
        *kept, last = bytes(row.escrowed or b"")
        row.escrowed = bytes([*kept, last ^ 1])
    if how != "void shares":
        row.save()
    lose(root_key)

    with pytest.raises(Refused, match=says):
        recovery.recover(shares)

    assert not root_key.exists()


def test_without_a_kit_recovery_says_that_there_is_none(clinic: UUID, root_key: Path) -> None:
    kit = recovery.make_kit()
    Officers.objects.all().delete()

    with pytest.raises(Refused, match="no recovery kit"):
        recovery.recover(kit.shares[:2])


def test_a_worker_may_not_recover(kit: recovery.Kit, settings: Any) -> None:
    settings.AMPARO_ROLE = "worker"

    with pytest.raises(CommandError, match="AMPARO_ROLE=web"):
        run("recover_root")
