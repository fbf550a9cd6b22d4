"""Sealed files in a bucket, on a real server of S3's kind, with a network between that can be cut."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError
from django.conf import settings

from caseapp.vault import files, storage_s3
from caseapp.vault.files import FileMissing, Incoming, OpenFile, StorageDown
from caseapp.vault.storage_s3 import PART_BYTES, S3Storage
from config import children

LETTER = b"%PDF-1.7 a letter of Mateo Pascual " * 40
LONG = os.urandom(PART_BYTES + 3_000_000)
START_SECONDS = 60


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A SeaweedFS that knows one key; yield its port."""
    home = tmp_path_factory.mktemp("weed")
    known = {"name": "amparo", "credentials": [{"accessKey": "known", "secretKey": "secret"}]}
    (home / "s3.json").write_text(json.dumps({"identities": [known | {"actions": ["Admin"]}]}))
    ports = free_ports(8)
    names = ["master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port"]
    names += ["filer.port.grpc", "s3.port", "s3.port.grpc"]
    given = dict(zip(names, map(str, ports), strict=True))
    given |= {"dir": str(home), "ip": "127.0.0.1", "ip.bind": "127.0.0.1", "s3.config": str(home / "s3.json")}
    given |= {
        "s3.port.iceberg": "0",
        "s3.port.lance": "0",
        "s3.iam": "false",
        "s3.autoCreateBucket": "false",
        "master.telemetry": "false",
    }
    given |= {"filer.localSocket": str(home / "filer.sock"), "master.volumeSizeLimitMB": "64"}
    weed = Path(sys.executable).parent / "weed"
    process = subprocess.Popen(
        [weed, "server", "-filer", "-s3", *[f"-{name}={value}" for name, value in given.items()]],
        env=os.environ | {"HOME": str(home)},
        cwd=home,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=children.ends_with_us(signal.SIGKILL),
    )
    try:
        _make_bucket(ports[6])
        yield ports[6]
    finally:
        process.kill()
        process.wait()
        for port in ports:
            for left in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):
                left.unlink()
        shutil.rmtree(home, ignore_errors=True)


def _make_bucket(port: int) -> None:
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            reach(port)._client.create_bucket(Bucket="clinic")
            return
        except Exception:
            if time.monotonic() > until:
                raise
            time.sleep(0.3)


def reach(port: int, *, key: str = "known", secret: str = "secret", bucket: str = "clinic") -> S3Storage:
    settings.FILES_S3 = {
        "bucket": bucket,
        "prefix": "amparo/",
        "endpoint": f"http://127.0.0.1:{port}",
        "region": "us-east-1",
        "key": key,
        "secret": secret,
    }
    return storage_s3.of_settings()


