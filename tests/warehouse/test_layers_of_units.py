"""Upper units are taken together where they share no member, so that each member has one upper unit in a layer."""

from __future__ import annotations

import polars as pl

from warehouse.month_arrays import Units

#: Townships by county; the third county has none.
COUNTIES = {"c1": ("t1", "t2"), "c2": ("t3",), "c3": ()}


def units() -> Units:
    below = {"city": tuple(t for own in COUNTIES.values() for t in own), **COUNTIES}
    codes = [*below, "t1", "t2", "t3"]
    parents = {t: county for county, own in COUNTIES.items() for t in own} | dict.fromkeys(COUNTIES, "city")
    table = pl.DataFrame(
        [
            {"unit_code": code, "parent": parents.get(code, ""), "parameter_group": "g", "is_leaf": code not in below}
            for code in codes
        ]
    )
    pairs = [(unit, member) for unit, members in below.items() for member in (unit, *members)]
    members = pl.DataFrame(
        [{"unit_code": unit, "member_code": m, "member_is_leaf": m not in below} for unit, m in pairs]
    )
    return Units.of(table, members)


def test_the_units_of_a_layer_share_no_member_and_each_has_its_layer() -> None:
    found = units()
    layers = [{found.codes[upper] for upper in layer} for layer in found.layers]
    assert sorted(map(sorted, layers)) == [["c1", "c2"], ["city"]]
    for layer in found.layers:
        members = [member for upper in layer for member in found.members[upper].tolist()]
        assert len(members) == len(set(members))
