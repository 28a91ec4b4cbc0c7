"""How far an issue's ranks and colours hold, on the terminal: the issue's own tables, or a study made anew.

Belongs here: which study is shown and how. The tables are made by `warehouse.robustness`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import polars as pl
from rich.console import Console
from rich.table import Table

from city import City
from methods.robustness import ASSUMPTIONS, RobustnessError
from publication.catalogue import load_catalogue
from publication.numbers import shown
from publication.reading import IssueData
from warehouse.robustness import MADE_FROM, SEED, TABLES, WEIGHTS_SHARE, robustness_tables


def study_of_issue(
    issue: IssueData,
    city: City,
    *,
    runs: int | None = None,
    seed: int | None = None,
    weights_share: float | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, pl.DataFrame]:
    """The robustness tables of an issue, or those of a study with other runs, seed or share of the weights.

    Raises RobustnessError when an older issue holds no such tables and nothing else was asked for.
    """
    asked: dict[str, Any] = {}
    if runs is not None:
        asked["base"] = max(10, runs // (len(ASSUMPTIONS) + 2))
    if seed is not None or asked:
        asked["seed"] = SEED if seed is None else seed
    if weights_share is not None:
        asked["weights_share"] = weights_share
    if asked:
        asked.setdefault("weights_share", WEIGHTS_SHARE)
        made_from = {name: issue.table(name) for name in MADE_FROM}
        return robustness_tables(city, made_from, issue.period, progress=progress, **asked)
    if not all(issue.has(name) for name in TABLES):
        raise RobustnessError(
            f"the issue of {issue.period} was published before issues held these tables: name --runs (2400) to compute "
            "them now. 该期发布时尚无稳健性表，请加 --runs 计算。"
        )
    return {name: issue.table(name) for name in TABLES}


def print_robustness(
    issue: IssueData, city: City, tables: Mapping[str, pl.DataFrame], console: Console, unit: str | None = None
) -> None:
    """Print the three tables: what decides, and each unit's rank, interval, ties and colours."""
    text = load_catalogue().text

    def both(key: str, **fields: Any) -> str:
        return f"{text(f'robustness.{key}', 'zh', **fields)} {text(f'robustness.{key}', 'en', **fields)}"

    sensitivity = tables["robustness_sensitivity"]
    first = sensitivity.row(0, named=True)
    index = f"{city.settings['index_name_zh']} {city.settings['index_name_en']}"
    console.rule(f"{index} · {issue.period} · {both('title')}")
    for language in ("zh", "en"):
        if issue.notice(language):
            console.print(f"[yellow]{issue.notice(language)}[/]")
    console.print(
        both("runs", runs=f"{first['runs']:,}", seed=first["seed"], share=f"{100 * first['weights_share']:g}")
    )
    table = Table(title=both("decides"), title_justify="left")
    for column in ("assumption", "options", "first", "total"):
        table.add_column(both(column))
    for row in sensitivity.iter_rows(named=True):
        varied = f" ({row['indicators_varied']})" if row["indicators_varied"] is not None else ""
        indices = [
            f"{shown(row[f'{kind}_order'])} [{shown(row[f'{kind}_order_p05'])}, {shown(row[f'{kind}_order_p95'])}]"
            for kind in ("first", "total")
        ]
        table.add_row(both(f"assumption.{row['assumption']}"), f"{row['options']:,}{varied}", *indices)
    console.print(table)
    for level in issue.table("units")["level"].unique(maintain_order=True):
        _print_level(issue, city, tables, level, console, unit, both)
    console.print(both("ties_note"))


def _print_level(
    issue: IssueData,
    city: City,
    tables: Mapping[str, pl.DataFrame],
    level: str,
    console: Console,
    unit: str | None,
    both: Callable[..., str],
) -> None:
    units = issue.table("units").select("unit_code", "name_zh", "name_en")
    rows = tables["robustness"].filter(unit_level=level).join(units, on="unit_code").sort("rank", nulls_last=True)
    if unit is not None:
        own = rows.filter(unit_code=unit)
        if own.is_empty():
            return
        low, high = own["rank_p05"].item(), own["rank_p95"].item()
        near = (pl.col("rank_p95") >= low) & (pl.col("rank_p05") <= high)
        rows = rows.filter((pl.col("unit_code") == unit) | near)
    if rows.is_empty():
        return
    colours = [(c["key"], c.get("name_zh", c["key"])) for c in city.version(issue.period).rules["colours"]]
    shares = dict(
        tables["robustness_colours"].select(pl.concat_str("unit_code", "colour", separator="\0"), "share").iter_rows()
    )
    table = Table(title=f"{level} ({rows.height})", title_justify="left")
    for column in ("rank", "unit", "median", "interval", "ties"):
        table.add_column(both(column))
    for _, name in colours:
        table.add_column(f"{name} %", justify="right")
    for row in rows.iter_rows(named=True):
        percent = [shares.get((row["unit_code"], key)) for key, _ in colours]
        table.add_row(
            shown(row["rank"], 0),
            f"{row['name_zh']} {row['name_en']}",
            shown(row["median_rank"], 1),
            f"{shown(row['rank_p05'], 1)} … {shown(row['rank_p95'], 1)}",
            shown(row["ties"], 0),
            *(shown(None if share is None else 100 * share, 0) for share in percent),
            style="bold" if row["unit_code"] == unit else "",
        )
    console.print(table)
