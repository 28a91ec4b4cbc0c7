"""An issue in one terminal screen: the city, its counties, the best and worst townships, where the files are."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
from rich.console import Console
from rich.table import Table

from city import City, Period, StateFolder

#: How the four official colours look on a terminal; the word is always printed too.
_STYLES = {"green": "green", "blue": "blue", "orange": "yellow", "red": "red"}


def print_summary(city: City, state: StateFolder, folder: Path, console: Console, shown: int = 5) -> None:
    """Print the latest state of an issue from its own files."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    period = str(manifest["period"])
    root = next(n.code for n in city.version(period).framework if n.level == 0)
    units = pl.read_parquet(folder / "units.parquet").select("unit_code", "name_zh", "name_en", "parent", "level")
    capped = pl.read_parquet(folder / "vetoes.parquet").select("unit_code").unique().with_columns(capped=True)
    overall = (
        pl.read_parquet(folder / "scores.parquet")
        .filter(pl.col("node_code") == root)
        .join(units, on="unit_code")
        .join(capped, on="unit_code", how="left")
    )
    console.print()
    console.rule(
        f"{city.settings['index_name_zh']} {city.settings['index_name_en']} · 第{manifest['issue_number']}期 "
        f"issue {manifest['issue_number']} · {period}"
    )
    if city.synthetic:
        console.print(
            f"[yellow]{city.settings.get('notice_zh', '')}[/]\n[yellow]{city.settings.get('notice_en', '')}[/]"
        )
    top, lowest = city.levels[0], city.levels[-1]
    if len(city.levels) > 1:
        for level in city.levels[:-1]:
            title = "" if level == top else f"{level} 排名"
            _table(city, period, overall.filter(pl.col("level") == level).sort("rank"), title, console)
    ranked = overall.filter(pl.col("level") == lowest).sort("rank", "unit_code", nulls_last=True)
    scored = ranked.filter(pl.col("score").is_not_null())
    total = scored.height
    if total <= 2 * shown:
        _table(city, period, ranked, f"{lowest} ({total})", console)
    else:
        _table(city, period, scored.head(shown), f"最好的{shown}个 · best {shown} of {total}", console)
        _table(city, period, scored.tail(shown), f"最差的{shown}个 · worst {shown} of {total}", console)
    console.print(f"files 文件:  {folder}", soft_wrap=True)
    console.print(f"gate  关口:  {folder / 'gate.html'}", soft_wrap=True)
    console.print(f"all issues: {state.issues / 'index.json'}", soft_wrap=True)


def _table(city: City, period: Period, rows: pl.DataFrame, title: str, console: Console) -> None:
    words = {
        c["key"]: f"{c.get('name_zh', c['key'])} {c.get('word_zh', '')}" for c in city.version(period).rules["colours"]
    }
    parents = {unit.code: unit.name_zh for unit in city.units}
    table = Table(title=title or None, title_justify="left", show_edge=False, pad_edge=False)
    for name, justify in (
        ("#", "right"),
        ("unit", "left"),
        ("", "left"),
        ("index", "right"),
        ("change", "right"),
    ):
        table.add_column(name, justify=justify, no_wrap=True)
    table.add_column("colour", no_wrap=True)
    for row in rows.iter_rows(named=True):
        change = row["change_month"]
        style = _STYLES.get(row["colour"] or "", "")
        colour = words.get(row["colour"] or "", row["colour"] or row["status"])
        colour += " 一票降级 veto" if row["capped"] else ""
        table.add_row(
            str(row["rank"] or "–"),
            f"{parents.get(row['parent'], '') if row['level'] in city.levels[2:] else ''}{row['name_zh']}",
            row["name_en"] if row["name_en"] != row["name_zh"] else "",
            "–" if row["score"] is None else f"{row['score']:.2f}",
            "–" if change is None else f"{change:+.2f}",
            f"[{style}]{colour}[/]" if style else colour,
        )
    console.print(table)
