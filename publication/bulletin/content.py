"""What the bulletin says, part by part, read from an issue: the same blocks for PDF and DOCX."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from city.folder import City
from publication.bulletin.blocks import (
    FONT,
    Block,
    Bulletin,
    Bullets,
    Cell,
    Fact,
    Facts,
    Paragraph,
    Picture,
    Section,
    Table,
    Tiles,
)  # fmt: skip
from publication.bulletin.changes import change_blocks, moved_indicators
from publication.bulletin.notes import method_blocks, quality_blocks
from publication.bulletin.sentences import (
    change_words,
    colour_cell,
    full_name,
    joined,
    listed,
    number,
    ranked_row,
    risers_and_fallers,
    score_cells,
)  # fmt: skip
from publication.charts.drawing import Chart, Drawer, paper_palette
from publication.charts.maps import Place, boundary_map, read_boundaries
from publication.extremes import highest_and_lowest
from publication.numbers import MISSING, shown
from publication.reading import IssueData
from publication.tables import branches, deliveries, ranking, trend
from publication.wording import Wording, share

#: Rankings of a level stand in so many columns, so that 123 units fit on a page.
_RANKING_GROUPS = 3
#: Months of the table of the trend: a year and the month itself.
_TREND_MONTHS = 13
#: Height of a real map as a share of the page's width, so that the tiles stand on its page.
_MAP_HEIGHT = 0.58


def bulletin(data: IssueData, city: City, language: str, boundaries: Path | None = None) -> Bulletin:
    """The bulletin of an issue in `zh` or `en`; with a file of boundaries it has a real map."""
    view = View(data, city, Wording(city, data.period, language), boundaries)
    words, manifest = view.words, data.manifest
    return Bulletin(
        language=language,
        title=f"{words.index_name}{'' if language == 'zh' else ' '}{words.text('bulletin.title')}",
        subtitle=words.month(data.period),
        issue=words.text("issue.number", number=data.number),
        published=words.text("bulletin.published", day=words.day(str(manifest["published_at"]))),
        stamp=str(manifest["published_at"]),
        notice=data.notice(language),
        sections=_sections(view),
        colophon=words.text(
            "bulletin.colophon", number=data.number, hash=data.issue.manifest_sha256, code=manifest["code_version"]
        ),
        colours={key: (words.colour_hex(key), words.colour(key)) for key in words.colours},
    )


@dataclass(frozen=True)
class View:
    """An issue with its city and the words of one language, and the tables that several parts read."""

    data: IssueData
    city: City
    words: Wording
    boundaries: Path | None = None

    @cached_property
    def ranked(self) -> pl.DataFrame:
        """Every unit's overall index, see `tables.ranking`."""
        return ranking(self.data, self.city)

    @cached_property
    def top(self) -> dict[str, Any]:
        """The first unit of the highest level."""
        return self.ranked.row(0, named=True)

    @property
    def lower_levels(self) -> Sequence[str]:
        """Levels below the top."""
        return self.city.levels[1:] or self.city.levels

    @cached_property
    def paper(self) -> Mapping[str, str]:
        """Colours of printed pictures."""
        return paper_palette([{"key": key, "hex": self.words.colour_hex(key)} for key in self.words.colours])

    def of_level(self, level: str) -> pl.DataFrame:
        """Ranked units of a level."""
        return self.ranked.filter(pl.col("unit_level") == level)


def _sections(view: View) -> list[Section]:
    words = view.words
    parts = [Section(words.text("bulletin.summary"), _summary(view))]
    parts.append(Section(words.text("bulletin.map"), _map(view), new_page=True))
    parts.append(Section(words.text("bulletin.ranking"), _rankings(view), new_page=True))
    parts.append(Section(words.text("bulletin.changes"), change_blocks(view), new_page=True))
    parts.append(Section(words.text("bulletin.sections"), [], new_page=True))
    for node in branches(view.data, str(view.top["unit_code"])).iter_rows(named=True):
        parts.append(Section(f"{node['node_code']} {words.name(node)}", _branch(view, node), level=2))
    parts.append(Section(words.text("bulletin.quality"), quality_blocks(view), new_page=True))
    parts.append(Section(words.text("bulletin.method"), method_blocks(view), new_page=True))
    return parts


