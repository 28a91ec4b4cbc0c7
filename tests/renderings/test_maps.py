"""Maps: tiles and real boundaries, places as links with their number; files that cannot be drawn are refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from renderings.svg_reading import Picture

from city import load_city
from publication.charts.drawing import contrast, paper_palette
from publication.charts.maps import BoundariesError, Place, boundary_map, read_boundaries, tile_map

COLOURS = [{"key": "high", "hex": "#1a7f4b"}, {"key": "low", "hex": "#d9801a"}]
PALETTE = paper_palette(COLOURS)
AREAS = [u for u in load_city("chicago").units if u.level == "area"]


def place(code: str, colour: str = "high") -> Place:
    return Place(code, f"Unit <{code}>", "91.1", colour, f"Unit {code} 91.06 good", f"units/{code}.html")


def links(picture: Picture) -> list[str]:
    return [e.get("href", "") for e in picture.root.iter() if e.tag.endswith("}a")]


def test_every_place_is_a_tile_of_the_same_size_with_link_number_and_title() -> None:
    places = [place(str(i), "" if i == 3 else "low") for i in range(9)]
    picture = Picture(tile_map(places, PALETTE, columns=4))
    assert links(picture) == [p.href for p in places]
    rects = [e for e in picture.root.iter() if e.tag.endswith("rect")]
    assert len({(e.get("x"), e.get("y")) for e in rects}) == 9
    assert len({(e.get("width"), e.get("height")) for e in rects}) == 1
    assert [e.get("fill") for e in rects].count(PALETTE["line"]) == 1, "without a score no colour"
    assert sum(text == "91.1" for _, text in picture.texts) == 9
    assert picture.says("Unit <3>")


def test_ink_can_be_read_on_every_colour() -> None:
    for colour in COLOURS:
        assert contrast(PALETTE[f"on-{colour['key']}"], colour["hex"]) >= 4.5


def test_chicagos_areas_are_drawn_where_they_lie(shared_data: Path) -> None:
    shapes = read_boundaries(shared_data / "chicago" / "area_community_areas.geojson.gz", AREAS)
    assert set(shapes) == {u.code for u in AREAS}
    assert len(shapes) == 77
    picture = Picture(boundary_map(shapes, [replace(place(u.code), text=u.code) for u in AREAS], PALETTE))
    assert len(links(picture)) == 77
    where = {text: at for at, text in picture.texts}
    # Rogers Park (1) is the city's north end, Riverdale (54) and Hegewisch (55) its south, O'Hare (76) its west
    assert where["1"][1] == min(at[1] for code, at in where.items() if code != "9")
    assert {"54", "55"} == set(sorted(where, key=lambda code: where[code][1])[-2:])
    assert where["76"][0] == min(at[0] for at in where.values())


def feature(name: str, **fields: str) -> dict[str, object]:
    ring = [[0, 0], [0, 1], [1, 1], [0, 0]]
    return {
        "type": "Feature",
        "properties": {"label": name, **fields},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }


def test_a_feature_is_the_units_whose_code_alias_or_name_it_bears(tmp_path: Path) -> None:
    path = tmp_path / "boundaries.geojson"
    units = AREAS[:3]
    for field in ("code", "name_en"):
        features = [feature("x", own=getattr(u, field).upper()) for u in units]
        path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
        assert set(read_boundaries(path, units)) == {u.code for u in units}


@pytest.mark.parametrize("text", ["{", "[]", '{"features": [{"properties": {"own": "1"}}]}', '{"features": []}'])
def test_what_is_no_map_of_the_units_is_refused_with_the_file_and_a_remedy(tmp_path: Path, text: str) -> None:
    path = tmp_path / "boundaries.geojson"
    path.write_text(text)
    with pytest.raises(BoundariesError) as error:
        read_boundaries(path, AREAS[:2])
    assert "boundaries.geojson" in str(error.value)


def test_units_without_an_area_are_named(tmp_path: Path) -> None:
    path = tmp_path / "boundaries.geojson"
    path.write_text(json.dumps({"features": [feature("x", own=AREAS[0].code)]}))
    with pytest.raises(BoundariesError, match=r"no area for 1 of 2 units: West Ridge \(2\)"):
        read_boundaries(path, AREAS[:2])
