"""The static site of an issue: opens from disk, works without scripts, in Chinese and (under en/) English.

`render_site` decides which pages there are; `overview`, `units`, `indicators`, `departments` and `about` choose what
a page shows; `figures` its charts; `facts` reads the issue; `words` names things; templates/ and assets/ say how it
looks.
"""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import polars as pl

from publication.catalogue import LANGUAGES
from publication.charts.drawing import ECHARTS, OPTIONS, VENDOR, Drawer, site_palette
from publication.charts.maps import read_boundaries
from publication.rendering import Request
from publication.site import about, departments, indicators, overview, units
from publication.site.colours import stylesheet
from publication.site.facts import Facts
from publication.site.packing import packed
from publication.site.pages import Pages
from publication.site.search import search_index
from publication.site.words import Words
from warehouse.tables import scoring_parameters

log = logging.getLogger("pingan.rendering")

ASSETS = Path(__file__).resolve().parent / "assets"
#: V8 draws while the other thread fills templates: two threads use two cores, more would only wait for one another.
_THREADS = 2

Task = Callable[[Drawer], None]


def render_site(request: Request) -> None:
    """Write the site of an issue into the request's target, all but what `finish_site` writes."""
    facts = Facts(request.data, request.city)
    shapes = read_boundaries(request.boundaries, overview.map_units(facts)) if request.boundaries else {}
    _write_assets(facts, request.target)
    palette = site_palette([c["key"] for c in facts.colours])
    warm(facts)
    tasks = [
        task
        for words in (Words(facts, language) for language in LANGUAGES)
        for task in _tasks(facts, words, Pages(words, request.target), palette, shapes)
    ]
    drawers: SimpleQueue[Drawer] = SimpleQueue()
    drawn: dict[str, str] = {}
    opened = [Drawer(palette, drawn) for _ in range(_THREADS)]
    for drawer in opened:
        drawers.put(drawer)

    def run(task: Task) -> None:
        drawer = drawers.get()
        try:
            task(drawer)
        finally:
            drawers.put(drawer)

    try:
        with ThreadPoolExecutor(_THREADS) as pool:
            for done, _ in enumerate(pool.map(run, tasks), start=1):
                if done % 200 == 0:
                    log.info("%s site: %d of %d pages", facts.data.period, done, len(tasks))
    finally:
        for drawer in opened:
            drawer.close()


def finish_site(request: Request) -> None:
    """Write the page of downloads, when the issue's other renderings are in their places: it links to those there are.

    The bulletin is made beside the site, in another process, and without a font on the system it has no PDF.
    """
    facts = Facts(request.data, request.city)
    for words in (Words(facts, language) for language in LANGUAGES):
        context = about.downloads(facts, words)
        Pages(words, request.target).write("downloads.html", "downloads.html", "downloads", context)


def warm(facts: Facts) -> None:
    """Read what every page asks for, before threads ask for it at once."""
    _ = facts.history, facts.score, facts.value, facts.members, facts.overall, facts.contributions, facts.hard_limits
    _ = (
        facts.robustness,
        facts.changes,
        facts.member_effects,
        facts.dropped,
        facts.colour_shares,
        facts.sensitivity,
        facts.values_of,
        facts.strip_units,
    )


def _tasks(
    facts: Facts,
    words: Words,
    pages: Pages,
    palette: dict[str, str],
    shapes: dict[str, Any],
) -> Iterator[Task]:
    """One task for each page."""

    def page(path: str, template: str, section: str, context: Callable[[Drawer], dict[str, Any]]) -> Task:
        return lambda drawer: pages.write(path, template, section, context(drawer))

    yield page("index.html", "overview.html", "overview", lambda d: overview.overview(facts, words, d, palette, shapes))
    yield page("units/index.html", "lists.html", "units", lambda _: about.unit_list(facts, words))
    yield page("indicators/index.html", "lists.html", "indicators", lambda _: about.indicator_list(facts, words))
    yield page("departments/index.html", "lists.html", "departments", lambda _: about.department_list(facts, words))
    yield page("compare.html", "compare.html", "compare", lambda _: about.compare(facts, words))
    yield page("method.html", "method.html", "method", lambda d: about.method(facts, words, d))
    yield page("quality.html", "quality.html", "quality", lambda _: about.quality(facts, words))
    for unit in facts.units:
        code = unit["unit_code"]
        yield page(
            f"units/{code}.html", "unit.html", "units",
            lambda d, code=code: units.unit_page(facts, words, d, palette, code),  # type: ignore[misc]
        )  # fmt: skip
    parameters = scoring_parameters(facts.city, facts.version).filter(
        pl.col("parameter_group").str.starts_with("peer group")
    )
    by_indicator = {str(code): rows.to_dicts() for (code,), rows in parameters.group_by("indicator_code")}
    for node in facts.nodes:
        code = node["code"]
        yield page(
            f"indicators/{code}.html", "indicator.html", "indicators",
            lambda d, code=code: indicators.indicator_page(facts, words, d, code, by_indicator.get(code, [])),  # type: ignore[misc]
        )  # fmt: skip
    for department in facts.departments:
        code = department["code"]
        yield page(
            f"departments/{code}.html", "department.html", "departments",
            lambda _, code=code: departments.department_page(facts, words, code),  # type: ignore[misc]
        )  # fmt: skip


def _write_assets(facts: Facts, target: Path) -> None:
    folder = target / "assets"
    folder.mkdir()
    for path in (*sorted(ASSETS.iterdir()), ECHARTS, OPTIONS):
        shutil.copyfile(path, folder / path.name)
    shutil.copyfile(VENDOR / "echarts-LICENSE", folder / "echarts-LICENSE.txt")
    shutil.copyfile(VENDOR / "echarts-NOTICE", folder / "echarts-NOTICE.txt")
    (folder / "colours.css").write_text(stylesheet(facts.colours), encoding="utf-8")
    (folder / "index.js").write_text(f"var pinganIndex={_script(search_index(facts))};\n", encoding="utf-8")
    for node, place in facts.node_place.items():
        scores = packed(facts.history[:, :, place].T.tolist())
        (folder / f"scores-{node}.js").write_text(
            f"pinganScores({_script(node)},{_script(scores)});\n", encoding="utf-8"
        )


def _script(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