def _summary(view: View) -> list[Block]:
    words, top, manifest = view.words, view.top, view.data.manifest
    delivered = deliveries(view.data)
    reporting = delivered.filter(pl.col("reported") == pl.col("record_sets")).height
    facts = Facts(
        [
            Fact(
                words.text("bulletin.fact.score"), shown(top["score"]), words.colour(top["colour"]), top["colour"] or ""
            ),
            Fact(words.text("bulletin.fact.month"), shown(top["change_month"], signed=True)),
            Fact(words.text("bulletin.fact.year"), shown(top["change_year"], signed=True)),
            Fact(words.text("bulletin.fact.coverage"), share(top["coverage"])),
            Fact(
                words.text("bulletin.fact.departments"),
                words.text("bulletin.fact.of", part=reporting, whole=delivered.height),
            ),
        ]
    )
    blocks: list[Block] = []
    if manifest.get("override"):
        told = manifest["override"]
        blocks.append(
            Paragraph(
                words.text(
                    "bulletin.overridden",
                    checks=listed(words, map(words.check, told["checks"])),
                    user=told["user"],
                    reason=told["reason"],
                ),
                "warning",
            )
        )
    if view.data.issue.revision > 1:
        told = words.text("bulletin.revised", revision=view.data.issue.revision, reason=manifest["reason"])
        blocks.append(Paragraph(told, "warning"))
    return [
        *blocks,
        facts,
        Bullets(_lead(view)),
        _trend(view),
        *(_level_table(view, lv) for lv in view.city.levels[1:-1]),
    ]


def _lead(view: View) -> list[str]:
    words, top = view.words, view.top
    month, unit = words.month(view.data.period), words.name(top)
    index = words.name(view.data.table("framework").filter(pl.col("code") == view.data.root).row(0, named=True))
    if top["score"] is None:
        lead = words.text(
            "bulletin.no_score", month=month, unit=unit, index=index, status=words.code("status", top["status"])
        )
    else:
        lead = words.text(
            "bulletin.lead", month=month, unit=unit, index=index, score=shown(top["score"]),
            colour=words.colour(top["colour"]),
            month_change=change_words(words, top, "month"), year_change=change_words(words, top, "year"),
        )  # fmt: skip
    lines = [lead]
    for level in view.lower_levels:
        rows = view.of_level(level)
        counts = [(key, rows.filter(pl.col("colour") == key).height) for key in words.colours]
        parts = [words.text("bulletin.colours.part", colour=words.colour(key), count=n) for key, n in counts]
        lines.append(
            words.text(
                "bulletin.colours", total=rows.height, level=words.within("level", level), parts=listed(words, parts)
            )
        )
    scored = [r for r in branches(view.data, str(top["unit_code"])).to_dicts() if r["score"] is not None]
    if len(scored) > 1:
        lines.append(words.text("bulletin.best_branch", **_ends(words, [(r["score"], words.name(r)) for r in scored])))
    for level in view.lower_levels:
        lines += risers_and_fallers(words, view.of_level(level), level)
    return [*lines, _vetoes(view)]


def _ends(words: Wording, scores: Sequence[tuple[float, str]]) -> dict[str, str]:
    """The highest and lowest of scores with names, as fields of a sentence."""
    (high, best), (low, worst) = highest_and_lowest(words, scores)
    return {"best": best, "best_score": shown(high), "worst": worst, "worst_score": shown(low)}


def _vetoes(view: View) -> str:
    words = view.words
    measures = {m.name: (m.name_zh if words.language == "zh" else m.name_en) for m in view.city.measures}
    rows = view.data.table("vetoes").join(view.ranked, on="unit_code", how="left", maintain_order="left")
    parts = [
        words.text(
            "bulletin.veto", unit=full_name(words, row), measure=measures.get(row["measure"], row["measure"]),
            events=shown(row["events"], 0), colour=words.colour(row["cap"]),
        )
        for row in rows.iter_rows(named=True)
    ]  # fmt: skip
    return words.text("bulletin.vetoes", parts=listed(words, parts)) if parts else words.text("bulletin.no_vetoes")


