"""Charts of the site as figures: picture, the same data for the live chart, a sentence that says it, a table.

Belongs here: choosing a chart's data from the facts. What a chart looks like is in publication/charts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import median
from typing import Any

import numpy as np
from markupsafe import Markup, escape

from methods.scoring import ScoringRule, score_values
from publication.charts.drawing import Chart, Drawer
from publication.extremes import highest_and_lowest
from publication.numbers import shown
from publication.site.facts import Facts, Row, known
from publication.site.words import Words

Figure = dict[str, Any]
#: Letters of an axis name on a line; longer names break at a space.
_LETTERS = 21


def figure(
    drawer: Drawer,
    chart: Chart,
    identity: str,
    *,
    title: str,
    sentence: str,
    note: str = "",
    shared: frozenset[str] = frozenset(),
    nameless: Mapping[str, Any] | None = None,
    labels: Sequence[str] = (),
    **more: Any,
) -> Figure:
    """A figure as templates show it; `more` is added to it. Data named in `shared` stands elsewhere, where the live
    chart finds it: in index.js what is the same on all pages, in the figure's table what a trend shows, in other data
    the points of a strip.

    Drawing is most of a rendering's time, so a picture in which no name stands is drawn once for both languages:
    `nameless` replaces the data that the live chart names things by, and `labels` are put where `label(i)` was drawn.
    """
    picture = chart if nameless is None else replace(chart, data={**chart.data, **nameless}, words={})
    svg = drawer.svg(picture, name=identity)
    for place, text in enumerate(labels):
        svg = svg.replace(label(place), str(escape(text)))
    own = {key: value for key, value in chart.data.items() if key not in shared}
    content = json.dumps({"data": own, "words": chart.words}, ensure_ascii=False, separators=(",", ":"))
    return {
        "id": identity,
        "kind": chart.kind,
        "height": chart.height,
        "title": title,
        "sentence": sentence,
        "note": note,
        "legend": (),
        "svg": Markup(svg),  # nosec B704 # our own drawing, parsed as XML, labels escaped
        "json": Markup(content.replace("<", "\\u003c")),  # nosec B704 # no tag can begin in it
        **more,
    }


def label(place: int) -> str:
    """What stands in a picture until its language is known."""
    return f"⟦{place}⟧"


def trend(facts: Facts, words: Words, drawer: Drawer, unit: str, node: str, identity: str = "trend") -> Figure:
    """A unit's score of a node over the months, with the units above and the spread of its peers.

    Drawn from the numbers of its table, as they are shown: the live chart reads them there, and a month costs each page
    its numbers once.
    """
    row = facts.unit[unit]
    own = facts.past(unit, node)
    uppers = facts.above(unit)[:2]
    lowest = facts.levels[-1]
    # the top unit has no peers: it is shown among the units that it is made of
    level = row["level"] if len(facts.of_level(row["level"])) > 1 else lowest
    band = facts.peers(level, node) if len(facts.units) > 1 else None
    name = words.unit_name[unit]
    series = [words.unit_name[u["unit_code"]] for u in uppers]
    data: dict[str, Any] = {
        "name": name,
        "own": own,
        "uppers": [
            {"name": label, "values": facts.past(u["unit_code"], node)} for label, u in zip(series, uppers, strict=True)
        ],
        "band": band,
        **facts.chart_frame,
    }
    peers = words.t("chart.peers", level=words.level(level)) if band else ""
    legend = [("own", name), *((f"upper{i + 1}", label) for i, label in enumerate(series))]
    columns = [name, *series]
    values = [own, *(u["values"] for u in data["uppers"])]
    if band:
        legend.append(("band", peers))
        columns += [words.t("col.peers_low"), words.t("col.peers_high")]
        values += [band["low"], band["high"]]
    title = words.t("chart.trend", name=f"{name} · {words.node_name[node]}")
    rows = [[month, *(shown(v[i]) for v in values)] for i, month in enumerate(facts.months)]
    drawn = {
        "own": _as_shown(own),
        "uppers": [{"values": _as_shown(u["values"])} for u in data["uppers"]],
        "band": band and {side: _as_shown(values) for side, values in band.items()},
    }
    return figure(
        drawer,
        Chart("trend", data, 640, 280, {"peers": peers}),
        identity,
        shared=frozenset(data),
        nameless={"name": "", **drawn},
        title=title,
        sentence=_trend_sentence(words, name, facts.months, own),
        note=words.t("chart.trend_note" if band else "chart.trend_note_alone"),
        legend=legend,
        table=table(title, [words.t("col.month"), *columns], rows),
    )


def _trend_sentence(words: Words, name: str, months: Sequence[str], own: Sequence[float | None]) -> str:
    there = [(value, month) for value, month in zip(own, months, strict=True) if value is not None]
    if not there:
        return words.t("chart.trend_none", name=name)
    high, high_month = max(there, key=lambda v: v[0])
    low, low_month = min(there, key=lambda v: v[0])
    return words.t(
        "chart.trend_sentence",
        name=name,
        first_month=there[0][1],
        first=shown(there[0][0]),
        last_month=there[-1][1],
        last=shown(there[-1][0]),
        high=shown(high),
        high_month=high_month,
        low=shown(low),
        low_month=low_month,
    )


def radar(facts: Facts, words: Words, drawer: Drawer, unit: str) -> Figure | None:
    """A unit's first-level scores against those of the units above; None where fewer than three can be shown."""
    nodes = [n["code"] for n in facts.first_level]
    if len(nodes) < 3:
        return None
    shown_units = [*reversed(facts.above(unit)[:2]), facts.unit[unit]]
    roles = [f"upper{len(shown_units) - 1 - i}" for i in range(len(shown_units) - 1)] + ["own"]
    series: list[dict[str, Any]] = [
        {
            "name": words.unit_name[u["unit_code"]],
            "role": role,
            "values": [_drawn(facts.score[u["unit_code"], n]["score"]) for n in nodes],
        }
        for u, role in zip(shown_units, roles, strict=True)
    ]
    own = series[-1]["values"]
    there: list[tuple[float, str]] = [
        (value, words.node_name[n]) for value, n in zip(own, nodes, strict=True) if isinstance(value, float)
    ]
    if not there:
        return None
    name = words.unit_name[unit]
    (high, high_name), (low, low_name) = highest_and_lowest(words.wording, there)
    own_first = list(reversed(series))
    return figure(
        drawer,
        Chart(
            "radar",
            {"axes": [_broken(words.node_name[n]) for n in nodes], "series": series, "hard": facts.hard_limits},
            560,
            340,
        ),
        "radar",
        shared=frozenset({"hard"}),
        title=words.t("chart.radar", name=name),
        note=words.t("chart.radar_note"),
        sentence=words.t(
            "chart.radar_sentence", name=name, high_name=high_name, high=shown(high), low_name=low_name, low=shown(low)
        ),
        legend=[(s["role"], s["name"]) for s in own_first],
        columns=[s["name"] for s in own_first],
        rows=[{"code": n, "values": [s["values"][i] for s in own_first]} for i, n in enumerate(nodes)],
    )


