"""Print one computed deadline, or a spreadsheet of them, with the steps of the count."""

import csv
import io
import json
import re
from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from caseapp.days import in_words
from caseapp.deadlines.rules import Computation, RuleError, Step, compute, rule, rules

ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
NEEDED = ("rule_id", "trigger_date", "service_method", "variant")
PRINTED = (*NEEDED, "nominal", "legal", "safe", "error")


class Refused(CommandError):
    """A question that cannot be answered as asked: one line to standard error, exit status 2."""

    def __init__(self, message: str) -> None:
        super().__init__(message, returncode=2)


class Command(BaseCommand):
    help = "Compute a deadline from a rule of the pack. Needs no database; says how it counted."
    requires_system_checks: tuple[str, ...] = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("rule_id", nargs="?", default="", help="a rule, as bia-appeal-ij-decision")
        parser.add_argument("--on", default="", metavar="YYYY-MM-DD", help="the day the count starts from")
        parser.add_argument("--service", default="", help="mail, personal, online or oral")
        parser.add_argument("--variant", default="", help="without it, the variant in force that day")
        parser.add_argument(
            "--stopped",
            action="append",
            default=[],
            metavar="FROM..TO",
            help="days on which the clock was stopped, first and last included; may be repeated",
        )
        parser.add_argument("--json", action="store_true", dest="as_json", help="print JSON")
        parser.add_argument("--csv", default="", metavar="FILE", help=f"columns {', '.join(NEEDED)}")
        parser.add_argument("--list", action="store_true", dest="list_rules", help="list the rules")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["list_rules"]:
            self._list()
        elif options["csv"]:
            self._spreadsheet(options)
        else:
            self._one(options)

    def _one(self, options: dict[str, Any]) -> None:
        if not options["rule_id"] or not options["on"]:
            raise Refused("Give a rule and a day: deadline RULE_ID --on YYYY-MM-DD. --list shows the rules.")
        stops = [_stop(text) for text in options["stopped"]]
        try:
            counted = compute(
                options["rule_id"], _day(options["on"]), options["service"], options["variant"], stops
            )
        except RuleError as error:
            raise Refused(error.message) from error
        self.stdout.write(_as_json(counted) if options["as_json"] else _as_text(counted))

    def _spreadsheet(self, options: dict[str, Any]) -> None:
        if options["rule_id"] or options["on"] or options["stopped"] or options["as_json"]:
            raise Refused(
                "--csv takes rules and days from the file: leave RULE_ID, --on, --stopped and --json out."
            )
        rows = [_row(row) for row in _read(Path(options["csv"]))]
        out = io.StringIO(newline="")
        writer = csv.DictWriter(out, PRINTED, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        self.stdout.write(out.getvalue(), ending="")
        if refused := sum(bool(row["error"]) for row in rows):
            self.stderr.write(f"{refused} of {len(rows)} rows have no date; the error column says why.")

    def _list(self) -> None:
        for each in rules():
            self.stdout.write(f"{each.id}  {each.title}")
            for variant in each.variants.values():
                self.stdout.write(f"    {variant.name or '(no variant)'}: {variant.meaning}")


def _day(text: str) -> date:
    """Read YYYY-MM-DD and nothing looser."""
    if not ISO_DAY.fullmatch(text):
        raise Refused(f"{text!r} is not a date. Write it as YYYY-MM-DD, as 2026-06-03.")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused(f"{text} is not a day of the calendar. Check the day and the month.") from None


def _stop(text: str) -> tuple[date, date]:
    first, dots, last = text.partition("..")
    if not dots:
        raise Refused(f"{text!r} is not a stretch of days. Write it as FROM..TO, as 2026-08-01..2026-08-20.")
    return _day(first), _day(last)


def _read(path: Path) -> list[dict[str, str]]:
    """Read the spreadsheet; columns beyond the four are ignored."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [name for name in ("rule_id", "trigger_date") if name not in (reader.fieldnames or ())]
            if missing:
                raise Refused(f"{path} has no column {' or '.join(missing)}. Name them {', '.join(NEEDED)}.")
            return [{name: (row.get(name) or "").strip() for name in NEEDED} for row in reader]
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise Refused(f"{path} is not a CSV file in UTF-8. Save the sheet as CSV UTF-8.") from error


def _row(row: dict[str, str]) -> dict[str, str]:
    try:
        counted = compute(row["rule_id"], _day(row["trigger_date"]), row["service_method"], row["variant"])
    except RuleError as error:
        return row | {"nominal": "", "legal": "", "safe": "", "error": error.message}
    except Refused as error:
        return row | {"nominal": "", "legal": "", "safe": "", "error": str(error)}
    days = {name: getattr(counted, name).isoformat() for name in ("nominal", "legal", "safe")}
    return row | days | {"error": ""}


def _in_a_line(step: Step) -> str:
    return f"{step.text} [{step.authority}]" if step.authority else step.text


def _as_json(counted: Computation) -> str:
    answer = {
        "rule": counted.rule,
        "variant": counted.variant,
        "nominal": counted.nominal.isoformat(),
        "legal": counted.legal.isoformat(),
        "safe": counted.safe.isoformat(),
        "steps": [_in_a_line(step) for step in counted.steps],
        "authority": list(counted.authority),
        "text_status": counted.text_status,
        "in_force_status": counted.in_force_status,
        "verified": counted.verified,
    }
    return json.dumps(answer, ensure_ascii=False, indent=2)


def _as_text(counted: Computation) -> str:
    chosen = rule(counted.rule)
    act, law = "Act by", "Last lawful day"
    if counted.kind == "opening":
        act, law = "Act from", "First lawful day"
    reviewed = chosen.checked_by or "no attorney yet"
    lines = [
        chosen.title,
        f"  {chosen.variants[counted.variant].meaning}",
        "",
        f"  {act:<18}{in_words(counted.safe)}",
        f"  {law:<18}{in_words(counted.legal)}",
        f"  {'Counted to':<18}{in_words(counted.nominal)}",
        "",
        *(f"  {number}. {_in_a_line(step)}" for number, step in enumerate(counted.steps, 1)),
        "",
        f"  If missed: {chosen.consequence}",
        f"  Text {counted.text_status}; in force: {counted.in_force_status}, looked up {chosen.checked_on};"
        f" reviewed by {reviewed}.",
    ]
    if counted.contested:
        lines.append(f"  Contested: {counted.contested}")
    return "\n".join(lines)
