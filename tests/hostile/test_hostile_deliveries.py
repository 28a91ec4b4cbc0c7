"""Hostile deliveries end in a receipt that adds up or a refusal in words. The long campaign is in `make soak`."""

from __future__ import annotations

import io
import json
import sqlite3
import subprocess
import sys
import zipfile
from contextlib import closing
from itertools import product
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from campaign import run_block
from hostile_deliveries import _WRITERS, hostile_delivery

from feeds.errors import FeedError
from feeds.json_reader import read_json_file
from feeds.location import find_files
from feeds.sql_reader import read_sqlite
from feeds.workbook_size import MAX_CELLS, refuse_oversized_workbook


@pytest.fixture(autouse=True)
def contracts(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a hostile delivery registers as the city's contracts goes again."""
    monkeypatch.delitem(sys.modules, "schemas.smallville.police", raising=False)


def sheet(cells: str, encoding: str = "utf-8", name: str = "xl/worksheets/sheet1.xml") -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr(name, f"<worksheet><sheetData>{cells}</sheetData></worksheet>".encode(encoding))
    return stream.getvalue()


def test_150_hostile_deliveries_are_received_or_refused() -> None:
    seeds = range(150)
    answer = run_block(seeds)
    assert answer.pop("faults") == []
    assert answer.get("accepted", 0) > 20, "a generator that is always refused early tests little"
    assert answer.get("refused", 0) > 20
    drawn = [hostile_delivery(seed) for seed in seeds]
    met = {(d.record_set.name, Path(d.record_set.location).name, d.rows is None) for d in drawn}
    formats = [f"delivery.{name}" for name in _WRITERS]
    assert met == set(product(("crime", "figures"), formats, (True, False))), (
        "both sets in each format, whole and broken"
    )


def test_a_failure_is_found() -> None:
    # the same block with a reader that loses a row
    program = (
        "import sys; sys.path[:0] = ['tests/hostile', '.']\n"
        "import feeds.raw as raw, feeds.csv_reader as c, feeds.xlsx_reader as x, feeds.json_reader as j\n"
        "keep = raw.raw_file\n"
        "def lose(path, digest, rows, lines, **more):\n"
        "    return keep(path, digest, rows.head(-1), lines.head(-1), **more)\n"
        "c.raw_file = x.raw_file = j.raw_file = lose\n"
        "from campaign import run_block\n"
        "print(len(run_block(range(40))['faults']))\n"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True)
    assert int(done.stdout) > 0


@pytest.mark.parametrize(
    "cells",
    [
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>',
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="99999999999999"><c><v>1</v></c></row>',
        "<x:row r='5'><x:c r='ZZZZZ5'><v>1</v></x:c></x:row>",
        f'<row><c r="B{MAX_CELLS}"><v>1</v></c></row>',
        f'<row r="1">{"<c><v>1</v></c>" * 4000}</row><row r="3000"><c r="A3000"><v>1</v></c></row>',
    ],
)
def test_a_small_file_that_unpacks_to_a_huge_sheet_is_refused(cells: str) -> None:
    with pytest.raises(FeedError, match="reaches over"):
        refuse_oversized_workbook("police/crime", "d.xlsx", sheet(cells))


def test_the_sheet_may_lie_anywhere_in_the_archive_and_its_tags_across_chunks() -> None:
    padding = " " * ((1 << 20) - 40)  # the reference lies on both sides of a chunk's end
    with pytest.raises(FeedError, match="reaches over"):
        refuse_oversized_workbook(
            "f", "d.xlsx", sheet(f'{padding}<c r="XFD1048576"><v>1</v></c>', name="xl/elsewhere.xml")
        )


def test_styled_empty_cells_far_away_are_no_table() -> None:
    cells = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576" s="3"/></row>'
    refuse_oversized_workbook("police/crime", "d.xlsx", sheet(cells))


def test_a_workbook_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feeds.workbook_size.MAX_UNPACKED_BYTES", 1 << 20)
    with pytest.raises(FeedError, match="larger than 1 MiB"):
        refuse_oversized_workbook("police/crime", "d.xlsx", sheet("<!--" + "x" * (2 << 20) + "-->"))


@pytest.mark.parametrize("name", ["content.xml", "xl/workbook.bin"])
def test_other_archives_are_no_workbooks(name: str) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(name, "<office/>")
    with pytest.raises(FeedError, match=r"not an \.xlsx workbook"):
        refuse_oversized_workbook("police/crime", "d.xlsx", stream.getvalue())


def test_utf_16_cannot_hide_a_reference() -> None:
    with pytest.raises(FeedError, match="UTF-16"):
        refuse_oversized_workbook("f", "d.xlsx", sheet('<c r="XFD1048576"><v>1</v></c>', encoding="utf-16"))


def test_json_nested_without_end_is_refused() -> None:
    with pytest.raises(FeedError, match="nested too deep"):
        read_json_file("police/crime", "d.json", b"[" * 200_000)


@pytest.mark.parametrize("damaged", [b"CREATE\xff\xfeTABLE", b"CREATE TABLE \xcb\x41("])
def test_a_catalogue_of_sqlite_that_is_no_text_is_refused(damaged: bytes, tmp_path: Path) -> None:
    """SQLite quotes the damaged words in its error, and Python cannot decode that."""
    path = tmp_path / "delivery.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("create table cases (unit_code text)")
    content = path.read_bytes()
    place = content.index(b"CREATE TABLE cases(") if b"CREATE TABLE cases(" in content else content.index(b"CREATE")
    content = content[:place] + damaged + content[place + len(damaged) :]
    with pytest.raises(FeedError, match="the database cannot be read"):
        read_sqlite("police/cases", "delivery.sqlite", content, ["unit_code"], table="cases")


def test_a_view_in_a_sqlite_file_is_not_run(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "d.sqlite") as connection:
        connection.execute(
            "create view delivery as with recursive n(x) as (select 1 union all select x + 1 from n) select x from n"
        )
    connection.close()
    with pytest.raises(FeedError, match="is a view"):
        read_sqlite("police/crime", "d.sqlite", (tmp_path / "d.sqlite").read_bytes(), ("x",), table="delivery")


def test_a_link_cannot_lead_out_of_the_sources(tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("a,b\n", encoding="utf-8")
    sources = tmp_path / "sources"
    sources.mkdir()
    (sources / "inside.csv").write_text("a,b\n", encoding="utf-8")
    (sources / "delivery.csv").symlink_to(tmp_path / "secret.csv")
    assert [name for name, _ in find_files("police/crime", str(sources), "inside.csv")] == ["inside.csv"]
    for path in ("delivery.csv", "*.csv"):
        with pytest.raises(FeedError, match="leads out"):
            find_files("police/crime", str(sources), path)


def test_coverage_guided_inputs_reach_no_fault(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "json").write_bytes(b"\x03" + json.dumps([{"page": 1, "pages": 1, "rows": [{"a": 1}]}]).encode())
    (corpus / "csv").write_bytes(b"\x00" + "案件编号,立案时间\nA1,2022-01-01\n".encode())
    program = Path(__file__).with_name("coverage_guided.py")
    words = ["-runs=1000", "-max_len=2048", "-seed=1", f"-artifact_prefix={tmp_path}/", str(corpus)]
    done = subprocess.run(
        [sys.executable, str(program), *words], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Done 1000" in done.stderr
