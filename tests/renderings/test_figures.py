"""Figures: the data of the live chart can never end its own element, and names are text in the picture."""

from __future__ import annotations

import json

from publication.charts.drawing import Chart, Drawer, paper_palette
from publication.site.figures import figure, label, nice_limits

NAME = "</script><b>&\"'街道"


def test_a_name_with_markup_cannot_leave_the_data_or_the_picture() -> None:
    data = {"rows": [NAME], "sizes": [2], "points": [[1.0, 0], [2.0, -1]], "colours": ["a"], "marks": [1.5]}
    chart = Chart("strip", {**data, "limits": [0, 3], "digits": 2, "labels": 90}, 400, 130)
    with Drawer(paper_palette([{"key": "a", "hex": "#123456"}])) as drawer:
        made = figure(
            drawer, chart, "strip", title=NAME, sentence=NAME, nameless={"rows": [label(0)]}, labels=[NAME]
        )  # fmt: skip
    assert "<" not in made["json"]
    assert json.loads(made["json"])["data"]["rows"] == [NAME]
    assert "&lt;/script&gt;&lt;b&gt;&amp;" in made["svg"]
    assert label(0) not in made["svg"]


def test_an_axis_holds_its_values_on_round_ends() -> None:
    for values, floor in (([3.2, 17.9], None), ([0.013, 0.092], 0.0), ([-4.0, 250.0], None), ([5.0, 5.0], None)):
        low, high = nice_limits(values, floor)
        assert low <= min(values)
        assert high >= max(values)
        assert low < high
        assert floor is None or low == floor
