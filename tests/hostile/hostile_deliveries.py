"""Deliveries as nobody should send them, by seed: hostile cells in every format, and formats broken byte by byte.

One number gives one delivery, always the same, so that a failure is reproduced by its seed. What must hold of each is
in `judge`: a receipt that adds up, or a refusal in words; never an exception, never a row that is not accounted for.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
import sqlite3
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import xlsxwriter
from feeds_under_attack import CRIME, RETURN, attacked_city

from city.folder import RecordSet
from feeds.landing import receive
from feeds.location import READ_CACHE

PERIOD = "2022-01"
CRIME_HEADER = ["案件编号", "立案时间", "案件类别", "死亡人数", "单位代码", "所属乡镇"]
RETURN_HEADER = ["月份", "指标", "数值", "单位代码"]

#: Cells that have broken spreadsheets, parsers, databases or people elsewhere.
HOSTILE = (
    "", " ", "\u3000", "null", "NaN", "-inf", "1e999", "-0", "0x1F", "１２", "٣", "1,234", "1e-400", "9" * 400,
    "=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "＝1＋1", "\t=1", "'; drop table crime; --", '" or 1=1 --',
    "${jndi:ldap://x}", "{{7*7}}", "<script>alert(1)</script>", "../../etc/passwd", "\u202e gnitset", "a\u0300" * 50,
    "\ufeff", "\u200b", "\ud7ff", "💥" * 40, "\x07bell", "line\nbreak", "carriage\rreturn", "tab\tbed", 'quote"d',
    "a,b;c|d",
    "2022-13-45", "2022-02-30", "0000-00-00", "9999-12-31 25:61:61", "2022-01-15T10:00:00Z", "1e3", "44576", "2022/1/5",
    "合计", "小计：", "true", "是", "２０２２－０１", "2022-01", "2021-12", "110101001", "110101001000",
    "河口镇", "东县河口镇",
    "x" * 5000,
)  # fmt: skip
PLAIN = {
    "案件编号": ("A1", "A2", "A3", "A3"), "立案时间": ("2022-01-03", "2022-01-31 23:59:59", "2021-12-31"),
    "案件类别": ("命案", "抢劫"), "死亡人数": ("0", "1", "2"), "单位代码": ("110101002", "110101001", ""),
    "所属乡镇": ("河口镇", "东县山前镇", ""), "月份": ("2022-01", "202201"), "指标": ("在册", "registered"),
    "数值": ("1", "3.5", "0"),
}  # fmt: skip


@dataclass(frozen=True)
class HostileDelivery:
    """Bytes of one delivery, where they belong, and how many rows they hold when nothing was broken."""

    record_set: RecordSet
    content: bytes
    #: Records written below the header; None when the bytes were broken afterwards.
    rows: int | None


def hostile_delivery(seed: int) -> HostileDelivery:
    """The delivery of a seed."""
    rng = random.Random(seed)
    base, header = (CRIME, CRIME_HEADER) if rng.random() < 0.7 else (RETURN, RETURN_HEADER)
    if rng.random() < 0.15:
        header = rng.sample(header, len(header)) + rng.sample(HOSTILE, rng.randint(0, 3))
    rows = [_row(rng, header) for _ in range(rng.choice((0, 1, 2, 5, 30)))]
    name, write = rng.choice(list(_WRITERS.items()))
    record_set = replace(base, reader=_READERS[name], location=f"in/{{period}}/delivery.{name}", **_options(name, rng))
    content = write(header, rows, record_set.encoding)
    whole: int | None = len(rows)
    if rng.random() < 0.5:
        content, whole = _broken(rng, content), None
    return HostileDelivery(record_set, content, whole)


def judge(seed: int) -> str:
    """Take the delivery of a seed; answers `accepted` or `refused`. AssertionError or any exception is a fault."""
    delivery = hostile_delivery(seed)
    READ_CACHE.clear()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / delivery.record_set.location.replace("{period}", PERIOD)
        place.parent.mkdir(parents=True)
        place.write_bytes(delivery.content)
        city = attacked_city(Path(folder), delivery.record_set)
        reception = receive(city, delivery.record_set, PERIOD, folder, {})
    receipt = reception.receipt
    counted = receipt.accepted + receipt.quarantined + receipt.other_month + receipt.layout
    assert receipt.received == counted, f"{receipt.received} rows received and {counted} accounted for"
    if receipt.status == "accepted" or receipt.received:
        assert delivery.rows is None or receipt.received >= delivery.rows, (
            f"{delivery.rows} rows, {receipt.received} seen"
        )
    if receipt.status != "accepted":
        assert receipt.message, "refused without a word"
        assert receipt.remedy, "refused without a remedy"
        assert "Traceback" not in receipt.message
        assert folder not in receipt.message + receipt.remedy, "a path of this machine is shown"
    receipt.to_json().encode("utf-8")
    return str(receipt.status)


def _row(rng: random.Random, header: list[str]) -> list[str]:
    return [rng.choice(HOSTILE) if rng.random() < 0.2 else rng.choice(PLAIN.get(name, HOSTILE)) for name in header]


def _broken(rng: random.Random, content: bytes) -> bytes:
    data = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 8, 40))):
        at = rng.randrange(len(data) + 1)
        kind = rng.randrange(6)
        if kind == 0 and data:
            data[at % len(data)] ^= 1 << rng.randrange(8)
        elif kind == 1:
            del data[at:]
        elif kind == 2:
            data[at:at] = rng.randbytes(rng.choice((1, 2, 16, 300)))
        elif kind == 3:
            data[at:at] = rng.choice(HOSTILE).encode("utf-8", "surrogatepass")
        elif kind == 4:
            data[at:at] = data[rng.randrange(len(data) + 1) :][: rng.choice((1, 50, 5000))]
        else:
            del data[at : at + rng.choice((1, 4, 100))]
    return bytes(data)


def _text(header: list[str], rows: list[list[str]]) -> str:
    stream = io.StringIO()
    csv.writer(stream).writerows([header, *rows])
    return stream.getvalue()


def _xlsx(header: list[str], rows: list[list[str]], encoding: str) -> bytes:
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate([header, *rows]):
            for column, cell in enumerate(row):
                sheet.write_string(number, column, cell)
    return stream.getvalue()


def _json(header: list[str], rows: list[list[str]], encoding: str) -> bytes:
    pages = [{"page": 1, "pages": 1, "total": len(rows), "rows": [dict(zip(header, row, strict=True)) for row in rows]}]
    return json.dumps(pages, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _sqlite(header: list[str], rows: list[list[str]], encoding: str) -> bytes:
    names = [name.replace('"', '""').replace("\x00", "") for name in header]
    seen = [name.strip().casefold() for name in names]
    columns = ", ".join(
        f'"{name}"' if name.strip() and seen.index(name.strip().casefold()) == number else f'"column {number}"'
        for number, name in enumerate(names)
    )
    with sqlite3.connect(":memory:") as connection:
        connection.execute(f"create table delivery ({columns})")
        marks = ", ".join("?" for _ in header)
        connection.executemany(f"insert into delivery values ({marks})", rows)
        return connection.serialize()


_WRITERS: dict[str, Callable[[list[str], list[list[str]], str], bytes]] = {
    "csv": lambda header, rows, encoding: _text(header, rows).encode(encoding, "replace"),
    "csv.gz": lambda header, rows, encoding: gzip.compress(_text(header, rows).encode(encoding, "replace"), mtime=0),
    "xlsx": _xlsx,
    "json": _json,
    "sqlite": _sqlite,
}
_READERS = {"csv": "csv", "csv.gz": "csv", "xlsx": "xlsx", "json": "json", "sqlite": "sql"}


def _options(name: str, rng: random.Random) -> dict[str, object]:
    if name.startswith("csv"):
        return {"encoding": rng.choice(("utf-8", "gb18030"))}
    return {"options": {"table": "delivery"}} if name == "sqlite" else {}
