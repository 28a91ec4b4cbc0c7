"""Drawing charts: ECharts in V8 (mini-racer), no browser and no Node.

A `Drawer` holds one V8 and is used as a context manager: left open, it keeps the process from ending.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from xml.etree import ElementTree

from py_mini_racer import MiniRacer

VENDOR = Path(__file__).resolve().parent.parent / "vendor"
ECHARTS = VENDOR / "echarts.min.js"
OPTIONS = Path(__file__).resolve().parent / "options.js"

#: Roles that `options.js` asks a palette for, beside `c-<key>` of each official colour. These are for paper.
PAPER: Mapping[str, str] = {
    "ink": "#1b2730",
    "soft": "#55636e",
    "line": "#d9dfe3",
    "paper": "#ffffff",
    "own": "#1d4e79",
    "upper1": "#7a5195",
    "upper2": "#5f6b73",
    "band": "#c9d6df",
}


class ChartError(RuntimeError):
    """A chart could not be drawn, or is not XML; the message names its kind."""


@dataclass(frozen=True)
class Chart:
    """A chart to draw: its kind is a function of options.js, `words` the texts that kind asks for."""

    kind: str
    data: Mapping[str, Any]
    width: int
    height: int
    words: Mapping[str, str] = field(default_factory=dict)


def site_palette(colour_keys: Sequence[str]) -> dict[str, str]:
    """Colours as CSS variables: the page decides, so that one picture is right in light, dark and print."""
    names = [*PAPER, *(f"c-{key}" for key in colour_keys)]
    return {name: f"var(--{name})" for name in names}


def paper_palette(colours: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Colours as they are printed: PAPER and the official colours of rules.yaml (`key`, `hex`)."""
    return {**PAPER, **{f"c-{c['key']}": c["hex"] for c in colours}}


class Drawer:
    """One V8 with ECharts in it; draws charts with one palette."""

    def __init__(self, palette: Mapping[str, str]) -> None:
        """Loading ECharts takes a quarter of a second."""
        self._palette = dict(palette)
        self._engine = MiniRacer()
        self._engine.eval(ECHARTS.read_text(encoding="utf-8"))
        self._engine.eval(OPTIONS.read_text(encoding="utf-8"))
        self._drawn: dict[str, str] = {}

    def __enter__(self) -> Self:
        """The drawer itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close V8."""
        self._engine.close()

    def svg(self, chart: Chart, *, name: str) -> str:
        """The chart as one `<svg>` element without a title, parsed as XML before it is answered.

        `name` makes ids unique in a page: the same chart under the same name is the same text, whatever was drawn
        before. Equal charts are drawn once.
        """
        key = json.dumps(
            [chart.kind, chart.data, chart.words, chart.width, chart.height], ensure_ascii=False, sort_keys=True
        )
        if key not in self._drawn:
            self._drawn[key] = self._draw(chart)
        return self._drawn[key].replace("ID-", f"{name}-")

    def _draw(self, chart: Chart) -> str:
        drawn = self._engine.call(
            "pinganDraw", chart.kind, chart.data, dict(chart.words), self._palette, chart.width, chart.height
        )
        text = compact(str(drawn))
        try:
            ElementTree.fromstring(text)  # noqa: S314 - our own text; a fault must show here and not in a page
        except ElementTree.ParseError as error:
            raise ChartError(f"the {chart.kind} chart is not XML: {error}") from error
        return text


_CLASS_RULE = re.compile(r"\.(zr\d+-cls-\d+)\s*\{([^}]*)\}")
_CIRCLE = re.compile(
    r'<path d="M1 0A1 1 0 1 1 1 -0\.\d+A1 1 0 0 1 1 0" '
    r'transform="matrix\(([\d.]+),0,0,\1,([\d.-]+),([\d.-]+)\)"([^>]*)></path>'
)
_NUMBER = re.compile(r"-?\d+\.\d{2,}")
_GEOMETRY = re.compile(r'( (?:d|transform)=")([^"]*)"')


def compact(svg: str) -> str:
    """ECharts' SVG with nothing that depends on what was drawn before it, and a third of its length.

    Classes become attributes (several SVGs in a page share its classes), ids begin with `ID-`, dots become circles,
    coordinates keep a tenth of a pixel.
    """
    rules = {name: _as_attributes(body) for name, body in _CLASS_RULE.findall(svg)}
    svg = re.sub(r' ecmeta_\w+="[^"]*"', "", svg)
    svg = re.sub(r"<style[^>]*>.*?</style>", "", svg, flags=re.DOTALL)
    svg = re.sub(r' class="([^"]*)"', lambda m: "".join(rules.get(n, "") for n in m.group(1).split()), svg)
    svg = svg.replace(' pointer-events="visible"', "").replace(' xmlns:xlink="http://www.w3.org/1999/xlink"', "")
    svg = svg.replace(' version="1.1" baseProfile="full"', "").replace("font-family:inherit;", "")
    svg = svg.replace(' style="font-size:12px;"', "").replace("<svg ", '<svg font-size="12" ', 1)
    svg = re.sub(r'<rect width="\d+" height="\d+" x="0" y="0" fill="none"></rect>', "", svg, count=1)
    svg = re.sub(r'<path [^>]*stroke-width="0"[^>]*></path>', "", svg)
    svg = re.sub(r"zr\d+-", "ID-", svg)
    svg = _CIRCLE.sub(lambda m: f'<circle cx="{m.group(2)}" cy="{m.group(3)}" r="{m.group(1)}"{m.group(4)}/>', svg)
    svg = _GEOMETRY.sub(lambda m: f'{m.group(1)}{_NUMBER.sub(_tenth, m.group(2))}"', svg)
    svg = re.sub(r'( c[xy]=")([^"]*)"', lambda m: f'{m.group(1)}{_NUMBER.sub(_tenth, m.group(2))}"', svg)
    svg = re.sub(r"></(path|circle|rect|line|polyline|polygon|use)>", "/>", svg)
    return re.sub(r">\s+<", "><", svg).strip()


def _as_attributes(body: str) -> str:
    pairs = (part.split(":", 1) for part in body.split(";") if ":" in part)
    return "".join(f' {name.strip()}="{value.strip()}"' for name, value in pairs)


def _tenth(number: re.Match[str]) -> str:
    text = f"{float(number.group()):.1f}"
    text = text[:-2] if text.endswith(".0") else text
    return "0" if text == "-0" else text
