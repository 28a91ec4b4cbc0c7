"""A small city of monthly returns for tests of arrivals: two departments, one sends CSV, the other a workbook."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import xlsxwriter

UNITS = ("A", "B", "C")
HEADER = ("月份", "区代码", "指标", "数值")


def write_city(
    folder: Path,
    first_month: str,
    first_issue: str,
    *,
    publication: str = "{day: 10, hour: 9}",
    rules: str = "",
    settings: str = "",
) -> Path:
    """The city's folder; `rules` and `settings` are further lines of rules.yaml and city.yaml."""
    version = folder / "versions" / first_month
    version.mkdir(parents=True)
    (folder / "city.yaml").write_text(
        f"name_zh: 小城\nname_en: Smallville\ntime_zone: Asia/Shanghai\nfirst_month: {first_month}\n"
        f"first_issue: {first_issue}\nunit_levels: [district]\npublication: {publication}\nsynthetic: true\n"
        f"notice_zh: 模拟数据。\nnotice_en: Synthetic data.\n{settings}",
        encoding="utf-8",
    )
    (folder / "departments.csv").write_text(
        "code,key,name_zh,name_en\nD1,alpha,甲局,Alpha\nD2,beta,乙局,Beta\n", encoding="utf-8"
    )
    (folder / "units.csv").write_text(
        "code,name_zh,level\n" + "".join(f"{u},{u}区,district\n" for u in UNITS), encoding="utf-8"
    )
    (folder / "measures.csv").write_text("measure,kind,department\ncalls,flow,D1\npatrols,flow,D2\n", encoding="utf-8")
    (folder / "feeds.yaml").write_text(
        "feeds:\n"
        + "".join(
            f"""\
  - department: {code}
    due_day: 5
    record_sets:
      - name: monthly
        title_zh: 月报
        title_en: Monthly return
        contract: monthly_return
        reader: {reader}
        location: "{key}/{{period}}.{reader}"
        columns: {{月份: period, 指标: measure, 数值: value}}
        unit: {{code: 区代码}}
        month_by: period
"""
            for code, key, reader in (("D1", "alpha", "csv"), ("D2", "beta", "xlsx"))
        ),
        encoding="utf-8",
    )
    (version / "framework.csv").write_text(
        "code,parent,level,name_zh,weight,department,numerator,window,direction,scoring,params\n"
        "I,,0,指数,1,,,,,,\n"
        'I1,I,1,警情,1,D1,calls,month,-1,goalpost,"{""p0"": 100, ""p60"": 40, ""p100"": 0}"\n'
        'I2,I,1,巡逻,1,D2,patrols,month,1,goalpost,"{""p0"": 0, ""p60"": 30, ""p100"": 60}"\n',
        encoding="utf-8",
    )
    (version / "rules.yaml").write_text(
        "minimum_coverage: 0.65\ncarry_forward: {months: 0, except: []}\n"
        "colours:\n  - {key: green, from: 80}\n  - {key: red, from: 0}\n" + rules,
        encoding="utf-8",
    )
    return folder


def return_csv(period: str, measure: str, numbers: dict[str, float]) -> bytes:
    """A return as CSV."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows((period, unit, measure, number) for unit, number in numbers.items())
    return stream.getvalue().encode()


def return_xlsx(period: str, measure: str, numbers: dict[str, float]) -> bytes:
    """The same as a workbook."""
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADER)
        for row, (unit, number) in enumerate(numbers.items(), start=1):
            sheet.write_row(row, 0, (period, unit, measure, number))
    return stream.getvalue()


def put(path: Path, content: bytes) -> None:
    """Deliver a file whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.writing")
    beside.write_bytes(content)
    beside.replace(path)
