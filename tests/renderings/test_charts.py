"""Charts: each kind is XML, shows every value it is given, and is the same whatever was drawn before."""

from __future__ import annotations

import hashlib
import io
import random
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image
from renderings.svg_reading import Picture

from publication.charts.drawing import ECHARTS, Chart, ChartError, Drawer, compact, paper_palette, site_palette
from publication.charts.raster import png
from publication.numbers import shown

COLOURS = [{"key": key, "hex": hex_} for key, hex_ in (("high", "#1a7f4b"), ("low", "#c0312b"))]
CUTS = [{"key": "high", "from": 80, "to": 100}, {"key": "low", "from": 0, "to": 80}]
MONTHS = ["2022-09", "2022-10", "2022-11", "2022-12", "2023-01"]


@pytest.fixture(scope="module")
def drawer() -> Iterator[Drawer]:
    with Drawer(paper_palette(COLOURS)) as drawer:
        yield drawer


def trend(**changed: Any) -> Chart:
    data = {
        "months": MONTHS,
        "name": "三阳川",
        "own": [83.21, 84.5, None, 79.125, 91.37],
        "uppers": [{"name": "区", "values": [88.1, 88.2, 88.3, 88.4, 88.5]}, {"name": "市", "values": [90.0] * 5}],
        "band": {"low": [76.0, 77.0, 78.0, 77.5, 76.5], "high": [95.0, 94.0, 93.5, 94.5, 96.0]},
        "cuts": CUTS,
        "hard": [0, 100],
    } | changed
    return Chart("trend", data, 640, 260, {"peers": "同级"})


def test_a_trend_shows_every_month_of_unit_uppers_and_peers(drawer: Drawer) -> None:
    chart = trend()
    picture = Picture(drawer.svg(chart, name="t"))
    values = [*chart.data["own"], *chart.data["band"]["low"], *chart.data["band"]["high"]]
    for upper in chart.data["uppers"]:
        values += upper["values"]
    assert picture.missing(values) == []
    assert picture.says("91.37")
    assert picture.missing([60.0 + 1 / 3]) != [], "the reading itself must be able to say no"


def test_a_value_that_is_missing_is_a_gap_and_not_a_zero(drawer: Drawer) -> None:
    picture = Picture(drawer.svg(trend(band=None, uppers=[]), name="t"))
    assert picture.dots() == 4
    all_missing = Picture(drawer.svg(trend(own=[None] * 5, band=None, uppers=[]), name="t"))
    assert all_missing.dots() == 0


def test_a_radar_shows_and_prints_every_value(drawer: Drawer) -> None:
    own = [70.0, 75.5, 81.25, 99.0, 88.8]
    axes = [f"轴{i}" for i in range(5)]
    series = [{"name": "市", "role": "upper2", "values": [90.0] * 5}, {"name": "镇", "role": "own", "values": own}]
    picture = Picture(
        drawer.svg(Chart("radar", {"axes": axes, "series": series, "hard": [0, 100]}, 440, 320), name="r")
    )
    assert all(picture.says(shown(v, 1)) for v in own)
    assert all(picture.says(name) for name in axes)
    # radius of a value over the axis from the smallest ten below (60) to 100, 68 % of half the height
    centre, radius = (440 * 0.5, 320 * 0.53), 320 / 2 * 0.68
    distances = [((x - centre[0]) ** 2 + (y - centre[1]) ** 2) ** 0.5 for x, y in picture.points]
    for value in own:
        assert min(abs(d - radius * (value - 60) / 40) for d in distances) < 1, value


def test_a_strip_shows_every_unit_and_every_upper_unit(drawer: Drawer) -> None:
    draw = random.Random(1)
    points = [[60 + 40 * draw.random(), i % 3 - 1] for i in range(60)]
    points[7][0] = None  # type: ignore[call-overload]
    data = {
        "rows": ["甲", "乙", "丙"],
        "sizes": [10, 20, 30],
        "points": points,
        "colours": ["high", "low"],
        "marks": [90.5, 80.25, None],
        "limits": [60, 100],
        "digits": 2,
        "labels": 90,
    }
    picture = Picture(drawer.svg(Chart("strip", data, 640, 220), name="s"))
    assert picture.missing([p[0] for p in points], axis=0) == []
    assert picture.missing([90.5, 80.25], axis=0) == []
    assert picture.dots() == 59
    assert all(picture.says(name) for name in ("甲", "乙", "丙"))


def test_a_curve_shows_its_posts_and_where_units_stand(drawer: Drawer) -> None:
    data = {
        "lines": [{"name": "街道", "points": [[0, 100], [12.5, 100], [30, 60], [40, 60]]}],
        "marks": [{"x": 20.0, "y": 82.86, "name": "全市", "role": "own"}],
        "limits": [0, 40],
        "scores": [0, 100],
        "digits": 2,
    }
    picture = Picture(drawer.svg(Chart("curve", data, 420, 220), name="c"))
    assert picture.missing([0, 12.5, 30, 40], axis=0) == []
    assert picture.missing([100, 60], axis=1) == []
    assert picture.says("全市")


def test_bars_print_their_values_with_sign(drawer: Drawer) -> None:
    rows = [{"name": "甲", "value": 1.234, "colour": "own"}, {"name": "乙", "value": -0.5, "colour": "c-low"}]
    chart = Chart("bars", {"rows": rows, "limits": [-2, 2], "digits": 2, "signed": True, "labels": 60}, 420, 120)
    picture = Picture(drawer.svg(chart, name="b"))
    assert picture.says("+1.23")
    assert picture.says("−0.50")


