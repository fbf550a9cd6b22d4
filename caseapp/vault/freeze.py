"""Write the numbers of new sealed fields into registry.frozen.json: `python -m caseapp.vault.freeze`."""

import json
import sys

from caseapp.vault import registry


def freeze() -> list[str]:
    """Add what is new and return it. Raises ValueError if a number already written would change."""
    now, ever = registry.numbers(), registry.frozen()
    changed = registry.renumbered(now, ever)
    if changed:
        raise ValueError(f"Give these their old numbers back: {', '.join(changed)}.")
    new = registry.unfrozen(now, ever)
    lines = [f"  {json.dumps(label)}: {json.dumps(pair)}" for label, pair in sorted((ever | now).items())]
    registry.FROZEN.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    return new


if __name__ == "__main__":
    for label in freeze():
        sys.stdout.write(f"{label}\n")