def _trend(view: View) -> Picture:
    words = view.words
    rows = trend(view.data, str(view.top["unit_code"]))
    title = f"{words.text('bulletin.trend')} · {words.name(view.top)}"
    bands = sorted(words.colours.values(), key=lambda c: float(c["from"]))
    ends = [float(c["from"]) for c in bands[1:]] + [100.0]
    chart = Chart(
        "trend",
        {
            "months": rows["period"].to_list(), "own": rows["score"].to_list(), "uppers": [], "band": None,
            "name": words.name(view.top),
            "cuts": [{"key": c["key"], "from": float(c["from"]), "to": to} for c, to in zip(bands, ends, strict=True)],
        },
        700, 145, {"peers": ""},
    )  # fmt: skip
    with Drawer(view.paper) as drawer:
        svg = _with_font(drawer.svg(chart, name="trend"))
    months = rows.tail(_TREND_MONTHS).to_dicts()
    table = Table(
        title,
        [words.text("bulletin.period"), *(r["period"] for r in months)],
        [
            [Cell(words.text("bulletin.score")), *(Cell(shown(r["score"]), r["colour"] or "") for r in months)],
            [Cell(words.text("bulletin.colour")), *(colour_cell(words, r["colour"]) for r in months)],
        ],
        widths=(0.09, *([0.91 / len(months)] * len(months))),
    )
    return Picture(svg, title, table)


def _with_font(svg: str) -> str:
    """WeasyPrint's pictures inherit nothing from the page, so the family is said in the picture."""
    return svg.replace("<svg ", f'<svg font-family="{FONT}" ', 1)


def _level_table(view: View, level: str) -> Table:
    words = view.words
    headings = ["rank", "unit", "score", "colour", "month", "year"]
    rows = [
        [
            number(MISSING if row["rank"] is None else str(row["rank"])),
            Cell(words.name(row) + ("*" if row["vetoed"] else "")),
            number(shown(row["score"])),
            colour_cell(words, row["colour"]),
            *score_cells(row)[1:],
        ]
        for row in view.of_level(level).iter_rows(named=True)
    ]
    return Table(
        words.code("level", level), [words.text(f"bulletin.{h}") for h in headings], rows,
        widths=(0.08, 0.36, 0.14, 0.14, 0.14, 0.14),
    )  # fmt: skip


def _map(view: View) -> list[Block]:
    words, lowest = view.words, view.city.levels[-1]
    units = {u["unit_code"]: u for u in view.ranked.iter_rows(named=True)}
    groups: dict[str, list[Cell]] = {}
    # the order of the city's own list of units, the same in every issue
    for code in view.data.table("units").filter(pl.col("level") == lowest)["unit_code"]:
        row = units[code]
        groups.setdefault(str(row["parent"] or ""), []).append(
            Cell(f"{words.name(row)}\n{shown(row['score'], 1)}", row["colour"] or "")
        )
    named = [(words.name(units[code]) if code in units else "", tiles) for code, tiles in groups.items()]
    about = Paragraph(words.text("bulletin.map.about", level=words.within("level", lowest)), "note")
    return [*_real_map(view, view.boundaries), about, Tiles(named)] if view.boundaries else [about, Tiles(named)]


def _real_map(view: View, boundaries: Path) -> list[Block]:
    """The lowest level's units in their boundaries; names stand on the tiles below."""
    words, lowest = view.words, view.city.levels[-1]
    rows = {r["unit_code"]: r for r in view.of_level(lowest).iter_rows(named=True)}
    shapes = read_boundaries(boundaries, [view.city.unit_by_code[code] for code in rows])
    places = [
        Place(code, words.name(r), shown(r["score"], 1), r["colour"] or "", f"{words.name(r)} {shown(r['score'])}")
        for code, r in rows.items()
    ]
    svg = boundary_map(shapes, places, view.paper)
    width, height = (float(side) for side in re.findall(r' (?:width|height)="(\d+)"', svg)[:2])
    approval = view.city.settings.get("map_approval")
    said = [words.text("overview.map_boundaries")]
    if approval:
        said.append(words.text("overview.map_approval", number=approval))
    title = f"{words.text('bulletin.map')} · {words.code('level', lowest)}"
    picture = Picture(_with_font(svg), title, width=min(1.0, _MAP_HEIGHT * width / height))
    return [picture, Paragraph(("" if words.language == "zh" else " ").join(said), "note")]