def test_a_sunburst_names_its_parts(drawer: Drawer) -> None:
    tree = [{"name": f"一级{i}", "share": 0.25, "children": [{"name": f"二级{i}", "share": 0.25}]} for i in range(4)]
    picture = Picture(drawer.svg(Chart("sunburst", {"tree": tree}, 480, 480), name="w"))
    assert all(picture.says(f"一级{i}") and picture.says(f"二级{i}") for i in range(4))


def test_the_same_chart_is_the_same_bytes_whatever_was_drawn_before(drawer: Drawer) -> None:
    first = drawer.svg(trend(), name="x")
    with Drawer(paper_palette(COLOURS)) as other:
        other.svg(trend(own=[1, 2, 3, 4, 5]), name="x")
        assert other.svg(trend(), name="x") == first
    assert "zr" not in first


def test_colours_are_the_palettes_alone() -> None:
    with Drawer(site_palette(["high", "low"])) as drawer:
        text = drawer.svg(trend(), name="x")
    assert "var(--own)" in text
    assert "#" not in text.replace("url(#", "").replace('fill="#000"/></clipPath>', "")


def test_a_name_with_markup_in_it_is_text(drawer: Drawer) -> None:
    rows = [{"name": "<b>&\"甲'", "value": 1.0, "colour": "own"}]
    chart = Chart("bars", {"rows": rows, "limits": [0, 2], "digits": 2, "signed": False, "labels": 60}, 420, 60)
    assert Picture(drawer.svg(chart, name="b")).says("<b>&\"甲'")


def test_what_is_not_xml_is_refused(drawer: Drawer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("publication.charts.drawing.compact", lambda text: compact(text).replace("</svg>", ""))
    with pytest.raises(ChartError, match="bars chart is not XML"):
        drawer.svg(Chart("bars", {"rows": [], "limits": [0, 2], "digits": 2, "labels": 60}, 420, 61), name="b")


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(81.25, 1, "81.3"), (-0.004, 2, "0.00"), (-1.005, 2, "−1.00"), (1234567.0, 0, "1,234,567"), (None, 2, "–")],
)
def test_numbers_are_shown_alike_in_pictures_and_tables(
    drawer: Drawer, value: float | None, digits: int, text: str
) -> None:
    assert shown(value, digits) == text
    rows = [{"name": "甲", "value": value, "colour": "own"}]
    chart = Chart("bars", {"rows": rows, "limits": [-2, 2], "digits": digits, "signed": False, "labels": 60}, 420, 60)
    if value is not None:
        assert Picture(drawer.svg(chart, name="b")).says(text)
    assert shown(1.5, signed=True) == "+1.50"


def test_the_vendored_library_is_the_one_that_is_declared() -> None:
    assert hashlib.sha256(ECHARTS.read_bytes()).hexdigest() in (ECHARTS.parent / "ORIGIN.md").read_text()


def pixels(body: str) -> Image.Image:
    """A picture of 40 by 20 with this in it, in pixels of twice the number."""
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20" font-size="12">{body}</svg>'
    image = Image.open(io.BytesIO(png(svg)))
    assert image.size == (80, 40)
    return image


def test_a_picture_in_pixels_has_areas_holes_lines_dots_and_tints_where_the_drawing_has_them() -> None:
    ring = '<path d="M2 2L18 2L18 18L2 18ZM6 6L14 6L14 14L6 14Z" fill="#c0312b" fill-rule="evenodd"/>'
    image = pixels(ring + '<polygon points="20 0 40 0 40 10 20 10" fill="#000000" fill-opacity="0.1"/>')
    assert image.getpixel((8, 8)) == (192, 49, 43)
    assert image.getpixel((20, 20)) == (255, 255, 255)
    assert image.getpixel((70, 10)) == (229, 229, 229)
    image = pixels(
        '<path d="M2 4L20 4" fill="none" stroke="#1d4e79" stroke-width="2"/>'
        '<path d="M30 10h0" stroke="#1d4e79" stroke-width="6" stroke-linecap="round"/>'
    )
    assert [image.getpixel(at) for at in ((20, 8), (60, 20), (63, 20))] == [(29, 78, 121)] * 3
    assert [image.getpixel(at) for at in ((20, 14), (60, 30), (44, 8))] == [(255, 255, 255)] * 3


def test_a_picture_in_pixels_says_its_numbers() -> None:
    """Different numbers are different pixels, in the ink and at the side that the drawing says."""
    one, other = (pixels(f'<text text-anchor="end" x="40" y="15" fill="#55636e">{n}</text>') for n in ("90", "–1.5"))
    assert one.tobytes() != other.tobytes()
    for image in (one, other):
        dark = [x for x in range(80) for y in range(40) if image.getpixel((x, y)) != (255, 255, 255)]
        assert min(dark) > 30
        assert max(dark) > 70


@pytest.mark.parametrize(
    "body",
    [
        "<ellipse/>",
        '<path d="M0 0C1 1 2 2 3 3" stroke="#000000"/>',
        '<path d="M0 0L1 1" stroke="#000000" stroke-dasharray="2,3"/>',
        '<text x="0" y="9">秦州区</text>',
    ],
)
def test_what_would_be_left_out_of_a_picture_in_pixels_is_a_fault(body: str) -> None:
    with pytest.raises(ChartError, match="picture for DOCX"):
        pixels(body)
