"""The hunt itself: what it could not find, it would not have looked for."""

import base64
import gzip
import json
import urllib.parse
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.hunt import Hunt

VALUE = "Q'anil Andrés"


@pytest.mark.parametrize(
    "hide",
    [
        lambda v: v.encode(),
        lambda v: v.encode("utf-16"),
        lambda v: base64.b64encode(b"x" + v.encode() + b"tail"),
        lambda v: base64.b64encode(b"xy" + v.encode() + b"tail"),
        lambda v: base64.urlsafe_b64encode(b"xyz" + v.encode() + b"tail"),
        lambda v: v.encode().hex().encode(),
        lambda v: urllib.parse.quote(v).encode(),
        lambda v: json.dumps({"name": v}).encode(),
        lambda v: gzip.compress(b"before " + v.encode()),
        lambda v: b"noise" * 99 + zlib.compress(v.encode() * 3) + b"noise",
    ],
)
def test_the_hunt_finds_a_value_however_it_is_written(hide: Callable[[str], bytes]) -> None:
    found = Hunt([VALUE]).look("somewhere", b"\x00 some bytes " + hide(VALUE) + b" and more")

    assert {sighting.value for sighting in found} == {VALUE}


def test_the_hunt_finds_nothing_where_there_is_nothing(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("a deadline in 3 days, HERON-42")

    assert Hunt([VALUE]).look_under(tmp_path) == []


def test_the_hunt_reads_the_names_of_files(tmp_path: Path) -> None:
    (tmp_path / f"{VALUE}.pdf").touch()

    assert Hunt([VALUE]).look_under(tmp_path)
