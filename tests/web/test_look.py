"""The look, held: nothing inline, contrast that everyone can read, and a 404 that says nothing."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import render_to_string
from django.test import RequestFactory

WEB = Path(settings.BASE_DIR) / "caseapp" / "web"
TEMPLATES = sorted((WEB / "templates").rglob("*.html"))
CSS = (WEB / "static" / "amparo" / "amparo.css").read_text(encoding="utf-8")
AA, AAA, SHAPES = 4.5, 7.0, 3.0


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(WEB / "templates")))
def test_no_template_holds_a_style_a_script_or_a_handler(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    scripts = [tag for tag in re.findall(r"<script[^>]*>", text) if "src=" not in tag]

    assert not re.search(r"<style|\sstyle\s*=|\son[a-z]+\s*=|javascript:|hx-on|hx-vals=.js", text)
    assert all('type="application/json"' in tag for tag in scripts)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(WEB / "templates")))
def test_no_template_asks_anything_of_another_host(path: Path) -> None:
    links = re.findall(r'(?:src|href|action)="(https?:)?//[^"]*"', path.read_text(encoding="utf-8"))

    assert not links


def schemes() -> dict[str, dict[str, str]]:
    """Return the colours by name, as they are in light and in dark."""
    blocks = re.findall(r":root \{(.*?)\n\s*\}", CSS, re.DOTALL)
    light, dark = (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block)) for block in blocks[:2])
    return {"light": light, "dark": light | dark}


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("ink", "ground", "least"),
    [
        *[
            (ink, ground, AA)
            for ink in ("ink", "ink-soft", "accent")
            for ground in ("paper", "sheet", "well")
        ],
        ("accent", "accent-wash", AA),
        ("accent-ink", "accent", AA),
        ("done", "done-wash", AA),
        *[
            (ink, ground, AAA)
            for ink in ("late", "soon")
            for ground in ("paper", "sheet", "well", f"{ink}-wash")
        ],
        *[("line-strong", ground, SHAPES) for ground in ("paper", "sheet")],
        *[("focus", ground, SHAPES) for ground in ("paper", "sheet", "well")],
    ],
)
def test_words_and_shapes_stand_out_from_what_is_behind_them(
    scheme: str, ink: str, ground: str, least: float
) -> None:
    colours = schemes()[scheme]

    assert contrast(colours[ink], colours[ground]) >= least


def test_the_404_is_the_same_whoever_asks_and_for_whatever() -> None:
    one = RequestFactory().get("/matters/one/")
    other = RequestFactory().post("/clients/two/", headers={"user-agent": "another"})

    pages = {render_to_string("404.html", {"request_path": r.path, "user": r.path}, r) for r in (one, other)}

    assert len(pages) == 1
