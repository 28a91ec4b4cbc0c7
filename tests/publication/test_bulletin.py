"""The bulletin as its readers' programs read it: pypdf takes the PDF apart, LibreOffice opens the DOCX."""

from __future__ import annotations

import builtins
import dataclasses
import io
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pypdf
import pytest
from docx import Document
from docx.oxml.ns import qn
from finished_run import PROJECT, FinishedRun
from office_files import convert
from PIL import Image, ImageColor
from small_issue import MONTH, full_tables

from city import City, StateFolder
from publication.bulletin import changes, write_bulletin_docx, write_bulletin_pdf
from publication.bulletin.blocks import Bullets, Paragraph
from publication.bulletin.content import bulletin
from publication.charts.drawing import PAPER
from publication.reading import IssueData, read_issue_data
from publication.rendering import RenderingError
from publication.wording import Wording

MINUS = "−"


def shown(value: float, digits: int = 2, signed: bool = False) -> str:
    """A number as print shows it, computed here and not by the code under test."""
    number = Decimal(repr(value)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    text = f"{abs(number):.{digits}f}"
    if number == 0 or not signed:
        return text if number >= 0 else MINUS + text
    return ("+" if number > 0 else MINUS) + text


def squeezed(text: str) -> str:
    """Text without blanks: a PDF breaks lines where the page does."""
    return re.sub(r"\s+", "", text)


@pytest.fixture
def small(release: object, state: StateFolder) -> IssueData:
    release(MONTH, **full_tables())  # type: ignore[operator]
    return read_issue_data(state, MONTH)


@pytest.fixture(scope="module")
def tianshui(tianshui_run: FinishedRun) -> IssueData:
    return read_issue_data(tianshui_run.state, "2023-01")


def expected_rows(data: IssueData, language: str) -> dict[str, list[str]]:
    """What must stand together, from the issue's files alone: each township's line of the ranking, each first-level
    score, the account of each department's rows.
    """
    units = {r["unit_code"]: r for r in data.table("units").iter_rows(named=True)}
    scores = data.table("scores")
    ranking = []
    for row in scores.filter((pl.col("node_code") == data.root) & (pl.col("unit_level") == "township")).to_dicts():
        unit = units[row["unit_code"]]
        parent = units[unit["parent"]]["name_zh"] if language == "zh" else ""
        capped = "*" if row["unit_code"] in set(data.table("vetoes")["unit_code"]) else ""
        change = row["change_month"]
        ranking.append(
            f"{row['rank']}{unit[f'name_{language}']}{capped}{parent}{shown(row['score'])}"
            + (shown(change, signed=True) if change is not None else "–")
        )
    top = next(u["unit_code"] for u in units.values() if not u["parent"])
    names = {r["code"]: r[f"name_{language}"] for r in data.table("framework").iter_rows(named=True)}
    first = [
        f"{names[r['node_code']]}{shown(r['score'])}"
        for r in scores.filter((pl.col("unit_code") == top) & (pl.col("node_level") == 1)).to_dicts()
    ]
    departments = {r["code"]: r[f"name_{language}"] for r in data.table("departments").iter_rows(named=True)}
    counted = data.table("feeds").filter(pl.col("period") == data.period).group_by("department")
    feeds = [
        f"{departments[r['department']]}{r['sets']}{r['reported']}{r['received']:,}{r['accepted']:,}{r['quarantined']:,}"
        for r in counted.agg(
            pl.len().alias("sets"),
            *(pl.col(n).sum() for n in ("reported", "received", "accepted", "quarantined")),
        ).to_dicts()
    ]
    return {"ranking": ranking, "first level": first, "deliveries": feeds}


def assert_holds(text: str, data: IssueData, language: str) -> None:
    found = squeezed(text)
    for part, rows in expected_rows(data, language).items():
        absent = [row for row in rows if squeezed(row) not in found]
        assert not absent, f"{part}: {absent[:3]}"
    top = data.table("scores").filter((pl.col("node_code") == data.root) & (pl.col("unit_level") == "city"))
    headline = top.row(0, named=True)
    for wanted in (
        shown(headline["score"]),
        shown(headline["change_month"], signed=True),
        shown(headline["change_year"], signed=True),
    ):
        assert wanted in found[:400], wanted


@pytest.mark.end_to_end
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_pdf_holds_the_numbers_of_the_issue(
    tianshui: IssueData, rendered: Callable[[str], Path], language: str
) -> None:
    reader = pypdf.PdfReader(rendered("bulletin") / f"bulletin-{language}.pdf")
    pages = [page.extract_text() for page in reader.pages]
    assert 8 <= len(pages) <= 12
    assert_holds("\n".join(pages), tianshui, language)
    notice = squeezed(tianshui.notice(language))
    assert [n for n, text in enumerate(pages, 1) if notice not in squeezed(text)] == [], "pages without the notice"
    catalog: Any = reader.trailer["/Root"]
    assert str(catalog["/MarkInfo"]["/Marked"]) == "True"
    assert "/StructTreeRoot" in catalog
    assert str(catalog["/Lang"]).startswith({"zh": "zh", "en": "en"}[language])


@pytest.mark.end_to_end
@pytest.mark.server
def test_the_docx_opens_in_libreoffice_with_the_numbers_of_the_issue(
    tianshui: IssueData, rendered: Callable[[str], Path], tmp_path: Path
) -> None:
    path = rendered("bulletin") / "bulletin-zh.docx"
    convert(path, "pdf", tmp_path)
    pages = [page.extract_text() for page in pypdf.PdfReader(tmp_path / f"{path.stem}.pdf").pages]
    assert 8 <= len(pages) <= 14
    assert_holds("\n".join(pages), tianshui, "zh")
    notice = squeezed(tianshui.notice("zh"))
    assert all(notice in squeezed(text) for text in pages)


@pytest.mark.end_to_end
def test_the_english_docx_holds_the_numbers_of_the_issue(tianshui: IssueData, rendered: Callable[[str], Path]) -> None:
    """Read as Word holds it: paragraphs and cells in their order."""
    document = Document(str(rendered("bulletin") / "bulletin-en.docx"))
    text = "".join(node.text or "" for node in document.element.body.iter(qn("w:t")))
    assert_holds(text, tianshui, "en")
    chinese = {character for character in text if "\u4e00" <= character <= "\u9fff"}
    assert chinese == set(), "an English bulletin says something in Chinese"


def pictures(path: Path) -> list[tuple[str, Image.Image]]:
    """Pictures of a DOCX in their order, with the words for those who do not see them."""
    document = Document(str(path))
    found = []
    for shape in document.inline_shapes:
        part = document.part.related_parts[shape._inline.graphic.graphicData.pic.blipFill.blip.embed]
        found.append((str(shape._inline.docPr.get("descr")), Image.open(io.BytesIO(part.blob))))
    return found


def test_the_docx_has_the_trend_as_a_picture(small: IssueData, city: City, tmp_path: Path) -> None:
    ((said, picture),) = pictures(write_bulletin_docx(small, city, tmp_path, "en"))
    assert said == "Overall index by month · Unit 9900"
    assert picture.size == (1400, 290)
    colours = {colour for _, colour in picture.convert("RGB").getcolors(1 << 20) or ()}
    assert ImageColor.getrgb(PAPER["own"]) in colours, "no line is drawn"


@pytest.mark.parametrize("approval", ["", "GS(2024)0650号"])
def test_with_boundaries_the_map_is_real_and_names_its_approval(
    small: IssueData, city: City, tmp_path: Path, approval: str
) -> None:
    """Six townships as squares in a row: each is drawn in its colour, and the number of approval only where given."""
    city = dataclasses.replace(city, settings={**city.settings, **({"map_approval": approval} if approval else {})})
    codes = [unit.code for unit in city.units if unit.level == "township"]
    squares = [
        {"type": "Feature", "properties": {"code": code}, "geometry": {"type": "Polygon", "coordinates": [
            [[105 + at, 34], [106 + at, 34], [106 + at, 35], [105 + at, 35], [105 + at, 34]]]}}
        for at, code in enumerate(codes)
    ]  # fmt: skip
    boundaries = tmp_path / "boundaries.geojson"
    boundaries.write_text(json.dumps({"type": "FeatureCollection", "features": squares}), encoding="utf-8")
    path = write_bulletin_docx(small, city, tmp_path, "zh", boundaries)
    _, (said, picture) = pictures(path)
    assert said == "指数地图 · 乡镇街道"
    scores = {r["unit_code"]: r for r in small.table("scores").filter(node_code=small.root).iter_rows(named=True)}
    wording = Wording(city, MONTH, "zh")
    for at, code in enumerate(codes):
        place = (round((at + 0.2) / len(codes) * picture.width), round(picture.height * 0.2))
        assert picture.convert("RGB").getpixel(place) == ImageColor.getrgb(wording.colour_hex(scores[code]["colour"]))
    text = "\n".join(p.text for p in Document(str(path)).paragraphs)
    pdf = pypdf.PdfReader(write_bulletin_pdf(small, city, tmp_path, "zh", boundaries))
    paper = "".join(page.extract_text() for page in pdf.pages)
    for told in (text, paper):
        assert "实际边界" in squeezed(told)
        assert ("审图号" in told) == bool(approval)
        assert approval in squeezed(told)


def test_the_docx_is_made_of_words_own_styles(small: IssueData, city: City, tmp_path: Path) -> None:
    document = Document(str(write_bulletin_docx(small, city, tmp_path, "zh")))
    styles = {paragraph.style.name for paragraph in document.paragraphs if paragraph.style}
    assert {"Title", "Subtitle", "Heading 1", "Heading 2", "List Bullet"} <= styles
    footer = document.sections[0].footer
    assert "PAGE" in footer._element.xml
    assert small.notice("zh") in "".join(p.text for p in footer.paragraphs)
    assert document.tables


def test_the_same_issue_gives_the_same_bytes(small: IssueData, city: City, tmp_path: Path) -> None:
    made: Mapping[str, Any] = {"pdf": write_bulletin_pdf, "docx": write_bulletin_docx}
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        for write in made.values():
            write(small, city, tmp_path / name, "zh")
    for kind in made:
        one, two = ((tmp_path / name / f"bulletin-zh.{kind}").read_bytes() for name in ("one", "two"))
        assert one == two, kind
    # within a second a clock would give the same bytes twice: the dates themselves are those of the issue
    published = datetime.fromisoformat(small.manifest["published_at"])
    assert Document(str(tmp_path / "one" / "bulletin-zh.docx")).core_properties.created == published.astimezone(UTC)
    with zipfile.ZipFile(tmp_path / "one" / "bulletin-zh.docx") as parts:
        assert {part.date_time[0] for part in parts.infolist()} == {1980}
    told = pypdf.PdfReader(tmp_path / "one" / "bulletin-zh.pdf").metadata
    assert told is not None
    assert told.creation_date == published


def test_where_a_change_came_from_is_told_from_the_contributions(small: IssueData, city: City, tmp_path: Path) -> None:
    """A planted table: the indicators are told with their parts, the largest first, and the parts by kind."""
    top, root = "9900", small.root
    kinds = ("value", "weight", "availability", "method", "population")
    rows = [
        {"period": MONTH, "unit_code": top, "comparison": "month", "node_code": root, "indicator_code": code,
         **{f"{kind}_effect": part if kind == "value" else 0.0 for kind in kinds}, "total": part}
        for code, part in (("I1", 0.25), ("I2", -1.5), ("I3", 0.75))
    ]  # fmt: skip
    contributions = pl.DataFrame(rows)
    contributions.write_parquet(small.folder / "contributions.parquet")
    members = contributions.drop("node_code").with_columns(pl.lit("99011").alias("member_code"))
    members.write_parquet(small.folder / "member_contributions.parquet")
    scores = small.table("scores").with_columns(
        pl.when((pl.col("unit_code") == top) & (pl.col("node_code") == root))
        .then(pl.lit(-0.5)).otherwise(pl.col("change_month")).alias("change_month")
    )  # fmt: skip
    scores.write_parquet(small.folder / "scores.parquet")
    document = Document(str(write_bulletin_docx(small, city, tmp_path, "zh")))
    text = "\n".join(p.text for p in document.paragraphs)
    told = re.findall(rf"(I\d) \S+：影响([+{MINUS}]\d\.\d\d)分", text)
    assert told == [("I2", f"{MINUS}1.50"), ("I3", "+0.75"), ("I1", "+0.25")]
    assert f"合计{MINUS}0.50分" in text
    cells = [[cell.text for cell in row.cells] for table in document.tables for row in table.rows]
    branches = {row[0]: row[1] for row in cells if len(row) == 4} | {row[2]: row[3] for row in cells if len(row) == 4}
    names = {r["code"]: r["name_zh"] for r in small.table("framework").iter_rows(named=True)}
    assert branches[names["F1"]] == f"{MINUS}1.250"
    assert branches[names["F2"]] == "+0.750"


def texts(small: IssueData, city: City) -> list[str]:
    """Sentences and paragraphs of the Chinese bulletin, in their order."""
    found = []
    for section in bulletin(small, city, "zh").sections:
        for block in section.blocks:
            found += block.items if isinstance(block, Bullets) else [block.text] if isinstance(block, Paragraph) else []
    return found


def test_a_list_that_is_cut_among_equals_says_how_many_more_there_are(
    small: IssueData, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Six townships, two counties and four indicators that all rose by 0.25: cut after three, four and one."""
    monkeypatch.setattr(changes, "_UNITS", 4)
    monkeypatch.setattr(changes, "_MOVED", 1)
    told = texts(small, city)
    risers = [text for text in told if "上升最多" in text]
    assert [text.partition("。")[2] for text in risers] == ["", "另有3个变化与末位相同。"]
    assert [text for text in told if text.startswith("上升：")] == [
        "上升：另有2个变化与末位相同。",  # of the townships, in the table of four
        *["上升：另有1个变化与末位相同。"] * 2,  # of the two indicators of each branch
    ]


def test_the_best_of_equals_stands_for_all_of_them(small: IssueData, city: City) -> None:
    """The city's two branches at one score, and three townships at the top of a branch."""
    first = (pl.col("unit_code") == "9900") & pl.col("node_code").is_in(["F1", "F2"])
    equal = first | (pl.col("unit_code").is_in(["99011", "99012", "99013"]) & (pl.col("node_code") == "F1"))
    scores = small.table("scores").with_columns(
        pl.when(equal).then(pl.lit(97.5)).otherwise(pl.col("score")).alias("score")
    )
    scores.write_parquet(small.folder / "scores.parquet")
    told = texts(small, city)
    assert "一级指标中得分最高的是指标F1等2个（97.50），最低的是指标F1等2个（97.50）。" in told
    assert any("等3个（97.50），最低为" in text for text in told)


def test_missing_fonts_are_named_and_the_docx_are_made(small: IssueData, tmp_path: Path) -> None:
    """A process whose fontconfig knows no font at all; drawing there would end it by a segmentation fault."""
    empty = tmp_path / "fonts.conf"
    empty.write_text(
        '<?xml version="1.0"?><fontconfig><cachedir>/nonexistent</cachedir></fontconfig>', encoding="utf-8"
    )
    program = (
        "import sys; from pathlib import Path; sys.path[:0] = ['.', 'tests/gates'];"
        "from small_candidate import small_city; from city import StateFolder;"
        "from publication.bulletin import render_bulletin; from publication.reading import read_issue_data;"
        "from publication.rendering import PartlyMadeError, Request;\n"
        f"data = read_issue_data(StateFolder(Path({str(small.state.home)!r}), 'small'), {MONTH!r})\n"
        f"try: render_bulletin(Request(data, small_city(), Path({str(tmp_path)!r}), None))\n"
        "except PartlyMadeError as error: print(error)"
    )
    environment = {**os.environ, "FONTCONFIG_FILE": str(empty)}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert "fonts-noto-cjk" in done.stdout, done.stdout + done.stderr
    assert {path.name for path in tmp_path.glob("bulletin*")} == {"bulletin-zh.docx", "bulletin-en.docx"}


def test_a_missing_library_is_named(
    small: IssueData, city: City, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without_pango(name: str, *rest: Any) -> Any:
        if name == "weasyprint":
            raise OSError("cannot load library 'libpango-1.0-0'")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without_pango)
    with pytest.raises(RenderingError, match=r"libpangoft2-1\.0-0"):
        write_bulletin_pdf(small, city, tmp_path, "zh")
