"""The one command that sets everything up installs only what is pinned and hashed, from no fixed address."""

import re
import subprocess

import pytest

from config.places import HOUSE

LOCKS = sorted((HOUSE / "requirements").glob("*.txt"))
PINNED = re.compile(r"^[A-Za-z0-9._-]+(\[[a-z,-]+\])?==[^ ;\\]+")


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_a_lock_names_no_address(lock: object) -> None:
    text = lock.read_text()  # type: ignore[attr-defined]

    assert "://" not in text
    assert "--index-url" not in text
    assert "--find-links" not in text


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_everything_in_a_lock_is_pinned_and_hashed(lock: object) -> None:
    text = lock.read_text()  # type: ignore[attr-defined]
    entries = re.split(r"\n(?=\S)", text.strip())

    for entry in entries:
        assert PINNED.match(entry), entry.splitlines()[0]
        assert "--hash=sha256:" in entry, entry.splitlines()[0]


def test_there_is_a_lock_for_every_list() -> None:
    lists = {path.stem for path in (HOUSE / "requirements").glob("*.in")}

    assert lists == {path.stem for path in LOCKS} == {"aws", "bootstrap", "core", "dev"}


def test_both_locks_agree_on_what_they_share() -> None:
    pins: dict[str, set[str]] = {}
    for lock in LOCKS:
        for name, version in re.findall(
            r"^([A-Za-z0-9._-]+)(?:\[.*?\])?==(\S+)", lock.read_text(), re.MULTILINE
        ):
            pins.setdefault(name, set()).add(version)

    assert {name: versions for name, versions in pins.items() if len(versions) > 1} == {}


def test_no_lock_that_holds_addresses_is_kept() -> None:
    tracked = subprocess.check_output(["git", "ls-files"], cwd=HOUSE, text=True).split()

    assert not {"uv.lock", "pylock.toml", "poetry.lock"} & set(tracked)
    assert not [name for name in tracked if name.startswith("var/")]


def test_ci_runs_what_the_readme_says() -> None:
    assert (HOUSE / ".ci" / "run").read_text().splitlines()[-1] == "exec ./run test"


@pytest.mark.parametrize("script", ["run", ".ci/run"])
def test_the_scripts_are_plain_shell_and_may_be_run(script: str) -> None:
    checked = subprocess.run(["sh", "-n", script], cwd=HOUSE, capture_output=True, text=True)

    assert checked.returncode == 0, checked.stderr
    assert (HOUSE / script).stat().st_mode & 0o100


def test_an_unknown_command_is_refused_in_words() -> None:
    answer = subprocess.run(["./run", "sevre"], cwd=HOUSE, capture_output=True, text=True)

    assert answer.returncode == 1
    assert 'does not know "sevre"' in answer.stderr
