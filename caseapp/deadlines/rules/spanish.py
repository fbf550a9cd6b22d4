"""The steps of a count in Spanish: what words.py says, with the same dates, numbers and authorities.

The engine takes either phrasebook. What comes from the pack (how it was served, why a day does not
carry over) is looked up in spanish.yaml under its English words; what is not found there stays English.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from pathlib import Path

import yaml

from caseapp.deadlines.rules.calendar import FROZEN_YEARS, holiday_name, is_closed, special_closure
from caseapp.deadlines.rules.model import Period, Step, Variant, Version
from caseapp.deadlines.rules.words import HOLIDAY_LAW, closed_on_the_way, day_zero, is_set_date

PROTECTIVE = "Práctica de protección"
PHRASES = Path(__file__).parent / "spanish.yaml"
WEEKDAYS = ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo")
MONTHS = (
    *("enero", "febrero", "marzo", "abril", "mayo", "junio"),
    *("julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"),
)
UNITS = {
    "days": ("día calendario", "días calendario"),
    "business_days": ("día hábil", "días hábiles"),
    "months": ("mes", "meses"),
    "years": ("año", "años"),
}
STANDING = {
    "stayed": "suspendido por un tribunal",
    "vacated": "anulado por un tribunal",
    "enjoined": "prohibido por una orden judicial",
    "proposed": "propuesto",
    "superseded": "reemplazado",
}


@cache
def _phrases() -> Mapping[str, str]:
    """Return every sentence of the pack under its English words. Raises ValueError if one is given twice."""
    sections: dict[str, dict[str, str]] = yaml.safe_load(PHRASES.read_text(encoding="utf-8"))
    phrases: dict[str, str] = {}
    for name, section in sections.items():
        for english, spanish in section.items():
            if phrases.setdefault(english, spanish) != spanish:
                raise ValueError(f"spanish.yaml: {name}: {english!r} has two translations.")
    return phrases


def phrase(english: str) -> str:
    """Return what the pack says in English, in Spanish, or as it is where it has no translation."""
    return _phrases().get(english, english)


def is_translated(english: str) -> bool:
    return english in _phrases()


def day_of_month(day: date) -> str:
    """Write a date as `7 de julio de 2026`."""
    return f"{day.day} de {MONTHS[day.month - 1]} de {day.year}"


def in_words(day: date) -> str:
    """Write a date with its weekday, as `martes 7 de julio de 2026`."""
    return f"{WEEKDAYS[day.weekday()]} {day_of_month(day)}"


def amount(n: int, unit: str) -> str:
    one, many = UNITS[unit]
    return f"{n} {one if n == 1 else many}"


def start(variant: Variant, service: str, on: date) -> list[Step]:
    trigger = variant.trigger
    sentence = phrase(trigger.said.get(service, trigger.said["n/a"])).format(day=in_words(on))
    backward = variant.count[0].direction == "before"
    if variant.inclusive:
        sentence += " Ese día se cuenta: es el día 1."
    elif backward and variant.count[0].n:
        sentence += " Ese día es el día 0; desde él se cuenta hacia atrás."
    elif not is_set_date(variant):
        sentence += " Ese día es el día 0."
    steps = [Step(sentence, day_zero(variant))]
    if trigger.floor and on < trigger.floor:
        text = f"La cuenta no comienza antes del {in_words(trigger.floor)}."
        steps.append(Step(text, variant.authority))
    return steps


def days(variant: Variant, period: Period, mail_days: int, *, first: bool) -> list[Step]:
    if period.n == 0:
        return []
    if not first:
        way = "hacia atrás" if period.direction == "before" else "hacia adelante"
        return [Step(f"Desde ahí, {amount(period.n, 'days')} {way}.", variant.authority)]
    before = " antes" if period.direction == "before" else ""
    text = f"{amount(period.n, 'days')}{before}; los fines de semana y los feriados cuentan."
    steps = [Step(text, variant.authority)]
    if mail_days:
        added = (
            f"Llegó por correo ordinario: se suman {mail_days} días antes de fijar el último día,"
            f" {period.n} + {mail_days} = {period.n + mail_days}."
        )
        steps.append(Step(added, variant.counting.mail_authority))
    return steps


def day_reached(variant: Variant, n: int, period: Period, end: date) -> list[Step]:
    if period.n == 0:
        return []
    label = f"El día {n}" if len(variant.count) == 1 else "Ese día"
    return [Step(f"{label} es el {in_words(end)}.", day_zero(variant))]


def period(variant: Variant, each: Period, came_from: date, day: date, *, first: bool) -> list[Step]:
    direction = "después" if each.direction == "after" else "antes"
    lead = "" if first else "Desde ahí, "
    counted = ", contando el primer día," if first and variant.inclusive else ""
    text = f"{lead}{amount(each.n, each.unit)} {direction}{counted} es el {in_words(day)}"
    if each.unit == "business_days":
        text += "; los sábados, domingos y feriados federales no se cuentan"
    elif day.day != came_from.day and not counted:
        text += f", porque ese mes no tiene día {came_from.day}"
    return [Step(f"{text}.", variant.authority)]


def fixed_stop(variant: Variant) -> list[Step]:
    text = f"El reloj estuvo detenido {variant.stopped_days} días que no cuentan."
    return [Step(text, variant.authority)]


def stop(variant: Variant, first: date, last: date) -> list[Step]:
    length = (last - first).days + 1
    not_counted = "día que no cuenta" if length == 1 else "días que no cuentan"
    text = f"El reloj estuvo detenido del {in_words(first)} al {in_words(last)}: {length} {not_counted}."
    return [Step(text, variant.authority)]


def stop_too_late(first: date, last: date) -> list[Step]:
    text = f"La pausa del {in_words(first)} al {in_words(last)} llegó cuando la cuenta ya había terminado."
    return [Step(text, "")]


def mail_not_added(variant: Variant, service: str) -> list[Step]:
    book = variant.counting
    if variant.mail:
        return [] if service == "mail" else [Step(phrase(book.no_mail), book.mail_authority)]
    if book.mail_order == "never" and book.no_mail:
        from_paper = variant.trigger.dated in ("decision", "notice") and variant.count[0].direction == "after"
        said = Step(phrase(book.no_mail), book.mail_authority)
        return [said] if from_paper or service == "mail" else []
    if service == "mail":
        text = "El plazo no corre desde la notificación, así que no se suman días por correo."
        return [Step(text, book.mail_authority)]
    return []


def mail_after(variant: Variant, n: int, end: date, expires: date, later: date) -> list[Step]:
    steps = []
    if expires != end:
        text = f"El día {n} es {_closed_as(end)}, así que el plazo terminaría el siguiente día hábil, el"
        steps.append(Step(f"{text} {in_words(expires)}.", variant.roll_authority))
    added = (later - expires).days
    text = f"Se notificó por correo: después se suman {added} días, hasta el {in_words(later)}."
    return [*steps, Step(text, variant.counting.mail_authority)]


def roll(variant: Variant, nominal: date, legal: date, *, online: bool) -> list[Step]:
    if variant.kind == "opening":
        text = f"El {in_words(nominal)} es el primer día permitido. {phrase(variant.why_no_roll)}"
        return [Step(text.strip(), variant.authority)]
    if legal == nominal:
        return _stays(variant, nominal, online=online)
    on_the_way = closed_on_the_way(nominal, legal)
    towards = "retrocede al último día hábil anterior" if legal < nominal else "pasa al siguiente día hábil"
    named = [f"el {in_words(day)} es {_closed_as(day)}" for day in on_the_way if day != nominal]
    closed = f", y {' y '.join(named)}" if named else ""
    text = f"El {in_words(nominal)} es {_closed_as(nominal)}{closed}: {towards}, el {in_words(legal)}."
    authority = f"{HOLIDAY_LAW}; {variant.roll_authority}" if on_the_way else variant.roll_authority
    return [Step(text, authority), *_shut_but_open(legal)]


def _stays(variant: Variant, day: date, *, online: bool) -> list[Step]:
    authority = variant.roll_authority or variant.authority
    if not is_closed(day):
        return [Step(f"El {in_words(day)} es día hábil: no se mueve.", authority), *_shut_but_open(day)]
    if online and variant.roll == "forward":
        why = "Lo presentado en línea se recibe en el acto, así que la política no traslada el día."
    else:
        why = phrase(variant.why_no_roll) or "Ninguna regla lo traslada."
    return [Step(f"El {in_words(day)} es {_closed_as(day)}. {why}", authority)]


def _closed_as(day: date) -> str:
    if day.weekday() >= 5:
        return "un día de fin de semana"
    name = holiday_name(day) or ""
    kept = phrase(name.removesuffix(" (observed)"))
    return f"el día en que se observa {kept}" if name.endswith(" (observed)") else kept


def _shut_but_open(day: date) -> list[Step]:
    closure = special_closure(day)
    if closure is None or is_closed(day):
        return []
    text = f"El {in_words(day)} no es feriado legal en todas partes ({phrase(closure)}): no prorroga nada"
    return [Step(f"{text} por sí solo.", HOLIDAY_LAW)]


def safe(variant: Variant, on: date, nominal: date, legal: date, day: date) -> list[Step]:
    if variant.kind == "opening":
        if day == nominal:
            text = f"El {in_words(day)} es día hábil: actúe ese día o después, nunca antes."
        else:
            text = "Lo presentado antes se rechaza, así que el primer día seguro es el siguiente día hábil,"
            text = f"{text} el {in_words(day)}."
        return [Step(text, PROTECTIVE)]
    if day == nominal:
        return [Step(f"El {in_words(day)} es también el día para actuar a más tardar.", PROTECTIVE)]
    text = f"El último día hábil hasta ese día es el {in_words(day)}: actúe a más tardar entonces."
    steps = [Step(text, PROTECTIVE)]
    counted_forward = variant.count[0].direction == "after" and variant.count[0].n > 0
    if counted_forward and day < on:
        steps.append(Step("Ese día ya había pasado al comenzar la cuenta: actúe de inmediato.", PROTECTIVE))
    return steps


def standing(version: Version, variant: Variant, on: date) -> list[Step]:
    steps = []
    status = version.in_force_status
    if status == "superseded" and version.keyed_on == variant.trigger.dated and version.covers(on):
        end = f" hasta el {day_of_month(version.effective_to)}" if version.effective_to else ""
        steps.append(Step(f"Este texto, ya reemplazado, regía{end}.", version.authority))
    elif status != "operative":
        text = f"Este texto está {STANDING[status]}: la fecha es una precaución, no la ley vigente."
        steps.append(Step(f"{text} {phrase(version.note)}".strip(), version.authority))
    elif version.keyed_on == variant.trigger.dated and not version.covers(on):
        begins = f" comienza el {day_of_month(version.effective_from)}" if version.effective_from else ""
        ends = f" terminó el {day_of_month(version.effective_to)}" if version.effective_to else ""
        text = f"Este texto{begins or ends}: no regía ese día. Verifique qué regía."
        steps.append(Step(text, version.authority))
    return steps


def outside_table(days: Iterable[date]) -> list[Step]:
    years = sorted({day.year for day in days} - set(FROZEN_YEARS))
    if not years:
        return []
    listed = ", ".join(map(str, years))
    text = f"Los feriados de {listed} se calculan con la ley de hoy, no se leen de una tabla verificada."
    return [Step(text, HOLIDAY_LAW)]


def printed(due: date, safe_day: date) -> list[Step]:
    """Say how a date that a notice printed is acted on: see services.record_printed_date."""
    steps = [Step(f"El aviso imprime el {in_words(due)} como último día. Lo impreso vale.", "")]
    if safe_day != due:
        text = "Ese es un día cerrado. El último día hábil anterior es el"
        steps.append(Step(f"{text} {in_words(safe_day)}: actúe a más tardar entonces.", ""))
    return steps
