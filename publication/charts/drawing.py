"""Drawing charts: ECharts in V8 (mini-racer), no browser and no Node.

A `Drawer` holds one V8 and is used as a context manager: left open, it keeps the process from ending.
"""

from __future__ import annotations

import itertools
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

#: Roles that `options.js` asks a palette for, beside `c-<key>` of each official colour; maps
#: ask for `on-<key>`, the ink on it. These are for paper.
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
    names = [*PAPER, *(f"{role}-{key}" for key in colour_keys for role in ("c", "on"))]
    return {name: f"var(--{name})" for name in names}


def paper_palette(colours: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Colours as they are printed: PAPER and the official colours of rules.yaml (`key`, `hex`)."""
    own = {f"c-{c['key']}": c["hex"] for c in colours}
    return {**PAPER, **own, **{f"on-{c['key']}": ink_on(c["hex"]) for c in colours}}


def luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb`, 0..1 (WCAG 2.2)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast of two colours, 1..21 (WCAG 2.2)."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def ink_on(colour: str) -> str:
    """White or dark ink, whichever reads better on a colour."""
    return max("#ffffff", "#10181e", key=lambda ink: contrast(ink, colour))


def mixed(colour: str, with_colour: str, share: float) -> str:
    """`share` of one colour and the rest of another, both `#rrggbb`."""
    pairs = [(int(colour[i : i + 2], 16), int(with_colour[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(a * share + b * (1 - share)):02x}" for a, b in pairs)


class Drawer:
    """One V8 with ECharts in it; draws charts with one palette."""

    def __init__(self, palette: Mapping[str, str], drawn: dict[str, str] | None = None) -> None:
        """Loading ECharts takes a quarter of a second. `drawn` is what drawers with one palette have drawn already."""
        self._palette = dict(palette)
        self._engine = MiniRacer()
        self._engine.eval(ECHARTS.read_text(encoding="utf-8"))
        self._engine.eval(OPTIONS.read_text(encoding="utf-8"))
        self._drawn: dict[str, str] = {} if drawn is None else drawn

    def __enter__(self) -> Self:
        """The drawer itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close V8."""
        self.close()

    def close(self) -> None:
        """Close V8; the process cannot end before."""
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
            ElementTree.fromstring(text)  # nosec B314 # our own text; a fault must show here and not in a page
        except ElementTree.ParseError as error:
            raise ChartError(f"the {chart.kind} chart is not XML: {error}") from error
        return text


_CLASS_RULE = re.compile(r"\.(zr\d+-cls-\d+)\s*\{([^}]*)\}")
_CIRCLE = re.compile(
    r'<path d="M1 0A1 1 0 1 1 1 -0\.\d+A1 1 0 0 1 1 0" '
    r'transform="matrix\(([\d.]+),0,0,\1,([\d.-]+),([\d.-]+)\)"([^>]*)></path>\s*'
)
_INVISIBLE = re.compile(
    r'<path [^>]*stroke-width="0"[^>]*></path>|<path (?:(?!stroke=)[^>])* fill="none"(?:(?!stroke=)[^>])*></path>'
)
#: ECharts clips lines to a plot widened until nothing is cut off (`clip: false`), and names strokes of no width.
_CLIP = re.compile(r' clip-path="url\(#[^)]*\)"|<clipPath .*?</clipPath>', re.DOTALL)
_NO_STROKE = re.compile(r' stroke="[^"]*" stroke-width="0"(?: stroke-opacity="[^"]*")?')
_TEXT = re.compile(
    r'<text dominant-baseline="central"([^>]*?)((?: y="[^"]*")?) transform="translate\(([\d.-]+) ([\d.-]+)\)"([^>]*)>'
)
_FONT_SIZE = re.compile(r"font-size:([\d.]+)px")
_NUMBER = re.compile(r"-?\d+\.\d{2,}")
_GEOMETRY = re.compile(r'( (?:d|transform|points|x|y)=")([^"]*)"')
#: Paths of straight lines and dots alone.
_STRAIGHT = re.compile(r' d="((?:[ML]-?\d+(?:\.\d)? -?\d+(?:\.\d)?|h0(?![\d.])|Z)+)"')
_STRAIGHT_PART = re.compile(r"(h0|Z|[ML])(?:(-?[\d.]+) (-?[\d.]+))?")
#: Shapes that follow one another, each by itself, and what of their look children take from a group.
_ONE = r"<(?:path|polyline|polygon|rect|circle|line) [^<>]*/>|<text [^<>]*>[^<>]*</text>"
_SHAPES = re.compile(f"(?:{_ONE}){{2,}}")
_SHAPE = re.compile(_ONE)
_LOOK = re.compile(r' ((?:fill|stroke)(?:-opacity)?|stroke-(?:width|linecap|linejoin|dasharray)|text-anchor)="([^"]*)"')
#: From the middle of a line of text to its baseline, in parts of the font size.
_TO_BASELINE = 0.36


def compact(svg: str) -> str:
    """ECharts' SVG with nothing that depends on what was drawn before it, and a third of its length.

    Classes become attributes (several SVGs in a page share its classes), ids begin with `ID-`, coordinates keep a tenth
    of a pixel, texts stand on a baseline (which every reader of SVG understands), and dots that look alike become one
    path of points with round ends.
    """
    rules = {name: _as_attributes(body) for name, body in _CLASS_RULE.findall(svg)}
    svg = re.sub(r' ecmeta_\w+="[^"]*"', "", svg)
    svg = re.sub(r"<style[^>]*>.*?</style>", "", svg, flags=re.DOTALL)
    svg = re.sub(r' class="([^"]*)"', lambda m: "".join(rules.get(n, "") for n in m.group(1).split()), svg)
    svg = svg.replace(' pointer-events="visible"', "").replace(' xmlns:xlink="http://www.w3.org/1999/xlink"', "")
    svg = svg.replace(' version="1.1" baseProfile="full"', "").replace("font-family:inherit;", "")
    svg = svg.replace(' style="font-size:12px;"', "").replace("<svg ", '<svg font-size="12" ', 1)
    svg = re.sub(r'<rect width="\d+" height="\d+" x="0" y="0" fill="none"></rect>', "", svg, count=1)
    svg = _INVISIBLE.sub("", svg)
    svg = _NO_STROKE.sub("", svg)
    svg = _CLIP.sub("", svg)
    svg = re.sub(r"zr\d+-", "ID-", svg)
    svg = _TEXT.sub(_on_baseline, svg)
    svg = _dots(svg)
    svg = _GEOMETRY.sub(lambda m: f'{m.group(1)}{_NUMBER.sub(_tenth, m.group(2))}"', svg)
    svg = re.sub(r"></(path|rect|line|polyline|polygon|use)>", "/>", svg)
    svg = re.sub(r"<g[^>]*>\s*</g>|<defs\s*>\s*</defs>", "", svg)
    svg = _STRAIGHT.sub(lambda m: f' d="{_by_steps(m.group(1))}"', svg)
    return _SHAPES.sub(_alike, re.sub(r">\s+<", "><", svg).strip())


def _by_steps(path: str) -> str:
    """A path of straight lines and dots by steps in place of places; a twentieth of a site of many months.

    Places are whole tenths of a pixel, so that steps add up to them exactly.
    """
    parts: list[str] = []
    at: tuple[int, int] | None = None
    for command, x_text, y_text in _STRAIGHT_PART.findall(path):
        if not x_text:
            parts.append(command)  # h0, a dot, or Z, after which ECharts begins anew or ends
            at = None if command == "Z" else at
            continue
        x, y = round(float(x_text) * 10), round(float(y_text) * 10)
        if at is None:
            parts.append(f"M{_tenths(x)} {_tenths(y)}")
        elif command == "L" and y == at[1]:
            parts.append(f"h{_tenths(x - at[0])}")
        elif command == "L" and x == at[0]:
            parts.append(f"v{_tenths(y - at[1])}")
        else:
            step = _tenths(y - at[1])
            parts.append(f"{command.lower()}{_tenths(x - at[0])}{'' if step.startswith('-') else ' '}{step}")
        at = (x, y)
    return "".join(parts)


def _tenths(number: int) -> str:
    """A number of tenths as SVG reads it, without what can be left out."""
    whole, tenth = divmod(abs(number), 10)
    text = (str(whole) if whole or not tenth else "") + (f".{tenth}" if tenth else "")
    return f"-{text}" if number < 0 else text


def _alike(shapes: re.Match[str]) -> str:
    """Shapes that follow one another and look alike, under one `<g>` that says how they look once."""
    made = []
    for look, run in itertools.groupby(_SHAPE.findall(shapes.group()), key=lambda s: sorted(_LOOK.findall(s))):
        same = list(run)
        attributes = "".join(f' {name}="{value}"' for name, value in look)
        if len(same) > 1 and (len(same) - 1) * len(attributes) > len("<g></g>"):
            made.append(f"<g{attributes}>{''.join(_LOOK.sub('', shape) for shape in same)}</g>")
        else:
            made += same
    return "".join(made)


def _on_baseline(text: re.Match[str]) -> str:
    before, y, x0, y0, after = text.groups()
    size = _FONT_SIZE.search(before + after)
    down = float(y[4:-1] if y else 0) + _TO_BASELINE * float(size.group(1) if size else 12)
    return f'<text{before} x="{float(x0):.2f}" y="{float(y0) + down:.2f}"{after}>'


def _dots(svg: str) -> str:
    """Runs of equal circles as one path; a circle by itself stays one."""
    parts: list[str] = []
    end = 0
    run: list[tuple[str, str]] = []
    look: tuple[str, str] | None = None

    def close() -> None:
        if look is not None:
            parts.append(_dots_path(run, *look))

    for circle in _CIRCLE.finditer(svg):
        radius, x, y, attributes = circle.groups()
        if look != (radius, attributes) or circle.start() != end:
            close()
            parts.append(svg[end : circle.start()])
            run, look = [], (radius, attributes)
        run.append((x, y))
        end = circle.end()
    close()
    return "".join([*parts, svg[end:]])


def _dots_path(run: list[tuple[str, str]], radius: str, attributes: str) -> str:
    if float(radius) == 0:
        return ""  # what only carries a label
    fill = re.search(r' fill="([^"]*)"', attributes)
    if fill is None or " stroke=" in attributes:
        return "".join(f'<circle cx="{x}" cy="{y}" r="{radius}"{attributes}/>' for x, y in run)
    points = "".join(f"M{x} {y}h0" for x, y in run)
    rest = attributes.replace(fill.group(), "").replace("fill-opacity", "stroke-opacity")
    width = f"{2 * float(radius):g}"
    return f'<path d="{points}" stroke="{fill.group(1)}" stroke-width="{width}" stroke-linecap="round"{rest}></path>'


def _as_attributes(body: str) -> str:
    pairs = (part.split(":", 1) for part in body.split(";") if ":" in part)
    return "".join(f' {name.strip()}="{value.strip()}"' for name, value in pairs)


def _tenth(number: re.Match[str]) -> str:
    text = f"{float(number.group()):.1f}"
    text = text[:-2] if text.endswith(".0") else text
    return "0" if text == "-0" else text
