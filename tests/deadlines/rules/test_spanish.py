"""The steps in Spanish say what the English ones say: the same dates, numbers and authorities."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

import pytest

from caseapp import days
from caseapp.deadlines.rules import Computation, Rule, RuleError, compute, rules, spanish, words
from caseapp.deadlines.rules.calendar import TABLE_FILE
from tests.deadlines.rules.test_golden_cases import golden_cases

# Words that no Spanish sentence holds. Names of forms, cases and programmes are none of them.
SAID_IN_ENGLISH = """
the that this these those is are was were be been of to in on by for from with without and or not
day days date weekend weekends holiday holidays count counts counted clock period add added mail
mailed served notice decision judge order text rule act acts file filed filing open closed before
after next last first later earlier between until since which when where must may it its there
monday tuesday wednesday thursday friday saturday sunday january february march april june july
august september october november december birthday labor observed mourning
vacated stayed superseded proposed operative appeal motion denied rejected lost removal
"""
ENGLISH = set(SAID_IN_ENGLISH.split())
ENGLISH_DATE = re.compile(
    rf"(?:(?:{'|'.join(days.WEEKDAYS)}) )?(\d{{1,2}}) ({'|'.join(days.MONTHS)}) (\d{{4}})", re.ASCII
)
SPANISH_DATE = re.compile(
    rf"(?:(?:{'|'.join(spanish.WEEKDAYS)}) )?(\d{{1,2}}) de ({'|'.join(spanish.MONTHS)}) de (\d{{4}})"
)


def figures(text: str, dates: re.Pattern[str], months: tuple[str, ...]) -> list[str]:
    """Return each date (as ISO) and each other number of the text, in order."""

    def iso(match: re.Match[str]) -> str:
        return f"@{match[3]}-{months.index(match[2]) + 1:02}-{int(match[1]):02}"

    return re.findall(r"@[0-9-]{10}|\d+", dates.sub(iso, text))


def weekdays(text: str, names: tuple[str, ...], dates: re.Pattern[str]) -> list[int]:
    first = [match[0].split()[0] for match in dates.finditer(text)]
    return [names.index(word) for word in first if word in names]


def assert_alike(english: Computation, in_spanish: Computation) -> None:
    assert len(english.steps) == len(in_spanish.steps)
    for said, dicho in zip(english.steps, in_spanish.steps, strict=True):
        both = f"{said.text!r} / {dicho.text!r}"
        assert figures(said.text, ENGLISH_DATE, days.MONTHS) == figures(
            dicho.text, SPANISH_DATE, spanish.MONTHS
        ), both
        assert weekdays(said.text, days.WEEKDAYS, ENGLISH_DATE) == weekdays(
            dicho.text, spanish.WEEKDAYS, SPANISH_DATE
        ), both
        left = ENGLISH & set(re.findall(r"[a-záéíóúñü]+", dicho.text.lower()))
        assert not left, f"{sorted(left)} in {dicho.text!r}"
        if said.authority == words.PROTECTIVE:
            assert dicho.authority == spanish.PROTECTIVE
        else:
            assert dicho.authority == said.authority
    for name in ("nominal", "legal", "safe", "authority", "version", "variant", "service"):
        assert getattr(english, name) == getattr(in_spanish, name)


@pytest.mark.parametrize("case", golden_cases(), ids=lambda case: f"{case['rule_id']} {case['trigger_date']}")
def test_each_step_of_each_golden_case_has_its_counterpart(case: dict[str, str]) -> None:
    asked = (
        case["rule_id"],
        date.fromisoformat(case["trigger_date"]),
        case["service_method"],
        case["variant"],
    )

    assert_alike(compute(*asked), compute(*asked, language="es"))


def every_way() -> Iterator[tuple[str, str, str]]:
    for rule in rules():
        for variant in rule.variants.values():
            if not variant.refuses:
                yield from ((rule.id, variant.name, service) for service in variant.services)


# Around holidays kept on a Friday and a Monday, a closure, leap days and years outside the table.
DAYS = [
    date(2026, 6, 3),
    date(2026, 6, 19),
    date(2025, 12, 24),
    date(2024, 2, 29),
    date(2027, 5, 31),
    date(2026, 8, 31),
    date(2016, 12, 24),
    date(2026, 12, 11),
]


@pytest.mark.parametrize("on", DAYS, ids=str)
def test_every_rule_variant_and_service_has_its_counterpart(on: date) -> None:
    counted = 0
    for rule_id, variant, service in every_way():
        try:
            english = compute(rule_id, on, service, variant)
        except RuleError:
            continue
        assert_alike(english, compute(rule_id, on, service, variant, language="es"))
        counted += 1

    assert counted > 150


@pytest.mark.parametrize(
    "stopped",
    [
        (date(2026, 7, 1), date(2026, 7, 10)),
        (date(2026, 7, 1), date(2026, 7, 1)),
        (date(2027, 7, 1), date(2027, 7, 2)),
    ],
)
def test_a_stopped_clock_has_its_counterpart(stopped: tuple[date, date]) -> None:
    asked = ("asylum-ead-c8-clock", date(2026, 6, 3), None, "file-150", [stopped])

    assert_alike(compute(*asked), compute(*asked, language="es"))


def test_a_date_is_written_as_people_write_it() -> None:
    assert spanish.in_words(date(2026, 7, 7)) == "martes 7 de julio de 2026"


def test_an_oral_decision_of_3_june_2026_in_words() -> None:
    counted = compute("bia-appeal-ij-decision", date(2026, 6, 3), "oral", language="es")

    said = [step.text for step in counted.steps]
    assert said[0] == (
        "El juez dictó la decisión oralmente el miércoles 3 de junio de 2026. Ese día es el día 0."
    )
    assert "30 días calendario; los fines de semana y los feriados cuentan." in said
    assert (
        "El viernes 3 de julio de 2026 es el día en que se observa el Día de la Independencia:"
        " pasa al siguiente día hábil, el lunes 6 de julio de 2026." in said
    )


def test_everything_the_pack_says_in_a_count_is_translated() -> None:
    said = {rule.consequence for rule in rules()}
    said |= {version.note for rule in rules() for version in rule.versions}
    for rule in rules():
        for variant in rule.variants.values():
            said |= {*variant.trigger.said.values(), variant.why_no_roll, variant.counting.no_mail}

    assert sorted(text for text in said if text and not spanish.is_translated(text)) == []


def test_every_holiday_and_closure_of_the_table_has_a_name() -> None:
    lines = TABLE_FILE.read_text(encoding="utf-8").splitlines()
    names = {line.split(",", 2)[2].strip('"').removesuffix(" (observed)") for line in lines[1:]}

    assert sorted(name for name in names if not spanish.is_translated(name)) == []


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.id)
def test_the_consequence_keeps_its_citations_and_leaves_no_english(rule: Rule) -> None:
    dicho = spanish.phrase(rule.consequence)

    left = ENGLISH & set(re.findall(r"[a-záéíóúñü]+", dicho.lower()))
    assert not left, dicho
    # Numbers, dates aside: "Aug 5 2026" is "5 de agosto de 2026".
    assert re.findall(r"\d+", dicho) == re.findall(r"\d+", rule.consequence)


def test_what_has_no_translation_stays_as_it_is() -> None:
    assert spanish.phrase("A clinic's own words.") == "A clinic's own words."


def test_a_printed_date_is_explained_on_an_open_and_on_a_closed_day() -> None:
    open_day = spanish.printed(date(2026, 7, 7), date(2026, 7, 7))
    closed = spanish.printed(date(2026, 7, 4), date(2026, 7, 2))

    assert [step.text for step in open_day] == [
        "El aviso imprime el martes 7 de julio de 2026 como último día. Lo impreso vale."
    ]
    assert "jueves 2 de julio de 2026" in closed[1].text