def strip(facts: Facts, words: Words, drawer: Drawer, node: Row) -> Figure | None:
    """All units of the lowest level as dots by value (of an indicator) or score (of a node), by the unit above.

    Zero tolerance is shown by score: its values are points to deduct.
    """
    by_value = bool(node["scoring"]) and node["scoring"] != "zero_tolerance"

    def number(code: str) -> float | None:
        row = facts.value.get((code, node["code"])) if by_value else facts.score[code, node["code"]]
        return None if row is None else row["value" if by_value else "score"]

    above = facts.strip_groups
    units = facts.strip_units
    colours = [c["key"] for c in facts.colours]
    points: list[tuple[float | None, int]] = []
    there = []
    for unit in units:
        value = number(unit)
        colour = facts.score[unit, node["code"]]["colour"]
        points.append((_drawn(value), colours.index(colour) if colour else -1))
        if value is not None:
            there.append((value, words.unit_name[unit]))
    if len(there) < 2:
        return None
    marks = [_drawn(number(code)) if code else None for code, _ in above]
    numbers = [v for v in (*(p[0] for p in points), *marks) if v is not None]
    names = [words.unit_name[code] if code else words.level(facts.levels[-1]) for code, _ in above]
    other_names = [words.other_name(facts.unit[code]) for code, _ in above if code]
    what = words.t("col.value") if by_value else words.t("col.score")
    unit = words.value_unit(node) if by_value else ""
    unit_text = words.t("chart.in_unit", unit=unit) if unit else ""
    high, low = highest_and_lowest(words.wording, there)
    return figure(
        drawer,
        Chart(
            "strip",
            {
                "rows": names,
                "sizes": [size for _, size in above],
                "points": points,
                # the same for the live chart, in half the characters
                "values": [value for value, _ in points],
                "grades": "".join(chr(ord("0") + place) for _, place in points),
                "colours": colours,
                "marks": marks,
                "limits": nice_limits(numbers, 0.0 if min(numbers) >= 0 and by_value else None),
                "digits": 2,
                "labels": 22 + 7 * max(_width(name) for name in (*names, *other_names)),
            },
            640,
            60 + 34 * len(names) if len(names) > 1 else 130,
        ),
        "strip",
        shared=frozenset({"points"}),
        nameless={"rows": [label(i) for i in range(len(names))]},
        labels=names,
        title=words.t("chart.strip", name=words.name(node), what=what + unit_text),
        note=words.t("chart.strip_note" if any(m is not None for m in marks) else "chart.strip_note_alone"),
        sentence=words.t(
            "chart.strip_sentence",
            count=len(there),
            low=shown(low[0]),
            low_name=low[1],
            high=shown(high[0]),
            high_name=high[1],
            median=shown(median(v for v, _ in there)),
        ),
    )


