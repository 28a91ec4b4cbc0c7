"""Derived weights on the terminal: beside those in force, with the verdict on judgements, and the top ten's places."""

from __future__ import annotations

from typing import Any

import polars as pl
from rich.console import Console
from rich.table import Table

from city import City
from publication.catalogue import load_catalogue
from publication.numbers import shown
from publication.reading import IssueData
from publication.weights import TOP, Derivation, NodeWeights

_ORDER = ("current", "equal", "ahp", "entropy", "critic", "combined")


def print_weights(found: Derivation, city: City, console: Console) -> None:
    """Print one table for each node: weights in percent by every method at hand, then what is to be said of them."""
    names = {node.code: f"{node.name_zh} {node.name_en}" for node in city.versions[-1].framework}
    for node in found.nodes:
        methods = [method for method in _ORDER if method in node.by_method]
        table = Table(title=f"{node.node} {names[node.node]}", title_justify="left")
        table.add_column(_both("children"))
        for method in methods:
            table.add_column(_both(f"method.{method}"), justify="right", style="bold" if method == found.method else "")
        for i, code in enumerate(node.codes):
            table.add_row(f"{code} {names[code]}", *(shown(100 * node.by_method[m][i]) for m in methods))
        console.print(table)
        for sentence in _remarks(node):
            console.print(sentence)


def _remarks(node: NodeWeights) -> list[str]:
    remarks = []
    if node.hierarchy is not None:
        h = node.hierarchy
        numbers = {"n": len(node.codes), "lambda_max": f"{h.lambda_max:.6f}", "ci": f"{h.consistency_index:.6f}"}
        numbers["cr"] = f"{h.consistency_ratio:.4f}"
        small = len(node.codes) <= 2
        verdict = "verdict.small" if small else "verdict.accepted" if h.accepted else "verdict.refused"
        remarks += [_both("consistency", **numbers), _both(verdict, cr=numbers["cr"])]
    if node.rows:
        remarks.append(_both("rows", rows=f"{node.rows:,}", left_out=f"{node.left_out:,}"))
    if node.constant:
        remarks.append(_both("constant", codes=", ".join(node.constant)))
    return remarks


def print_top_ten(table: pl.DataFrame, method: str, issue: IssueData, console: Console) -> None:
    """Print the places of the ten best under each choice, and how many stay among the ten under the one asked for."""
    methods = [name for name in _ORDER if name in table.columns]
    for language in ("zh", "en"):
        if issue.notice(language):
            console.print(f"[yellow]{issue.notice(language)}[/]")
    shown_table = Table(title=f"{issue.period} · {_both('top')}", title_justify="left")
    shown_table.add_column(_both("unit"))
    for name in methods:
        shown_table.add_column(_both(f"method.{name}"), justify="right", style="bold" if name == method else "")
    for row in table.iter_rows(named=True):
        places = (str(row[name]) if row[name] is not None else "–" for name in methods)
        shown_table.add_row(f"{row['name_zh']} {row['name_en']}", *places)
    console.print(shown_table)
    stay = table.filter(pl.col(method) <= TOP).height
    moved = (table[method] - table["current"]).abs().max()
    console.print(_both("stay", stay=stay, of=table.height, moved=moved if moved is not None else 0))


def _both(key: str, **fields: Any) -> str:
    text = load_catalogue().text
    return f"{text(f'weights.{key}', 'zh', **fields)} {text(f'weights.{key}', 'en', **fields)}"