class Wire(ThreadingHTTPServer):
    """The network between us and the bucket. `meddle` may answer a request in the server's place."""

    daemon_threads = True

    def __init__(self, port: int) -> None:
        self.behind = port
        self.meddle: Callable[[BaseHTTPRequestHandler, bytes], bool] = lambda request, body: False
        super().__init__(("127.0.0.1", 0), Passing)

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class Passing(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Wire

    def pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.server.meddle(self, body):
            return
        behind = http.client.HTTPConnection("127.0.0.1", self.server.behind, timeout=20)
        behind.request(self.command, self.path, body, dict(self.headers))
        answer = behind.getresponse()
        data = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("transfer-encoding", "connection", "content-length"):
                self.send_header(name, value)
        length = answer.headers.get("Content-Length") if self.command == "HEAD" else None
        self.send_header("Content-Length", length or str(len(data)))
        self.end_headers()
        self.wfile.write(data)
        behind.close()

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = pass_on

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def wire(server: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    """The bucket, as this house's storage, behind a wire of the test's own."""
    monkeypatch.setattr(storage_s3, "TRIES", 1)
    between = Wire(server)
    thread = Thread(target=between.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    files._made.cache_clear()
    monkeypatch.setattr(settings, "FILES_STORAGE", "s3")
    monkeypatch.setattr(settings, "FILES_S3", {})
    reach(between.port)
    yield between
    between.shutdown()
    between.server_close()
    files._made.cache_clear()
    direct = reach(server)
    direct.forget_halves(before=datetime.now(UTC) + timedelta(days=1))
    for stored in list(direct.names()):
        direct.remove(stored.name)


def kept(data: bytes) -> Incoming:
    incoming = Incoming()
    for at in range(0, len(data), 1_000_000):
        incoming.write(data[at : at + 1_000_000])
    incoming.finish()
    return incoming


def whole(incoming: Incoming) -> bytes:
    return b"".join(OpenFile(incoming.name, incoming.key, incoming.size).part())


def cut(request: BaseHTTPRequestHandler, body: bytes) -> bool:
    """Break the connection off without an answer."""
    request.close_connection = True
    request.connection.shutdown(socket.SHUT_RDWR)
    return True


@pytest.mark.parametrize("data", [b"", LETTER, LONG], ids=["empty", "one request", "in parts"])
def test_a_file_is_given_back_as_it_came(wire: Wire, data: bytes) -> None:
    incoming = kept(data)

    assert whole(incoming) == data
    assert [stored.name for stored in files.storage().names()] == [incoming.name]


def test_only_the_part_that_is_asked_for_is_fetched(wire: Wire) -> None:
    incoming, fetched = kept(LONG), []

    def listen(request: BaseHTTPRequestHandler, body: bytes) -> bool:
        fetched.append(request.headers.get("Range"))
        return False

    file = OpenFile(incoming.name, incoming.key, incoming.size)
    wire.meddle = listen

    assert b"".join(file.part(5_000_000, 5_000_100)) == LONG[5_000_000:5_000_100]
    assert fetched == ["bytes=4980736-5111807"]


def test_nothing_that_can_be_read_and_no_name_travels(wire: Wire) -> None:
    travelled: list[bytes] = []

    def listen(request: BaseHTTPRequestHandler, body: bytes) -> bool:
        travelled.append(request.requestline.encode() + bytes(request.headers) + body)
        return False

    wire.meddle = listen
    kept(LETTER)

    assert len(b"".join(travelled)) > 4096
    assert b"Mateo" not in b"".join(travelled)


def test_a_wrong_key_or_signature_is_refused_and_nothing_is_kept(server: int, wire: Wire) -> None:
    for wrong in ({"secret": "wrong"}, {"key": "unknown"}, {"bucket": "nobodys"}):
        storage = reach(server, **wrong)
        writing = storage.create(uuid4())
        writing.write(LETTER)
        with pytest.raises(StorageDown):
            writing.commit()
        with pytest.raises(StorageDown):
            list(storage.names())
    reach(wire.port)


@pytest.mark.parametrize("data", [LETTER, LONG], ids=["one request", "in parts"])
def test_a_connection_lost_while_writing_keeps_nothing(server: int, wire: Wire, data: bytes) -> None:
    wire.meddle = lambda request, body: request.command == "PUT" and cut(request, body)

    with pytest.raises(StorageDown):
        kept(data)
    wire.meddle = lambda request, body: False

    assert list(reach(server).names()) == []


@pytest.mark.parametrize("data", [LETTER, LONG], ids=["one request", "in parts"])
def test_a_write_that_was_said_to_be_kept_and_was_lost_is_noticed(wire: Wire, data: bytes) -> None:
    def lose(request: BaseHTTPRequestHandler, body: bytes) -> bool:
        lost = (request.command == "PUT" and "partNumber" not in request.path) or (
            request.command == "POST" and "uploadId" in request.path
        )
        if lost:
            answer = b"<CompleteMultipartUploadResult></CompleteMultipartUploadResult>"
            request.send_response(200)
            request.send_header("ETag", '"fine"')
            request.send_header("Content-Length", str(len(answer)))
            request.end_headers()
            request.wfile.write(answer)
        return lost

    wire.meddle = lose

    with pytest.raises(StorageDown):
        kept(data)


def test_a_connection_lost_while_reading_gives_out_nothing_that_is_not_sure(wire: Wire) -> None:
    incoming = kept(LONG)
    file = OpenFile(incoming.name, incoming.key, incoming.size)
    pieces = file.part()
    begun = next(pieces)
    wire.meddle = cut

    with pytest.raises(StorageDown):
        list(pieces)

    assert LONG.startswith(begun)


def test_a_bucket_that_answers_with_something_else_is_noticed(server: int, wire: Wire) -> None:
    incoming = kept(LETTER)
    where = {"Bucket": "clinic", "Key": f"amparo/{incoming.name.hex}"}
    client = reach(server)._client
    sealed = client.get_object(**where)["Body"].read()
    client.put_object(**where, Body=sealed[:-1] + bytes([sealed[-1] ^ 1]))

    with pytest.raises(files.Damaged):
        whole(incoming)
    client.put_object(**where, Body=sealed[:-1])
    with pytest.raises(files.Damaged):
        whole(incoming)


def test_a_server_in_trouble_is_said_in_words(wire: Wire) -> None:
    incoming = kept(LETTER)

    def trouble(request: BaseHTTPRequestHandler, body: bytes) -> bool:
        request.send_response(503)
        request.send_header("Content-Length", "0")
        request.end_headers()
        return True

    wire.meddle = trouble

    with pytest.raises(StorageDown, match="Try again in a minute"):
        whole(incoming)
    with pytest.raises(StorageDown):
        files.storage().remove(incoming.name)


def test_a_lost_answer_is_asked_for_again(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage_s3, "TRIES", 3)
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0.01)
    files._made.cache_clear()
    first: list[str] = []

    def once(request: BaseHTTPRequestHandler, body: bytes) -> bool:
        first.append(request.command)
        return len(first) == 1 and cut(request, body)

    wire.meddle = once

    assert whole(kept(LETTER)) == LETTER


def test_what_is_removed_is_missing_and_may_be_removed_again(wire: Wire) -> None:
    incoming = kept(LETTER)

    files.storage().remove(incoming.name)
    files.storage().remove(incoming.name)

    with pytest.raises(FileMissing):
        whole(incoming)


def test_an_upload_in_parts_that_was_given_up_leaves_no_part(server: int, wire: Wire) -> None:
    given_up, cut_off = Incoming(), Incoming()
    for incoming in (given_up, cut_off):
        incoming.write(LONG)
    given_up.discard()
    now = datetime.now(UTC)

    assert files.storage().forget_halves(before=now - timedelta(days=1)) == 0
    assert files.storage().forget_halves(before=now + timedelta(days=1)) == 1
    with pytest.raises((StorageDown, ClientError)):
        cut_off.finish()
    assert list(files.storage().names()) == []
