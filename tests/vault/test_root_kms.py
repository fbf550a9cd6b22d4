"""AWS KMS when it does not do as asked: each failure is said in words, and passes without a restart."""

import json
import socket
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import ClassVar

import pytest

from caseapp.vault import root_kms
from caseapp.vault.root import Context, RootKeyRefused
from caseapp.vault.root_kms import KmsRoot
from tests.vault.test_root_contract import HERE

ENABLED: dict[str, object] = {"KeyMetadata": {"KeyId": "k", "KeyState": "Enabled"}}


class Kms:
    """A server that answers what the test says; what it was asked is kept."""

    def __init__(self) -> None:
        self.status = 200
        self.answer: dict[str, object] = ENABLED
        self.silent = False
        self.asked: list[dict[str, object]] = []
        self.end = Event()

    def fails(self, status: int, code: str) -> None:
        self.status, self.answer = status, {"__type": code, "message": "secret words of AWS"}

    def works(self) -> None:
        self.status, self.answer, self.silent = 200, ENABLED, False


class Handler(BaseHTTPRequestHandler):
    kms: ClassVar[Kms]

    def do_POST(self) -> None:
        self.kms.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        if self.kms.silent:
            self.kms.end.wait(10)
            return
        body = json.dumps(self.kms.answer).encode()
        self.send_response(self.kms.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def kms(monkeypatch: pytest.MonkeyPatch) -> Iterator[Kms]:
    kms = Kms()
    handler = type("Answering", (Handler,), {"kms": kms})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", f"http://127.0.0.1:{server.server_port}")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setattr(root_kms, "TRIES", 1)
    root_kms.forget_client()
    yield kms
    kms.end.set()
    server.shutdown()
    server.server_close()
    thread.join()
    root_kms.forget_client()


@pytest.mark.parametrize(
    ("status", "code", "says"),
    [
        (400, "InvalidCiphertextException", "does not open a clinic's key"),
        (400, "IncorrectKeyException", "does not open a clinic's key"),
        (400, "DisabledException", "Enable it again"),
        (400, "KMSInvalidStateException", "cancel its deletion"),
        (400, "AccessDeniedException", "kms:Decrypt"),
        (400, "UnrecognizedClientException", "kms:Decrypt"),
        (400, "ExpiredTokenException", "kms:Decrypt"),
        (400, "NotFoundException", "There is no AWS KMS key alias/clinic"),
        (400, "ThrottlingException", "answers with an error"),
        (500, "KMSInternalException", "answers with an error"),
        (503, "DependencyTimeoutException", "answers with an error"),
    ],
)
def test_a_refusal_says_what_to_do_and_passes_without_a_restart(
    kms: Kms, status: int, code: str, says: str
) -> None:
    root = KmsRoot("alias/clinic")
    kms.fails(status, code)

    with pytest.raises(RootKeyRefused, match=says) as caught:
        root.unwrap(b"wrapped", HERE)
    kms.works()
    root.check()

    assert "secret words" not in str(caught.value)


@pytest.mark.parametrize("state", ["Disabled", "PendingDeletion", "Unavailable", "PendingImport"])
def test_a_key_that_is_not_enabled_fails_the_check(kms: Kms, state: str) -> None:
    kms.answer = {"KeyMetadata": {"KeyId": "k", "KeyState": state}}

    with pytest.raises(RootKeyRefused, match=state):
        KmsRoot("alias/clinic").check()


def test_silence_ends_in_time(kms: Kms, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(root_kms, "READ_SECONDS", 0.2)
    kms.silent = True
    began = time.monotonic()

    with pytest.raises(RootKeyRefused, match="cannot be reached"):
        KmsRoot("alias/clinic").check()

    assert time.monotonic() - began < 5


def test_all_tries_together_take_at_most_fifteen_seconds() -> None:
    longest = root_kms.TRIES * (root_kms.CONNECT_SECONDS + root_kms.READ_SECONDS)

    assert longest <= 15


def test_a_closed_port_is_said(kms: Kms, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", f"http://127.0.0.1:{free.getsockname()[1]}")

        with pytest.raises(RootKeyRefused, match="cannot be reached"):
            KmsRoot("alias/clinic").check()


def test_missing_credentials_are_said_and_used_once_given(kms: Kms, monkeypatch: pytest.MonkeyPatch) -> None:
    root = KmsRoot("alias/clinic")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")

    with pytest.raises(RootKeyRefused, match="no AWS credentials"):
        root.check()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")

    root.check()


def test_a_missing_region_is_said(kms: Kms, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")

    with pytest.raises(RootKeyRefused, match="AWS_REGION"):
        KmsRoot("alias/clinic").check()


def test_the_key_is_bound_to_deployment_clinic_and_generation(kms: Kms) -> None:
    kms.answer = {"CiphertextBlob": "AAAA"}

    KmsRoot("alias/clinic").wrap(b"k" * 32, HERE._replace(generation=3))

    assert kms.asked[-1]["KeyId"] == "alias/clinic"
    assert kms.asked[-1]["EncryptionContext"] == {
        "deployment": "00000000-0000-0000-0000-000000000007",
        "clinic": "00000000-0000-0000-0000-000000000008",
        "generation": "3",
    }


def test_what_kms_says_opened_is_still_checked(kms: Kms) -> None:
    kms.answer = {"Plaintext": "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB"}

    with pytest.raises(RootKeyRefused, match="does not open a clinic's key"):
        KmsRoot("alias/clinic").unwrap(b"wrapped", Context(HERE.deployment, HERE.clinic, 1))
