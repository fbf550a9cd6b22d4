"""The rule pack that ships with the product, read once and checked whole."""

from functools import cache
from pathlib import Path

import yaml

from caseapp.deadlines.rules.errors import UnknownRule
from caseapp.deadlines.rules.model import Pack, Rule
from caseapp.deadlines.rules.schema import PackError, read_counting, read_rules

PACK_VERSION = "2026-11-24"
PACK_FOLDER = Path(__file__).parent / "pack"
COUNTING_FILE = "counting.yaml"


class _StrictLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML that refuses a key written twice, which plain YAML takes as the second one silently."""


def _strict_mapping(loader: _StrictLoader, node: yaml.MappingNode) -> dict[object, object]:
    loader.flatten_mapping(node)
    pairs = [
        (loader.construct_object(key), loader.construct_object(value, deep=True)) for key, value in node.value
    ]
    keys = [key for key, _ in pairs]
    for key in keys:
        if keys.count(key) > 1:
            raise PackError(f"line {node.start_mark.line + 1}: the key {key!r} is written twice.")
    return dict(pairs)


_StrictLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _strict_mapping)


def _read(path: Path) -> object:
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_StrictLoader)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, PackError) as error:
        raise PackError(f"{path.name}: {error}") from error


def load_pack(folder: Path) -> Pack:
    """Read and check every rule in `folder`. Raises PackError, naming file, rule and key."""
    books = read_counting(_read(folder / COUNTING_FILE), COUNTING_FILE)
    rules: dict[str, Rule] = {}
    for path in sorted(folder.glob("*.yaml")):
        if path.name == COUNTING_FILE:
            continue
        for rule in read_rules(_read(path), books, path.name):
            if rule.id in rules:
                raise PackError(f"{path.name}: {rule.id}: another rule has this id.")
            rules[rule.id] = rule
    return Pack(version=PACK_VERSION, rules=rules)


@cache
def shipped_pack() -> Pack:
    return load_pack(PACK_FOLDER)


def rules() -> tuple[Rule, ...]:
    """Return every rule of the pack, by id."""
    pack = shipped_pack().rules
    return tuple(pack[rule_id] for rule_id in sorted(pack))


def rule(rule_id: str) -> Rule:
    """Return one rule. Raises UnknownRule."""
    try:
        return shipped_pack().rules[rule_id]
    except KeyError:
        raise UnknownRule(
            f"There is no rule called {rule_id!r}. Check the spelling against the rules this pack holds."
        ) from None