def _rankings(view: View) -> list[Block]:
    """The lowest level in columns side by side. English names leave no room for the parent's: it stands with a name
    only where two units have the same.
    """
    words, lowest = view.words, view.city.levels[-1]
    units = view.of_level(lowest)
    with_parent = words.language == "zh" and len(view.city.levels) > 2
    names = [words.name(row) for row in units.iter_rows(named=True)]
    keys = ("rank_short", "unit", *(("parent",) if with_parent else ()), "score", "month_short", "moved")
    headings = [words.text(f"bulletin.{key}") for key in keys]
    rows = []
    for row, name in zip(units.iter_rows(named=True), names, strict=True):
        shown_name = full_name(words, row) if names.count(name) > 1 and not with_parent else name
        rows.append(ranked_row(words, row, shown_name, with_parent=with_parent))
    length = -(-len(rows) // _RANKING_GROUPS)
    empty = [Cell("")] * len(keys)
    side_by_side = [
        [c for g in range(_RANKING_GROUPS) for c in (rows[at + g * length] if at + g * length < len(rows) else empty)]
        for at in range(length)
    ]
    widths = (0.08, 0.22, 0.33, 0.125, 0.13, 0.115) if with_parent else (0.09, 0.5, 0.13, 0.15, 0.13)
    title = words.text("bulletin.counted", level=words.code("level", lowest), count=len(rows))
    table = Table(title, headings * _RANKING_GROUPS, side_by_side, _RANKING_GROUPS, widths)
    return [Paragraph(words.text("bulletin.ranking.about"), "note"), table]


def _branch(view: View, node: dict[str, Any]) -> list[Block]:
    """A first-level indicator of the top unit: its score, its second level, the units below, what moved most."""
    words = view.words
    if node["score"] is None:
        return [Paragraph(words.text("bulletin.branch.none", status=words.code("status", node["status"])))]
    weights = dict(view.data.table("framework").select("code", "effective_weight").iter_rows())
    text = words.text(
        "bulletin.branch", score=shown(node["score"]), colour=words.colour(node["colour"]),
        weight=share(weights[node["node_code"]]), month_change=change_words(words, node, "month"),
        year_change=change_words(words, node, "year"),
    )  # fmt: skip
    units = view.ranked.select("unit_code", "name_zh", "name_en", "parent_zh", "parent_en", "parent_parent")
    for level in view.lower_levels:
        known = (
            view.data.table("scores")
            .filter((pl.col("node_code") == node["node_code"]) & (pl.col("unit_level") == level))
            .filter(pl.col("score").is_not_null())
            .join(units, on="unit_code", how="left")
            .sort("unit_code")
        )
        if known.height > 1:
            ends = _ends(words, [(r["score"], full_name(words, r)) for r in known.iter_rows(named=True)])
            sentence = words.text("bulletin.branch.units", level=words.code("level", level), **ends)
            text = joined(words, [text, sentence])
    children = branches(view.data, str(view.top["unit_code"]), 2).filter(pl.col("parent") == node["node_code"])
    blocks: list[Block] = [Paragraph(text)]
    if children.height:
        headings = ["second_level", "weight_share", "score", "colour", "month", "year"]
        total = sum(children["weight"].to_list())
        rows = [
            [
                Cell(words.name(child)),
                number(share(child["weight"] / total, 0)),
                number(shown(child["score"])),
                colour_cell(words, child["colour"]),
                *score_cells(child)[1:],
            ]
            for child in children.iter_rows(named=True)
        ]
        blocks.append(
            Table("", [words.text(f"bulletin.{h}") for h in headings], rows, widths=(0.4, 0.1, 0.12, 0.14, 0.12, 0.12))
        )
    return [*blocks, *moved_indicators(view, node["node_code"])]
