"""The rule pack is whole, and a wrong one is refused with the place of the mistake."""

import csv
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
import yaml

from caseapp.deadlines.rules import rules
from caseapp.deadlines.rules.pack import PACK_FOLDER, load_pack
from caseapp.deadlines.rules.schema import PackError

EIGHT = {"bia-appeal-ij-decision", "bond-appeal", "tps-registration-window", "tps-late-initial"}


def test_all_seventy_rules_are_here_and_none_claims_an_attorney() -> None:
    assert len(rules()) == 70
    assert all(each.checked_by is None for each in rules())
    assert all(each.checked_on == date(2026, 11, 24) for each in rules())


def test_what_moves_fast_is_looked_up_again_within_a_week() -> None:
    assert {each.id for each in rules() if each.recheck_days == 7} == EIGHT
    assert {each.recheck_days for each in rules() if each.id not in EIGHT} == {30}
    appeal = next(each for each in rules() if each.id == "bia-appeal-ij-decision")
    assert not appeal.recheck_due(date(2026, 11, 30))
    assert appeal.recheck_due(date(2026, 12, 1))


def test_every_contested_rule_says_what_is_contested() -> None:
    contested = {each.id for each in rules() if each.contested}

    assert contested >= EIGHT
    assert {"pfr-30d", "voluntary-departure-period", "ead-renewal", "opt-windows", "bia-brief"} <= contested


def test_every_golden_case_names_a_variant_and_service_of_the_pack() -> None:
    by_id = {each.id: each for each in rules()}
    with (Path(__file__).parent / "golden_cases.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            variant = by_id[row["rule_id"]].variants[row["variant"]]
            assert row["service_method"] in variant.services


def test_every_rule_and_count_says_by_what_authority() -> None:
    for each in rules():
        assert each.citations and each.sources and each.consequence
        assert all(variant.authority for variant in each.variants.values())


Edit = Callable[[list[dict[str, object]]], object]


@pytest.fixture
def broken(tmp_path: Path) -> Callable[[Edit], Path]:
    """Return a way to make a pack of one file with one mistake in it."""

    def make(edit: Edit) -> Path:
        shutil.copy(PACK_FOLDER / "counting.yaml", tmp_path)
        content = yaml.safe_load((PACK_FOLDER / "appeals.yaml").read_text(encoding="utf-8"))
        edit(content)
        (tmp_path / "appeals.yaml").write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
        return tmp_path

    return make


def variant(rules: list[dict[str, object]], rule: int = 0, position: int = 0) -> dict[str, object]:
    return rules[rule]["variants"][position]  # type: ignore[index,no-any-return]


MISTAKES: list[tuple[Edit, list[str]]] = [
    (lambda r: r[0].pop("severity"), ["appeals.yaml", "bia-appeal-ij-decision", "severity"]),
    (lambda r: r[0].update(severity="deadly"), ["severity", "fatal", "deadly"]),
    (lambda r: r[0].update(severty="fatal"), ["unknown key severty"]),
    (lambda r: r[0].update(counting="lunar"), ["counting", "lunar"]),
    (lambda r: r[0].update(reminders=[1, 2]), ["reminders"]),
    (lambda r: r[0].update(mail=True), ["never adds days for mail"]),
    (lambda r: r[0].update(checked_on="yesterday"), ["checked_on"]),
    (lambda r: r[0]["trigger"].update(said={"n/a": "It happened."}), ["{day}"]),  # type: ignore[attr-defined]
    (
        lambda r: variant(r).update(count=[{"n": 30, "unit": "fortnights", "direction": "after"}]),
        ["30d", "fortnights"],
    ),
    (
        lambda r: variant(r).update(count=[{"n": -1, "unit": "days", "direction": "after"}]),
        ["never negative"],
    ),
    (lambda r: variant(r).update(count=[{"n": True, "unit": "days", "direction": "after"}]), ["n must be"]),
    (lambda r: variant(r).update(kind="opening"), ["an opening never rolls"]),
    (lambda r: variant(r).update(services=["pigeon"]), ["pigeon"]),
    (lambda r: variant(r).update(refuses="No."), ["either a count"]),
    (lambda r: variant(r).update(name="10d-protective"), ["two variants"]),
    (lambda r: r[0]["versions"][0].update(variants=["30d"]), ["dhs-watch"]),  # type: ignore[index]
    (lambda r: r[0]["versions"][0].update(status="fine"), ["status", "fine"]),  # type: ignore[index]
    (lambda r: r[0]["versions"][0].update(effective_to=date(1990, 1, 1)), ["ends before"]),  # type: ignore[index]
    (lambda r: r.append(r[0]), ["another rule has this id"]),
]


@pytest.mark.parametrize(("edit", "says"), MISTAKES, ids=[says[-1] for _, says in MISTAKES])
def test_a_mistake_is_named_with_its_place(
    broken: Callable[[Edit], Path], edit: Edit, says: list[str]
) -> None:
    folder = broken(edit)

    with pytest.raises(PackError) as raised:
        load_pack(folder)

    for words in says:
        assert words in str(raised.value)


def test_a_key_written_twice_is_refused(tmp_path: Path) -> None:
    shutil.copy(PACK_FOLDER / "counting.yaml", tmp_path)
    text = (PACK_FOLDER / "departure.yaml").read_text(encoding="utf-8")
    twice = text.replace("  severity: fatal\n", "  severity: fatal\n  severity: advisory\n", 1)
    (tmp_path / "departure.yaml").write_text(twice, encoding="utf-8")

    with pytest.raises(PackError, match=r"departure.yaml.*'severity' is written twice"):
        load_pack(tmp_path)


def test_a_file_that_is_not_yaml_is_refused_by_name(tmp_path: Path) -> None:
    shutil.copy(PACK_FOLDER / "counting.yaml", tmp_path)
    (tmp_path / "torn.yaml").write_text("- id: [", encoding="utf-8")

    with pytest.raises(PackError, match=r"torn.yaml"):
        load_pack(tmp_path)
