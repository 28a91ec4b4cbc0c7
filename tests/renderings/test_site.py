"""The static site: every page there, every link alive, every number the issue's, every picture true."""

from __future__ import annotations

import hashlib
import html
import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from urllib.parse import unquote, urlsplit

import polars as pl
import pytest
from finished_run import FinishedRun
from lxml.html import document_fromstring
from py_mini_racer import MiniRacer
from renderings.conftest import Rendered
from renderings.svg_reading import Picture

import publication.site as site_module
from publication.explanation import explain
from publication.extremes import first_of
from publication.numbers import shown
from publication.rendering import RENDERINGS, Request
from publication.site import about, finish_site, render_site
from publication.site.search import pinyin
from publication.site.words import Words
from publication.verify import verify

pytestmark = pytest.mark.end_to_end
MEGABYTES = 30


class Page:
    """Links, ids and language of a page."""

    def __init__(self, text: str) -> None:
        root = document_fromstring(text)
        self.links: list[str] = root.xpath("//@href | //@src")
        self.ids: list[str] = root.xpath("//@id")
        self.language: str = root.get("lang", "")


def pages(site: Rendered) -> Iterator[tuple[str, str]]:
    for path in sorted(site.folder.rglob("*.html")):
        yield path.relative_to(site.folder).as_posix(), path.read_text(encoding="utf-8")


