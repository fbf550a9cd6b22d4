"""What every root provider keeps to, whatever holds the key."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID, uuid4

import boto3
import pytest
from moto import mock_aws

from caseapp.vault import root_kms
from caseapp.vault.cipher import SealLocked
from caseapp.vault.root import (
    Context,
    CredentialRoot,
    FileRoot,
    RootKeyRefused,
    RootProvider,
    create_root_key,
)

HERE = Context(UUID(int=7), UUID(int=8), 1)
MakeRoot = Callable[[], RootProvider]


@pytest.fixture(params=["file", "systemd", "aws-kms"])
def make_root(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MakeRoot]:
    """Return a maker of providers, each with a root key of its own."""
    if request.param == "aws-kms":
        with mock_aws():
            for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
                monkeypatch.setenv(name, "testing")
            monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
            root_kms.forget_client()
            kms = boto3.client("kms")
            yield lambda: root_kms.KmsRoot(kms.create_key()["KeyMetadata"]["KeyId"])
        root_kms.forget_client()
        return
    kind = {"file": FileRoot, "systemd": CredentialRoot}[request.param]

    def make() -> RootProvider:
        path = tmp_path / uuid4().hex
        create_root_key(path)
        return kind(path)

    yield make


@pytest.fixture
def root(make_root: MakeRoot) -> RootProvider:
    return make_root()


def test_a_wrapped_key_opens_again(root: RootProvider) -> None:
    key = os.urandom(32)

    wrapped = root.wrap(key, HERE)

    assert root.unwrap(wrapped, HERE) == key


def test_a_wrapped_key_shows_nothing_of_the_key_nor_that_it_is_the_same(root: RootProvider) -> None:
    key = os.urandom(32)

    first, second = root.wrap(key, HERE), root.wrap(key, HERE)

    assert key not in first
    assert first != second


@pytest.mark.parametrize(
    "elsewhere",
    [HERE._replace(deployment=uuid4()), HERE._replace(clinic=uuid4()), HERE._replace(generation=2)],
    ids=["deployment", "clinic", "generation"],
)
def test_a_wrapped_key_opens_only_where_it_was_made(root: RootProvider, elsewhere: Context) -> None:
    wrapped = root.wrap(os.urandom(32), HERE)

    with pytest.raises(RootKeyRefused):
        root.unwrap(wrapped, elsewhere)


def test_another_root_key_does_not_open_it(make_root: MakeRoot) -> None:
    one, other = make_root(), make_root()
    wrapped = one.wrap(os.urandom(32), HERE)

    with pytest.raises(RootKeyRefused):
        other.unwrap(wrapped, HERE)


@pytest.mark.parametrize("cut_to", [0, 1, 31, -1])
def test_a_cut_wrapped_key_is_refused(root: RootProvider, cut_to: int) -> None:
    wrapped = root.wrap(os.urandom(32), HERE)

    with pytest.raises(RootKeyRefused):
        root.unwrap(wrapped[:cut_to], HERE)


@pytest.mark.parametrize("at", [0, 20, 50, -1])
def test_an_altered_wrapped_key_is_refused(root: RootProvider, at: int) -> None:
    wrapped = bytearray(root.wrap(os.urandom(32), HERE))
    wrapped[at] ^= 1

    with pytest.raises(RootKeyRefused):
        root.unwrap(bytes(wrapped), HERE)


def test_a_root_key_that_is_there_checks_and_stays_after_a_generation_goes(root: RootProvider) -> None:
    wrapped = root.wrap(b"k" * 32, HERE._replace(generation=2))

    root.destroy(HERE)

    root.check()
    assert root.unwrap(wrapped, HERE._replace(generation=2)) == b"k" * 32


@pytest.mark.parametrize("kind", [FileRoot, CredentialRoot, root_kms.KmsRoot])
@pytest.mark.parametrize("ask", ["check", "wrap", "unwrap"])
def test_a_process_without_the_root_key_says_so(kind: Callable[[None], RootProvider], ask: str) -> None:
    root = kind(None)
    asked: dict[str, Callable[[], object]] = {
        "check": root.check,
        "wrap": lambda: root.wrap(b"k" * 32, HERE),
        "unwrap": lambda: root.unwrap(b"w" * 92, HERE),
    }

    with pytest.raises(RootKeyRefused, match=r"Only the\s+web process may") as caught:
        asked[ask]()

    assert isinstance(caught.value, SealLocked)
