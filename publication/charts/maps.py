"""Maps as SVG: tiles of equal size, or real boundaries. Places are links when they have an address, so that a map works
without scripts; colour is never alone, each place carries its number and its title the official word.

Belongs here: geometry and drawing. Which unit has which colour, and what its title says, is handed in.
"""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from city.folder import Unit

TILE_WIDTH = 84
TILE_HEIGHT = 44
_GAP = 3

Ring = list[tuple[float, float]]


class BoundariesError(ValueError):
    """A file of boundaries cannot be drawn; the message names the file, what is missing and what to do."""


@dataclass(frozen=True)
class Place:
    """A unit on a map."""

    code: str
    name: str
    #: What stands on it (a rounded score, or a dash).
    text: str
    #: Key of its official colour; empty when it has none.
    colour: str
    title: str
    href: str = ""


def tile_map(places: Sequence[Place], palette: Mapping[str, str], *, columns: int = 4) -> str:
    """Places as equal tiles, row by row in the order given; an SVG of `columns` tiles' width."""
    rows = math.ceil(len(places) / columns)
    width, height = columns * (TILE_WIDTH + _GAP) - _GAP, max(rows, 1) * (TILE_HEIGHT + _GAP) - _GAP
    parts = []
    for i, place in enumerate(places):
        x, y = (i % columns) * (TILE_WIDTH + _GAP), (i // columns) * (TILE_HEIGHT + _GAP)
        fill, ink = _colours(place, palette)
        lines = _two_lines(place.name)
        texts = "".join(
            f'<text x="{x + TILE_WIDTH / 2:g}" y="{y + (17 if len(lines) == 1 else 13 + 10 * n)}" '
            f'font-size="{11 if len(lines) == 1 else 9}" fill="{ink}" text-anchor="middle">{escape(line)}</text>'
            for n, line in enumerate(lines)
        )
        parts.append(
            _linked(
                place,
                f'<rect x="{x}" y="{y}" width="{TILE_WIDTH}" height="{TILE_HEIGHT}" rx="2" fill="{fill}"/>{texts}'
                f'<text x="{x + TILE_WIDTH / 2:g}" y="{y + 36}" font-size="12" font-weight="600" fill="{ink}" '
                f'text-anchor="middle">{escape(place.text)}</text>',
            )
        )
    return _svg(width, height, parts)


def boundary_map(
    shapes: Mapping[str, Sequence[Ring]], places: Sequence[Place], palette: Mapping[str, str], *, width: int = 520
) -> str:
    """Places in their real boundaries (longitude, latitude), in equirectangular projection about their middle."""
    points = [point for place in places for ring in shapes[place.code] for point in ring]
    west, east = min(p[0] for p in points), max(p[0] for p in points)
    south, north = min(p[1] for p in points), max(p[1] for p in points)
    squeeze = math.cos(math.radians((south + north) / 2))
    scale = (width - 2) / ((east - west) * squeeze)
    height = math.ceil((north - south) * scale) + 2
    parts, labels = [], []
    for place in places:
        drawn = [
            [(1 + (x - west) * squeeze * scale, 1 + (north - y) * scale) for x, y in ring]
            for ring in shapes[place.code]
        ]
        path = "".join("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in _thinned(ring)) + "Z" for ring in drawn)
        fill, ink = _colours(place, palette)
        parts.append(
            _linked(
                place,
                f'<path d="{path}" fill="{fill}" stroke="{palette["paper"]}" stroke-width="1" fill-rule="evenodd"/>',
            )
        )
        x, y = _middle(max(drawn, key=lambda ring: abs(_area(ring))))
        labels.append(
            f'<text x="{x:.1f}" y="{y + 3:.1f}" font-size="9.5" font-weight="600" fill="{ink}" text-anchor="middle" '
            f'pointer-events="none">{escape(place.text)}</text>'
        )
    return _svg(width, height, parts + labels)


def read_boundaries(path: Path, units: Sequence[Unit]) -> dict[str, list[Ring]]:
    """Rings by unit code from GeoJSON (or .gz), for all units; BoundariesError names the units without a shape.

    A feature is a unit's when one of its fields holds the unit's code, a code alias or its name; the field that names
    most units counts. Files that keep geometry or fields under other names (`simple_shape`, `metadata`) are read too.
    """
    try:
        content = path.read_bytes()
        features = json.loads(gzip.decompress(content) if path.suffix == ".gz" else content)["features"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BoundariesError(
            f"{path} is not a GeoJSON FeatureCollection ({error}): export the units' areas again"
        ) from error
    names: dict[str, str] = {}
    for unit in units:
        codes = (code for codes in unit.code_aliases.values() for code in codes)
        for name in (unit.code, unit.name_zh, unit.name_en, *unit.name_aliases, *codes):
            names.setdefault(name.casefold(), unit.code)
    fields = [dict(_fields(feature)) for feature in features]
    every = sorted({name for own in fields for name in own})

    def named(field: str) -> set[str]:
        return {names[own[field]] for own in fields if own.get(field) in names}

    best = max(every, key=lambda field: len(named(field)), default="")
    shapes: dict[str, list[Ring]] = {}
    for own, feature in zip(fields, features, strict=True):
        code = names.get(own.get(best, ""))
        if code is not None:
            shapes.setdefault(code, []).extend(_rings(_geometry(feature, path)))
    absent = [unit for unit in units if unit.code not in shapes]
    if absent:
        listed = ", ".join(f"{unit.name_zh} ({unit.code})" for unit in absent[:8])
        raise BoundariesError(
            f"{path} has no area for {len(absent)} of {len(units)} units: {listed}. Give each feature a property with "
            f"the unit's code (best found: {best or 'none'!r})."
        )
    return shapes


def _fields(feature: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in feature.items():
        if isinstance(value, str | int) and not isinstance(value, bool):
            yield name, str(value).casefold()
        elif isinstance(value, dict) and "coordinates" not in value:
            yield from ((f"{name}.{inner}", text) for inner, text in _fields(value))


def _geometry(feature: Mapping[str, Any], path: Path) -> Mapping[str, Any]:
    for value in feature.values():
        if isinstance(value, dict) and value.get("type") in {"Polygon", "MultiPolygon"}:
            return value
    raise BoundariesError(f"{path}: a feature is neither Polygon nor MultiPolygon: export areas, not points")


def _rings(geometry: Mapping[str, Any]) -> list[Ring]:
    polygons = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
    return [[(float(p[0]), float(p[1])) for p in ring] for polygon in polygons for ring in polygon]


def _thinned(ring: Ring) -> Ring:
    """A ring without points that are less than half a pixel from the one before."""
    kept = [ring[0]]
    for point in ring[1:]:
        if math.dist(point, kept[-1]) >= 0.5:
            kept.append(point)
    return kept


def _area(ring: Ring) -> float:
    return sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in zip(ring, [*ring[1:], ring[0]], strict=True)) / 2


def _middle(ring: Ring) -> tuple[float, float]:
    """Centroid of a ring (the polygon formula); the first point of one without area."""
    area = _area(ring)
    if area == 0:
        return ring[0]
    pairs = list(zip(ring, [*ring[1:], ring[0]], strict=True))
    x = sum((x0 + x1) * (x0 * y1 - x1 * y0) for (x0, y0), (x1, y1) in pairs) / (6 * area)
    y = sum((y0 + y1) * (x0 * y1 - x1 * y0) for (x0, y0), (x1, y1) in pairs) / (6 * area)
    return x, y


def _colours(place: Place, palette: Mapping[str, str]) -> tuple[str, str]:
    if not place.colour:
        return palette["line"], palette["ink"]
    return palette[f"c-{place.colour}"], palette[f"on-{place.colour}"]


def _two_lines(name: str) -> list[str]:
    """A name on one line, or on two where it is too long for a tile and has a space to break at."""
    if len(name) <= 8 or " " not in name.strip():
        return [name]
    breaks = [i for i, letter in enumerate(name) if letter == " "]
    at = min(breaks, key=lambda i: abs(i - len(name) / 2))
    return [name[:at], name[at + 1 :]]


def _linked(place: Place, drawn: str) -> str:
    title = f"<title>{escape(place.title)}</title>"
    if not place.href:
        return f"<g>{title}{drawn}</g>"
    return f"<a href={quoteattr(place.href)}>{title}{drawn}</a>"


def _svg(width: int, height: int, parts: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        + "".join(parts)
        + "</svg>"
    )