def text_of(markup: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", " ", markup))


def test_every_unit_node_and_department_has_its_page_in_both_languages(site: Rendered) -> None:
    facts = site.facts
    expected = {f"units/{u['unit_code']}.html" for u in facts.units}
    expected |= {f"indicators/{n['code']}.html" for n in facts.nodes}
    expected |= {f"departments/{d['code']}.html" for d in facts.departments}
    expected |= {f"{folder}/index.html" for folder in ("units", "indicators", "departments")}
    expected |= {f"{name}.html" for name in ("index", "compare", "method", "quality", "downloads")}
    assert (len(facts.units), len(facts.nodes), len(facts.departments)) == (131, 180, 21)
    assert {name for name, _ in pages(site)} == expected | {f"en/{name}" for name in expected}


def test_every_link_leads_to_a_file_and_every_id_is_there_once(site: Rendered) -> None:
    there: set[tuple[Path, str]] = set()
    followed = 0
    for name, text in pages(site):
        page = Page(text)
        folder = (site.folder / name).parent
        assert len(page.ids) == len(set(page.ids)), name
        assert page.language == ("en" if name.startswith("en/") else "zh-CN"), name
        followed += len(page.links)
        for link in set(page.links) - {"data:,"}:
            if (folder, link) in there:
                continue
            address = urlsplit(link)
            assert not address.scheme, f"{name} leads out of the issue: {link}"
            assert not address.netloc, f"{name} leads out of the issue: {link}"
            if not address.path:
                assert address.fragment in page.ids, (name, link)
                continue
            assert (folder / unquote(address.path)).is_file(), (name, link)
            there.add((folder, link))
    assert followed > 100_000


def test_downloads_list_the_forms_of_the_issue_that_are_there(site: Rendered, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a system without a font the bulletin has no PDF; here it lacks a third language."""
    bulletin = RENDERINGS["bulletin"]
    more = replace(bulletin, entries=("bulletin-fr.pdf", *bulletin.entries))
    monkeypatch.setattr(about, "RENDERINGS", {**RENDERINGS, "bulletin": more})
    listed = [href for _, href in about.downloads(site.facts, Words(site.facts, "zh"))["others"]]
    assert {"bulletin/bulletin-zh.docx", "workbook/workbook.xlsx"} <= set(listed)
    assert [href for href in listed if not (site.data.folder / href).is_file()] == []


@pytest.mark.parametrize(("language", "chinese"), [("zh", True), ("en", False)])
def test_every_check_of_the_gates_is_named_in_the_pages_language(site: Rendered, language: str, chinese: bool) -> None:
    checks = about.quality_checks(site.facts, Words(site.facts, language))
    assert {check["gate"] for check in checks} == {"A", "B", "C"}
    assert [c["check"] for c in checks if bool(re.search(r"[\u4e00-\u9fff]", c["check"])) != chinese] == []


def test_the_site_is_small_enough_to_be_sent(site: Rendered) -> None:
    size = sum(path.stat().st_size for path in site.folder.rglob("*") if path.is_file())
    assert size <= MEGABYTES * 1_000_000


def test_every_page_says_that_the_data_are_synthetic(site: Rendered) -> None:
    for name, text in pages(site):
        assert site.data.notice("en" if name.startswith("en/") else "zh") in text, name


def test_made_again_it_has_the_same_bytes(
    site: Rendered, tianshui_run: FinishedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every file that is no page of a unit, node or department, and each twentieth page; what they are compared with is
    of another process, the run's own asset, where that was of this code.
    """
    every_page = site_module._tasks
    monkeypatch.setattr(site_module, "_tasks", lambda *given: islice(every_page(*given), 0, None, 20))
    again = tmp_path / "site"
    again.mkdir()
    request = Request(site.data, tianshui_run.city, again, None)
    render_site(request)
    finish_site(request)

    def hashes(folder: Path) -> dict[str, str]:
        files = [p for p in folder.rglob("*") if p.is_file()]
        return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}

    made, before = hashes(again), hashes(site.folder)
    assert made.items() <= before.items()
    assert {name for name in before if not name.endswith(".html")} <= made.keys()
    assert {Path(name).parent.name for name in made} == {Path(name).parent.name for name in before}


def test_a_units_page_has_every_score_of_the_unit(site: Rendered) -> None:
    facts = site.facts
    for unit in ("620500", "620502", facts.strip_units[-1]):
        text = site.page(f"units/{unit}.html")
        for node in facts.nodes:
            row = facts.score[unit, node["code"]]
            # an indicator may also stand among the contributions, which tell effects and no score
            found = re.findall(rf"href=../indicators/{node['code']}\.html>.*", text)
            if node["level"] > 1:
                rows = [text_of(line.replace("<td", " <td")).split() for line in found]
                wanted = {shown(row["score"]), shown(row["change_month"], signed=True)}
                assert any(wanted <= set(cells) for cells in rows), (unit, node["code"])
        assert shown(facts.score[unit, "I"]["score"]) in text


def test_a_units_page_takes_its_change_apart_and_says_how_far_its_rank_holds(site: Rendered) -> None:
    """Where the issue has the tables; where it has not, the page says that."""
    facts = site.facts
    for unit in ("620500", "620502", facts.strip_units[0]):
        text = site.page(f"en/units/{unit}.html")
        own = facts.score[unit, site.data.root]
        rows = facts.contributions.get((unit, "month"), [])
        assert (not rows) == (not site.data.has("contributions"))
        if rows:
            assert sum(r["total"] for r in rows) == pytest.approx(own["change_month"], abs=1e-9)
            foot = text_of(text[text.index("<tfoot>") : text.index("</table>", text.index("<tfoot>"))]).split()
            assert foot[-1] == shown(own["change_month"], 3, signed=True)
        else:
            assert "Not in this issue." in text
        interval = facts.robustness.get(unit)
        if interval is None:
            assert "No interval of ranks in this issue." in text
        else:
            assert f"90% interval {shown(interval['rank_p05'], 0)}–{shown(interval['rank_p95'], 0)}" in text


def test_a_units_page_tells_its_change_in_the_sentences_that_explain_it(
    site: Rendered, tianshui_run: FinishedRun
) -> None:
    """The pages' changes are found for all units at once, those of `pingan explain` for one."""
    for unit in ("620500", "620503", site.facts.strip_units[40]):
        for language, folder in (("zh", ""), ("en", "en/")):
            said = " ".join(text_of(site.page(f"{folder}units/{unit}.html")).split())
            for comparison in ("month", "year"):
                told = explain(tianshui_run.city, site.data, unit, comparison=comparison).sentences(language)
                assert len(told) > 4
                assert [s for s in told if " ".join(s.split()) not in said] == [], (unit, language)


def test_an_upper_units_page_takes_its_change_apart_by_member(site: Rendered) -> None:
    """A county by its townships, the city by its counties: the members' effects in the issue, added up."""
    facts = site.facts
    effects = site.data.table("member_contributions").filter(comparison="year")
    for unit in ("620500", "620502"):
        text = site.page(f"units/{unit}.html")
        section = text[text.index("id=members") : text.index("id=heat")]
        table = section[section.index("<table") :]
        for member in facts.members[unit]:
            below = pl.col("member_code").str.starts_with(member["unit_code"])
            own = shown(effects.filter(below, unit_code=unit)["total"].sum(), 3, signed=True)
            row = re.search(rf"href=../units/{member['unit_code']}\.html>.*?(?=<tr|<tfoot)", table, re.DOTALL)
            assert row, member["unit_code"]
            assert text_of(row.group().replace("<td", " <td")).split()[6] == own, member["unit_code"]
        foot = text_of(table[table.index("<tfoot>") : table.index("</table>")]).split()
        assert foot[-2:] == [shown(facts.score[unit, "I"][f"change_{s}"], 3, signed=True) for s in ("month", "year")]


def test_pages_say_how_often_each_grade_came_out_and_what_decides_the_ranks(site: Rendered) -> None:
    shares = site.data.table("robustness_colours")
    for unit in ("620500", site.facts.strip_units[0]):
        text = text_of(site.page(f"en/units/{unit}.html"))
        head = text[text.index("runs that vary the method") : text.index("Strongest")]
        own = shares.filter(pl.col("share") > 0, unit_code=unit)["share"]
        assert sorted(re.findall(r"[\d.]+(?=%)", head)) == sorted(shown(100 * s, 1) for s in own)
    text = site.page("quality.html")
    table = text_of(text[text.index("id=robustness") : text.index("id=quarantine")])
    for row in site.data.table("robustness_sensitivity").iter_rows(named=True):
        for kind in ("first", "total"):
            index, low, high = (shown(row[f"{kind}_order{end}"]) for end in ("", "_p05", "_p95"))
            assert f"{index} [{low}, {high}]" in table, row["assumption"]


def test_english_pages_name_units_of_measure_in_english(site: Rendered) -> None:
    for name, text in pages(site):
        if name.startswith(("en/units/", "en/departments/")):
            cells = re.findall(r"<td[^>]*>([^<]*)", text)
            assert [c for c in cells if re.search(r"[\u4e00-\u9fff]", c)] == [], name


def test_an_indicators_page_has_every_unit_with_value_and_score(site: Rendered) -> None:
    facts = site.facts
    for indicator in ("I010101", "I030104", "I020303"):
        text = site.page(f"indicators/{indicator}.html")
        table = text[text.index("<h2 id=all>") :]
        for unit in facts.units:
            found = re.search(rf"href=../units/{unit['unit_code']}\.html>.*", table)
            assert found, unit["unit_code"]
            cells = text_of(found.group().replace("<td", " <td")).split()
            assert shown(facts.score[unit["unit_code"], indicator]["score"]) in cells
            value = facts.value[unit["unit_code"], indicator]["value"]
            assert value is None or shown(value) in cells or shown(value, 0) in cells


def test_an_indicators_best_and_worst_are_fair_to_equal_scores(site: Rendered) -> None:
    """Rows in the order of rank, then code; a cut through equal scores says how many are left out."""
    townships = [u["unit_code"] for u in site.facts.units if u["level"] == "township"]
    kinds = {"cut": 0, "whole": 0, "equal": 0}
    for node in site.facts.nodes:
        text = site.page(f"en/indicators/{node['code']}.html")
        scores = {u: s for u in townships if (s := site.facts.score[u, node["code"]]["score"]) is not None}
        if len(set(scores.values())) == 1 and len(scores) >= 10:
            assert f"All {len(scores)} units have the same score" in text, node["code"]
            assert "Best 5" not in text, node["code"]
            kinds["equal"] += 1
            continue
        for title, sign in (("Best 5", -1), ("Worst 5", 1)):
            ordered = sorted(scores, key=lambda unit: (sign * scores[unit], unit))
            listed, left = ordered[:5], [u for u in ordered[5:] if scores[u] == scores[ordered[4]]]
            table = text[text.index(f"<caption>{title}") :]
            table = table[: table.index("</table>")]
            assert re.findall(r"units/(\d+)\.html", table) == listed, (node["code"], title)
            assert ("more have the last" in table) == bool(left), (node["code"], title)
            assert not left or f">{len(left)} more have the last" in table, (node["code"], title)
            kinds["cut" if left else "whole"] += 1
    assert min(kinds.values()) > 0, kinds


def test_first_rows_are_the_same_whatever_the_order_they_come_in() -> None:
    rows = [{"code": code, "rank": rank} for code, rank in (("b", 2), ("e", 1), ("a", 2), ("d", 2), ("c", 3))]
    for given in itertools.permutations(rows):
        found = first_of(list(given), lambda r: r["rank"], "code", 3)
        assert ([r["code"] for r in found.rows], found.more) == (["e", "a", "b"], 1)
    assert first_of(rows[:1], lambda r: r["rank"], "code", 3).more == 0
    assert first_of([], lambda r: r["rank"], "code", 3).rows == []


def test_what_would_be_shown_as_no_change_is_no_rise(site: Rendered) -> None:
    text = site.page("en/index.html")
    moved = text[text.index("id=moved") :]
    lists = re.findall(r"<caption>(?:Rose|Fell) most.*?</table>", moved, re.DOTALL)
    assert len(lists) >= 8
    assert [found for found in lists if re.search(r">[+−]?0\.00<", found[found.index("<tbody>") :])] == []


def test_every_picture_is_xml_and_shows_every_value_of_its_data(site: Rendered) -> None:
    """All charts of all Chinese pages and every tenth English one, read back from their geometry."""
    counted: dict[str, int] = {}
    for place, (name, text) in enumerate(pages(site)):
        if name.startswith("en/") and place % 10:
            continue
        for figure in re.finditer(r'<figure class="chart (\w+)".*?</figure>', text, re.DOTALL):
            kind = figure.group(1)
            picture = Picture(re.search(r"<svg.*?</svg>", figure.group(), re.DOTALL).group())  # type: ignore[union-attr]
            content = re.search(r"<script type=.application/json.>(.*?)</script>", figure.group(), re.DOTALL)
            data = json.loads(content.group(1))["data"]  # type: ignore[union-attr]
            counted[kind] = counted.get(kind, 0) + 1
            where = (name, kind)
            if kind == "trend":
                # the live chart reads the table: the same numbers must stand in the picture
                cells = re.findall(r"<td>([^<]*)", figure.group())
                values = [None if cell == "–" else float(cell.replace("−", "-")) for cell in cells]
                assert len(values) >= len(site.facts.months), where
                assert picture.missing(values) == [], where
            elif kind == "strip":
                assert len(data["values"]) == len(data["grades"]) == len(site.facts.strip_units), where
                assert picture.missing(data["values"] + data["marks"], axis=0) == [], where
                assert picture.dots() >= sum(value is not None for value in data["values"]), where
            elif kind == "radar":
                own = data["series"][-1]["values"]
                assert [v for v in own if not picture.says(shown(v, 1))] == [], where
            elif kind == "curve":
                points = [p for line in data["lines"] for p in line["points"]]
                assert picture.missing([p[0] for p in points], axis=0) == [], where
                assert picture.missing([p[1] for p in points], axis=1) == [], where
            else:
                lines = [line for n in data["tree"] for line in n["name"].split("\n")]
                assert all(picture.says(line) for line in lines), where
        for svg in re.findall(r"<figure class=map>.*?(<svg.*?</svg>)", text, re.DOTALL):
            counted["map"] = counted.get("map", 0) + 1
            picture = Picture(svg)
            titles = [e.text or "" for e in picture.root.iter() if e.tag.endswith("title")]
            links = [e.get("href", "") for e in picture.root.iter() if e.tag.endswith("}a")]
            for title, link in zip(titles, links, strict=True):
                row = site.facts.score[Path(link).stem, site.data.root]
                assert shown(row["score"]) in title, (name, link)
                assert picture.says(shown(row["score"], 1)), (name, link)
    assert counted["radar"] >= 131
    assert counted["trend"] >= 131 + 180
    assert counted["strip"] >= 180
    assert counted["curve"] >= 130
    assert counted["map"] >= 14


def test_live_charts_are_drawn_from_the_very_numbers_of_the_issue(site: Rendered) -> None:
    facts = site.facts
    text = site.page("units/620502.html")
    # a trend's live chart reads the table beside it
    table = re.search(r"id=trend .*?<tbody>(.*?)</table>", text, re.DOTALL).group(1)  # type: ignore[union-attr]
    assert re.findall(r"<tr><th>[\d-]+<td>([\d.]+)", table) == [shown(v) for v in facts.past("620502", "I")]
    engine = MiniRacer()
    for script in ("index.js", "unpack.js"):
        engine.eval((site.folder / "assets" / script).read_text(encoding="utf-8"))
    engine.eval("var read={};function pinganScores(node,text){read[node]=pinganUnpack(text,pinganIndex.months.length)}")
    for node in facts.nodes:
        engine.eval((site.folder / "assets" / f"scores-{node['code']}.js").read_text(encoding="utf-8"))
    read = json.loads(engine.eval("JSON.stringify(read)"))
    assert set(read) == set(facts.node)
    for node, months in read.items():
        now = [facts.score[u["unit_code"], node]["score"] for u in facts.units]
        assert [own[-1] for own in months] == [None if v is None else pytest.approx(v, abs=0.005001) for v in now]
    assert read["I"][facts.unit_place["620502"]] == [pytest.approx(v, abs=0.005001) for v in facts.past("620502", "I")]


def test_names_are_found_by_pinyin(site: Rendered) -> None:
    assert pinyin("大城街道") == "dachengjiedao dcjd"
    assert pinyin("Rogers Park").startswith("rogers park")
    assert "dachengjiedao dcjd" in (site.folder / "assets" / "index.js").read_text()


def test_every_text_of_the_catalogue_is_used() -> None:
    from finished_run import PROJECT

    from publication.catalogue import FOLDER, load_catalogue

    room = PROJECT / "publication"
    sources = "".join(p.read_text(encoding="utf-8") for s in ("py", "html", "xml", "js") for p in room.rglob(f"*.{s}")
                      if "vendor" not in p.parts)  # fmt: skip
    # keys that are put together: the part before the name that a table holds
    built = set(re.findall(r'["\']([a-z_.]+\.)["\'] ~|f["\']([a-z_.]+\.)\{', sources))
    prefixes = tuple(part for pair in built for part in pair if part)
    own = [
        line.split(":")[0] for file in ("site", "home") for line in (FOLDER / f"{file}.yaml").read_text().splitlines()
    ]
    unused = [k for k in load_catalogue().texts if k in own and f'"{k}"' not in sources and f"'{k}'" not in sources
              and not k.startswith(prefixes)]  # fmt: skip
    assert unused == []


def test_home_leads_to_every_issue_and_is_accepted_by_verification(site: Rendered) -> None:
    home = (site.issues / "index.html").read_text(encoding="utf-8")
    for folder in site.issues.glob("*/r*"):
        name = f"{folder.parent.name}/{folder.name}"
        assert f'href="{name}/manifest.json"' in home
    links = Page(home).links + Page((site.issues / "en.html").read_text(encoding="utf-8")).links
    assert [link for link in links if link[0] != "#" and link != "data:," and not (site.issues / link).is_file()] == []
    assert f"../{site.data.period}/r1/site/index.html" in (site.issues / "latest" / "index.html").read_text()
    problems = {p.kind for p in verify(site.data.state) if p.path.is_relative_to(site.issues / "home")}
    assert problems == set()
    (site.issues / "home" / "mine.txt").write_text("x")
    assert "stray_file" in {p.kind for p in verify(site.data.state) if p.path.name == "mine.txt"}
    (site.issues / "home" / "mine.txt").unlink()


def test_the_feed_is_atom_with_an_entry_for_each_revision(site: Rendered) -> None:
    from xml.etree import ElementTree

    atom = "{http://www.w3.org/2005/Atom}"
    feed = ElementTree.parse(site.issues / "feed.xml").getroot()
    entries = feed.findall(f"{atom}entry")
    assert len(entries) == len(list(site.issues.glob("*/r*")))
    for element in (feed, *entries):
        for tag in ("id", "title", "updated"):
            assert (element.findtext(f"{atom}{tag}") or "").strip(), tag
    assert feed.findtext(f"{atom}updated") == max(e.findtext(f"{atom}updated") or "" for e in entries)
    assert all(site.data.notice("zh") in (e.findtext(f"{atom}summary") or "") for e in entries)
