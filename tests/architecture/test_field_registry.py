"""Hold the field registry: every column of every table says what it may tell, and no number is used twice."""

import pytest
from django.apps import apps
from django.db import models

from caseapp.vault import freeze, registry
from caseapp.vault.declared import Declared, Kind, label_of, merged, model, public, sealed

MODELS = apps.get_models(include_auto_created=True)


def test_every_column_is_declared() -> None:
    assert registry.undeclared(MODELS) == [], "declare these in caseapp/vault/registry.py"


def test_nothing_is_declared_that_is_not_there() -> None:
    assert registry.stale(MODELS) == [], "remove these from caseapp/vault/registry.py"


def test_what_is_declared_sealed_is_sealed_and_nothing_else_is() -> None:
    assert registry.mismatched(MODELS) == []


def test_every_declaration_says_why() -> None:
    assert [label for label, entry in registry.FIELDS.items() if len(entry.why) < 4] == []


def test_no_number_has_changed_or_come_back() -> None:
    assert registry.renumbered(registry.numbers(), registry.frozen()) == []


def test_every_number_is_written_down() -> None:
    missing = registry.unfrozen(registry.numbers(), registry.frozen())

    assert missing == [], "run python -m caseapp.vault.freeze and commit registry.frozen.json"


# The rules themselves


def test_an_undeclared_or_stale_column_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = registry.FIELDS["Epoch.number"]
    monkeypatch.delitem(registry.FIELDS, "Epoch.number")
    monkeypatch.setitem(registry.FIELDS, "Epoch.nothing", entry)

    assert "Epoch.number" in registry.undeclared(MODELS)
    assert registry.stale(MODELS) == ["Epoch.nothing"]


def test_a_column_declared_sealed_that_is_not_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.FIELDS, "Epoch.number", Declared(Kind.SEALED, "test", 999, 1))

    assert registry.mismatched(MODELS) == ["Epoch.number"]


@pytest.mark.parametrize(
    ("now", "found"),
    [
        ({"A.x": [1, 1]}, []),
        ({"A.x": [1, 2]}, ["A.x"]),
        ({"B.y": [1, 1]}, ["B.y"]),
        ({"A.x": [1, 1], "B.y": [2, 1]}, []),
    ],
)
def test_a_changed_or_reused_number_is_found(now: dict[str, list[int]], found: list[str]) -> None:
    assert registry.renumbered(now, {"A.x": [1, 1], "gone.z": [3, 1]}) == found


def test_two_columns_or_models_cannot_share_a_number() -> None:
    with pytest.raises(ValueError, match="shares its number"):
        merged(model("A", 1, x=sealed(1, "why"), y=sealed(1, "why")))
    with pytest.raises(ValueError, match="have the same number"):
        merged(model("A", 1, x=sealed(1, "why")), model("B", 1, y=sealed(2, "why")))
    with pytest.raises(ValueError, match="declared twice"):
        merged(model("A", x=public("why")), model("A", x=public("why")))
    with pytest.raises(ValueError, match="give it and its model a number"):
        model("A", x=sealed(1, "why"))


def test_another_apps_model_carries_its_apps_name() -> None:
    field: models.Field[object, object] = apps.get_model("auth.Group")._meta.get_field("name")  # type: ignore[assignment]

    assert label_of(field) == "auth.Group.name"


def test_freezing_adds_what_is_new_and_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("frozen") / "registry.frozen.json"
    file.write_text('{"gone.z": [3, 1]}')
    monkeypatch.setattr(registry, "FROZEN", file)
    monkeypatch.setattr(registry, "numbers", lambda: {"A.x": [1, 1]})

    assert freeze.freeze() == ["A.x"]
    assert registry.frozen() == {"A.x": [1, 1], "gone.z": [3, 1]}
    assert freeze.freeze() == []
    monkeypatch.setattr(registry, "numbers", lambda: {"A.x": [1, 2]})
    with pytest.raises(ValueError, match="old numbers back"):
        freeze.freeze()