def _as_shown(values: Sequence[float | None]) -> list[float | None]:
    return [None if v is None else float(shown(v).replace(",", "").replace("−", "-")) for v in values]


def _drawn(value: float | None) -> float | None:
    """A number as a picture needs it: pixels are coarser than a ten-thousandth."""
    return None if value is None else round(value, 4)


def curve(
    facts: Facts, words: Words, drawer: Drawer, node: Row, parameters: Sequence[Mapping[str, Any]]
) -> Figure | None:
    """How an indicator is scored: a line for each peer group whose rule differs, and where the top units stand."""
    lines: list[tuple[str, list[list[float]]]] = []
    values = facts.values_of(node["code"])
    for group in parameters:
        posts = [float(group[k]) for k in ("p0", "p60", "p100", "target", "lo", "hi") if group[k] is not None]
        if node["scoring"] == "zero_tolerance":
            posts.append(100.0)  # from there on nothing is left to deduct
        rule = ScoringRule(
            node["code"],
            node["scoring"],
            int(node["direction"]),
            clip=bool(group["clip"]),
            parameters={k: float("nan") if v is None else v for k, v in group.items() if isinstance(v, float | None)},
            references=[(slice(None), np.asarray(group["reference_values"], dtype=np.float64))]
            if group["reference_values"]
            else (),
        )
        limits = nice_limits([*values, *posts, 0.0], 0.0)
        grid = sorted({*np.linspace(limits[0], limits[1], 41).tolist(), *(p for p in posts if p >= limits[0])})
        x = np.asarray(grid, dtype=np.float64)
        y = score_values(rule, x.copy())
        points = [[a, round(float(b), 6)] for a, b in _corners(grid, known(y))]
        if points and points not in [own for _, own in lines]:
            lines.append((words.t("chart.curve_value") if len(parameters) == 1 else str(group["label"]), points))
    if not lines:
        return None
    drawn = [p for _, points in lines for p in points]
    unit = words.value_unit(node)
    title = words.t("chart.curve")
    rows = [[name, shown(x), shown(y)] for name, points in lines for x, y in points]
    return figure(
        drawer,
        Chart(
            "curve",
            {
                "lines": [{"name": name, "points": points} for name, points in lines],
                "marks": [],
                "limits": nice_limits([p[0] for p in drawn], None),
                "scores": nice_limits([p[1] for p in drawn], 0.0),
                "digits": 2,
            },
            460,
            230,
        ),
        "curve",
        nameless={"lines": [{"name": "", "points": points} for _, points in lines]},
        title=title,
        note=words.t("chart.curve_note", unit=unit or words.t("chart.curve_value")),
        legend=[("own" if i == 0 else "upper1", name) for i, (name, _) in enumerate(lines)] if len(lines) > 1 else [],
        sentence=words.t("chart.curve_sentence", points="; ".join(f"{x} → {y}" for _, x, y in rows[:6])),
        table=table(title, [words.t("node.scoring"), words.t("col.value"), words.t("col.score")], rows),
    )


