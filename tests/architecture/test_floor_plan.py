"""Hold the floor plan: each room may import only the rooms listed beside it."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2] / "caseapp"

GROUND = {"access", "audit"}
FLOOR_PLAN = {
    "vault": set[str](),
    "audit": set[str](),
    "access": {"audit", "vault"},
    "people": GROUND | {"vault"},
    "matters": GROUND | {"vault", "people"},
    "deadlines": GROUND | {"vault", "matters"},
    "documents": GROUND | {"vault", "matters"},
    "filings": GROUND | {"vault", "people", "matters", "deadlines"},
    "reminders": GROUND | {"matters", "deadlines"},
    "safekeeping": GROUND | {"vault"},
    "retention": GROUND | {"vault", "people", "matters", "deadlines", "filings", "documents"},
}
ROOMS = set(FLOOR_PLAN)
DOORS = {"web", "tasks", "management"}
FLOOR_PLAN |= {door: ROOMS - {"vault"} for door in DOORS}
# The demo plays a whole clinic through the rooms, as a person would through the pages.
FLOOR_PLAN["demo"] = ROOMS - {"vault"}
FLOOR_PLAN["management"] |= {"demo", "vault"}
FLOOR_PLAN["web"] |= {"demo"}

# The one thing a door may take from the vault: whether it is locked, and that it is.
VAULT_STATE = {
    "caseapp.vault.services",
    "caseapp.vault.cipher.SealLocked",
    "caseapp.vault.cipher.SealKeyGone",
}

PURE = [
    "caseapp.days",
    "caseapp.audit.chain",
    "caseapp.audit.merkle",
    "caseapp.audit.signatures",
    "caseapp.vault.cipher",
    "caseapp.vault.streaming",
    "caseapp.documents.names",
    "caseapp.people.names",
    "caseapp.people.index",
    "caseapp.people.numbers",
    "caseapp.matters.codes",
    "caseapp.deadlines.months",
    "caseapp.deadlines.rules.engine",
    "caseapp.deadlines.rules.events",
    "caseapp.deadlines.rules.ladder",
    "caseapp.deadlines.rules.spanish",
    "caseapp.reminders.ical",
    "caseapp.reminders.hours",
    "caseapp.reminders.message",
    "caseapp.reminders.steps",
    "caseapp.retention.schedule",
    "caseapp.retention.verifying",
]

FILES = [p for p in sorted(HOUSE.rglob("*.py")) if "migrations" not in p.parts and p != HOUSE / "models.py"]


def imports(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield each imported name in full, with its line, however the import is written."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: write the import in full, from caseapp"
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)


def drop_type_checking_blocks(tree: ast.Module) -> ast.Module:
    tree.body = [
        n for n in tree.body if not (isinstance(n, ast.If) and "TYPE_CHECKING" in ast.unparse(n.test))
    ]
    return tree


def trespasses(room: str, source: str) -> list[str]:
    """Return each import in `source` that `room` may not make."""
    found = []
    for module, line in imports(drop_type_checking_blocks(ast.parse(source))):
        if not module.startswith("caseapp."):
            continue
        other = module.split(".")[1]
        if other not in FLOOR_PLAN or room not in FLOOR_PLAN or other == room or other in FLOOR_PLAN[room]:
            continue
        if other == "vault" and room in DOORS and any(module.startswith(known) for known in VAULT_STATE):
            continue
        found.append(f"line {line}: {room} may not import {module}")
    return found


def room_of(path: Path) -> str:
    return path.relative_to(HOUSE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(HOUSE)))
def test_each_room_imports_only_what_the_plan_allows(path: Path) -> None:
    assert trespasses(room_of(path), path.read_text()) == []


@pytest.mark.parametrize(
    "source",
    [
        "from caseapp.people.models import Person",
        "import caseapp.people.models",
        "from caseapp import people",
        "import caseapp.people as p",
        "def f():\n    from caseapp.people import queries",
    ],
)
def test_the_plan_notices_however_it_is_written(source: str) -> None:
    assert trespasses("reminders", source)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(HOUSE)))
def test_no_import_is_hidden_inside_a_function(path: Path) -> None:
    for function in ast.walk(ast.parse(path.read_text())):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            hidden = [f"{path}:{line}: move the import of {m} to the top" for m, line in imports(function)]
            assert hidden == []


def test_every_room_is_on_the_plan() -> None:
    rooms = {p.name for p in HOUSE.iterdir() if p.is_dir() and not p.name.startswith("_")}

    assert rooms - {"migrations"} <= set(FLOOR_PLAN)


def test_the_plan_has_no_loops() -> None:
    unbuilt = dict(FLOOR_PLAN)
    while unbuilt:
        ready = [room for room, needs in unbuilt.items() if not needs & unbuilt.keys()]
        assert ready, f"these rooms import each other in a loop: {sorted(unbuilt)}"
        for room in ready:
            del unbuilt[room]


@pytest.mark.parametrize("module", PURE)
def test_pure_modules_never_load_django(module: str) -> None:
    code = f"import sys, {module}; sys.exit('django' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], cwd=HOUSE.parent).returncode == 0


CLOCKS = {"now", "today", "utcnow", "localdate", "localtime", "time", "monotonic"}


@pytest.mark.parametrize("module", PURE)
def test_pure_modules_never_read_the_clock(module: str) -> None:
    path = HOUSE.parent / (module.replace(".", "/") + ".py")
    calls = [
        node.func.attr
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]

    assert not CLOCKS & set(calls)


@pytest.mark.parametrize("path", [p for p in FILES if room_of(p) in DOORS], ids=str)
def test_doors_never_query_tables_directly(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute) and node.attr in {
            "objects",
            "_base_manager",
            "_default_manager",
            "raw",
        }:
            pytest.fail(f"{path}:{node.lineno}: ask a room's queries module, which knows who is asking")
