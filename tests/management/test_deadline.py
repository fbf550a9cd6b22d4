"""What an operator sees: the answer, or one line and exit status 2. No test here may touch a database."""

import csv
import io
import json
from pathlib import Path

import pytest
from django.core.management import call_command

from caseapp.management.commands.deadline import Command, Refused

APPEAL = ["bia-appeal-ij-decision", "--on", "2026-06-03", "--service", "oral"]
KEYS = [
    "rule",
    "variant",
    "nominal",
    "legal",
    "safe",
    "steps",
    "authority",
    "text_status",
    "in_force_status",
    "verified",
]
GOLDEN = Path(__file__).parents[1] / "deadlines" / "rules" / "golden_cases.csv"


def run(*args: str) -> str:
    out = io.StringIO()
    call_command("deadline", *args, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def test_json_holds_exactly_the_promised_keys() -> None:
    answer = json.loads(run(*APPEAL, "--json"))

    assert list(answer) == KEYS
    assert answer["rule"] == "bia-appeal-ij-decision"
    assert answer["variant"] == "30d"
    assert (answer["nominal"], answer["legal"], answer["safe"]) == ("2026-07-03", "2026-07-06", "2026-07-02")
    assert answer["steps"][0].startswith("The judge gave the decision orally on Wed 3 Jun 2026.")
    assert "8 CFR 1001.1(h)" in answer["steps"][0]
    assert "8 CFR 1003.38(b)-(d)" in answer["authority"]
    assert (answer["text_status"], answer["in_force_status"]) == ("verified", "operative")
    assert answer["verified"] is True


def test_the_protective_variant_says_that_it_was_vacated() -> None:
    answer = json.loads(run(*APPEAL, "--variant", "10d-protective", "--json"))

    assert (answer["legal"], answer["safe"]) == ("2026-06-15", "2026-06-12")
    assert answer["in_force_status"] == "vacated"


def test_plain_text_leads_with_the_day_to_act_by() -> None:
    text = run(*APPEAL)

    assert text.index("Thu 2 Jul 2026") < text.index("Mon 6 Jul 2026")
    assert "no attorney yet" in text
    assert "Contested:" in text


def test_stopped_days_push_a_clock_out() -> None:
    clock = ["asylum-ead-c8-clock", "--on", "2026-07-01", "--json"]

    stopped = run(*clock, "--stopped", "2026-08-01..2026-08-10", "--stopped", "2026-09-01..2026-09-10")

    assert json.loads(run(*clock))["nominal"] == "2026-11-28"
    assert json.loads(stopped)["nominal"] == "2026-12-18"


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["no-such-rule", "--on", "2026-06-03"], "no-such-rule"),
        (["pfr-30d", "--on", "2026-02-30"], "2026-02-30"),
        (["pfr-30d", "--on", "3 June 2026"], "YYYY-MM-DD"),
        (["pfr-30d", "--on", "20260603"], "YYYY-MM-DD"),
        (["pfr-30d", "--on", "1989-12-31"], "1990-01-01"),
        (["pfr-30d", "--on", "2101-01-01"], "2100-12-31"),
        (["pfr-30d", "--on", "2100-12-15"], "2100-12-31"),
        (["pfr-30d", "--on", "2026-06-03", "--variant", "31d"], "31d"),
        (["pfr-30d", "--on", "2026-06-03", "--service", "pigeon"], "pigeon"),
        (["pfr-30d", "--on", "2026-06-03", "--stopped", "2026-06-05..2026-06-06"], "cannot be stopped"),
        (["asylum-ead-c8-clock", "--on", "2026-06-03", "--stopped", "2026-06-05"], "FROM..TO"),
        (["asylum-ead-c8-clock", "--on", "2026-06-03", "--stopped", "2026-06-31..2026-07-02"], "2026-06-31"),
        (["pfr-30d"], "--on"),
        (["--on", "2026-06-03"], "RULE_ID"),
        (["--csv", "/no/such/file.csv"], "/no/such/file.csv"),
        (["pfr-30d", "--csv", "cases.csv"], "leave RULE_ID"),
    ],
)
def test_what_cannot_be_answered_is_one_line_and_exit_status_2(
    args: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        Command().run_from_argv(
            ["manage.py", "deadline", *args, "--json"][: None if "--csv" not in args else -1]
        )

    out, err = capsys.readouterr()
    assert left.value.code == 2
    assert out == ""
    assert says in err
    assert err.endswith("\n")
    assert err.count("\n") == 1


def test_a_spreadsheet_comes_back_with_its_dates() -> None:
    rows = list(csv.DictReader(io.StringIO(run("--csv", str(GOLDEN)))))

    with GOLDEN.open(encoding="utf-8", newline="") as file:
        wanted = list(csv.DictReader(file))
    assert len(rows) == 78
    for row, case in zip(rows, wanted, strict=True):
        assert row["legal"] == case["expected_date"]
        assert (row["nominal"], row["safe"], row["error"]) == (case["nominal_date"], case["safe_date"], "")


def test_a_row_that_cannot_be_computed_says_why_and_stops_no_other(tmp_path: Path) -> None:
    sheet = tmp_path / "cases.csv"
    sheet.write_text(
        "\ufeffrule_id,trigger_date,service_method,variant,client\n"
        "no-such-rule,2026-06-03,,,x\n"
        "pfr-30d,2026-02-30,,,x\n"
        "pfr-30d,2026-11-24,,,x\n",
        encoding="utf-8",
    )
    out, err = io.StringIO(), io.StringIO()

    call_command("deadline", "--csv", str(sheet), stdout=out, stderr=err)

    first, second, third = csv.DictReader(io.StringIO(out.getvalue()))
    assert "no-such-rule" in first["error"]
    assert "2026-02-30" in second["error"]
    assert (third["legal"], third["error"]) == ("2026-12-24", "")
    assert "client" not in third
    assert "2 of 3 rows" in err.getvalue()


@pytest.mark.parametrize("content", [b"name,day\nx,2026-06-03\n", b"", b"rule_id,trigger_date\n\xff\xfe\n"])
def test_a_file_that_is_no_such_spreadsheet_is_refused(content: bytes, tmp_path: Path) -> None:
    sheet = tmp_path / "cases.csv"
    sheet.write_bytes(content)

    with pytest.raises(Refused) as refused:
        run("--csv", str(sheet))

    assert refused.value.returncode == 2


def test_the_rules_can_be_listed() -> None:
    listed = run("--list")

    assert "bia-appeal-ij-decision" in listed
    assert "10d-protective" in listed