def _corners(grid: Sequence[float], scores: Sequence[float | None]) -> list[tuple[float, float]]:
    """Points of a line without those that lie on it between their neighbours."""
    points = [(x, y) for x, y in zip(grid, scores, strict=True) if y is not None]
    kept = points[:1]
    for before, own, after in zip(points, points[1:], points[2:], strict=False):
        share = (own[0] - before[0]) / (after[0] - before[0])
        if abs(before[1] + share * (after[1] - before[1]) - own[1]) > 1e-6:
            kept.append(own)
    return kept + points[1:][-1:]


def weights(facts: Facts, words: Words, drawer: Drawer) -> Figure:
    """The framework's first and second level by effective weight."""
    tree, rows = [], []
    for node in facts.first_level:
        below = [] if node["scoring"] else facts.children[node["code"]]
        tree.append(
            {
                "name": _broken(words.name(node), 6 if words.language == "zh" else 18),
                "share": node["effective_weight"],
                "children": [
                    {
                        "name": _broken(words.name(c), 7 if words.language == "zh" else 20),
                        "share": c["effective_weight"],
                    }
                    for c in below
                ],
            }
        )
        rows.append({"code": node["code"], "share": node["effective_weight"], "upper": bool(below)})
        rows += [{"code": c["code"], "share": c["effective_weight"], "upper": False} for c in below]
    high = max(tree, key=lambda n: n["share"])
    low = min(tree, key=lambda n: n["share"])
    return figure(
        drawer,
        Chart("sunburst", {"tree": tree}, 560, 560),
        "weights",
        title=words.t("chart.weights"),
        note=words.t("chart.weights_note"),
        sentence=words.t(
            "chart.weights_sentence",
            count=len(tree),
            high_name=high["name"].replace("\n", "" if words.language == "zh" else " "),
            high=shown(high["share"] * 100, 1),
            low_name=low["name"].replace("\n", "" if words.language == "zh" else " "),
            low=shown(low["share"] * 100, 1),
        ),
        rows=rows,
    )


def table(caption: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> Markup:
    """A plain table: the first column names the row, the others are numbers."""
    first, *others = head
    columns = "".join(f"<th>{escape(name)}" for name in others)
    body = "".join(f"<tr><th>{escape(row[0])}" + "".join(f"<td>{escape(cell)}" for cell in row[1:]) for row in rows)
    return Markup(  # nosec B704 # every text is escaped
        f'<table class="num"><caption>{escape(caption)}</caption><thead><tr><th>{escape(first)}{columns}'
        f"<tbody>{body}</table>"
    )


def nice_limits(values: Sequence[float], floor: float | None) -> list[float]:
    """Ends of an axis on whole steps of 1, 2 or 5 that hold the values; it begins at `floor` where one is given."""
    low, high = min(values), max(values)
    if floor is not None:
        low = min(low, floor)
    span = (high - low) or abs(high) or 1.0
    step = 10.0 ** np.floor(np.log10(span))
    step = next(step * f for f in (0.2, 0.5, 1.0, 2.0) if span / (step * f) <= 10)
    ends = [float(np.floor(low / step) * step), float(np.ceil(high / step) * step)]
    if ends[0] == ends[1]:  # all values are one round number: an axis needs some length
        ends = [ends[0] - step, ends[1] + step]
    return [round(end, 9) for end in ends]


def _broken(name: str, letters: int = _LETTERS) -> str:
    """A name in lines short enough for a picture: at spaces, and a name without any after so many letters."""
    if " " not in name:
        lines = [name[i : i + letters] for i in range(0, len(name), letters)]
        return name if letters == _LETTERS else "\n".join(lines)
    lines = []
    for word in name.split(" "):
        if lines and len(lines[-1]) + 1 + len(word) <= letters:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return "\n".join(lines)


def _width(name: str) -> int:
    """Width of a name in Latin letters; Chinese characters are two wide."""
    return sum(2 if ord(letter) > 0x2E80 else 1 for letter in name)
