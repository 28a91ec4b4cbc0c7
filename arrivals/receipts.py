"""The receipt (回执) that goes back to a department: what came, what became of it, and what to correct.

`receipts/<department>/<month>/<n>.json` and `.html`; a new number only when there is something new to say. Delivered
values appear masked, as in quarantine. The account itself is feeds' own receipt of each record set.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from arrivals.wording import STATUS, reason_words
from city.folder import City, Feed, RecordSet
from city.periods import Period
from city.state import StateFolder
from feeds.receipt import ACCEPTED, NOT_DELIVERED, Receipt
from gates.store import json_text, replace_text

if TYPE_CHECKING:
    from jinja2 import Template

COUNTS = ("received", "accepted", "quarantined", "other_month", "layout", "late")
_TEMPLATE = """<!DOCTYPE html>
<html lang="zh-CN"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ r.department_zh }} {{ r.period }} 报送回执</title>
<style>
body { font: 16px/1.6 "Noto Sans CJK SC", "Microsoft YaHei", system-ui, sans-serif; color: #1c2b36; margin: 0 auto;
  max-width: 64rem; padding: 2rem; }
.en { color: #566673; font-size: .9em; } .bad { color: #9c2f26; } .notice { background: #fbf6e9; padding: .6rem 1rem; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; margin: .6rem 0 1.2rem; }
th, td { text-align: left; vertical-align: top; padding: .4rem .6rem; border-bottom: 1px solid #d5dce1; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
</style></head><body>
<h1>报送回执 <span class="en">Receipt of deliveries</span></h1>
<p>{{ r.city_zh }} <span class="en">{{ r.city_en }}</span> · {{ r.department_zh }}
<span class="en">{{ r.department_en }}</span> · <b>{{ r.period }}</b> · 第{{ r.number }}次
<span class="en">no. {{ r.number }}</span> · {{ r.received_at }}</p>
{% if r.notice_zh %}<p class="notice" role="note">{{ r.notice_zh }}<br>
<span class="en" lang="en">{{ r.notice_en }}</span></p>{% endif %}
<table><caption class="en">收到 = 接收 + 退改 + 他月 + 版式行
received = accepted + quarantined + other month + layout</caption>
<thead><tr><th scope="col">记录集 <span class="en">record set</span></th>
<th scope="col">结果 <span class="en">outcome</span></th>
{% for zh, en in counts %}<th scope="col" class="n">{{ zh }} <span class="en">{{ en }}</span></th>{% endfor %}
</tr></thead><tbody>
{% for s in r.record_sets %}<tr><th scope="row">{{ s.title_zh }} <span class="en">{{ s.title_en }}</span></th>
<td{% if s.status != "accepted" %} class="bad"{% endif %}>{{ s.status_zh }}
<span class="en">{{ s.status_en }}</span></td>
{% for name in names %}<td class="n">{{ s[name] }}</td>{% endfor %}</tr>{% endfor %}
</tbody></table>
<h2>需要更正 <span class="en">What to correct</span></h2>
{% if not r.corrections_needed %}<p>无。<span class="en">Nothing.</span></p>{% endif %}
{% for s in r.record_sets if s.message or s.problems %}
<h3>{{ s.title_zh }} <span class="en">{{ s.title_en }}</span></h3>
{% if s.message %}<p class="bad">{{ s.status_zh }} <span lang="en">{{ s.message }}</span></p>
<p class="en" lang="en">What to do: {{ s.remedy }}</p>{% endif %}
{% if s.problems %}<table><thead><tr><th scope="col">问题 <span class="en">problem</span></th>
<th scope="col">列 <span class="en">column</span></th><th scope="col" class="n">行数 <span class="en">rows</span></th>
<th scope="col">位置 <span class="en">where</span></th>
<th scope="col">所报值（已遮盖） <span class="en">values (masked)</span></th>
<th scope="col">处理 <span class="en">what to do</span></th></tr></thead><tbody>
{% for p in s.problems %}<tr><td>{{ p.wrong_zh }} <span class="en">{{ p.wrong_en }}</span></td><td>{{ p.column }}</td>
<td class="n">{{ p.rows }}</td><td>{{ p.where }}</td><td>{{ p.examples | join("；") }}</td>
<td>{{ p.do_zh }}（{{ p.expected }}）<span class="en">{{ p.do_en }}</span></td></tr>{% endfor %}
</tbody></table>{% endif %}{% endfor %}
</body></html>
"""
_COUNT_WORDS = (
    ("收到", "received"), ("接收", "accepted"), ("退改", "quarantined"), ("他月", "other month"), ("版式行", "layout"),
    ("补报", "late"),
)  # fmt: skip


def write_receipt(
    city: City, state: StateFolder, feed: Feed, period: Period, receipts: Sequence[Receipt], now: datetime
) -> Path | None:
    """Write a department's receipt of a month when it says something new; answers the new .html, else None.

    A month of which nothing came and nothing was ever said gets no receipt: reminders speak of that.
    """
    content = receipt_content(city, feed, period, receipts)
    folder = state.receipts / feed.department.key / period
    earlier = latest_receipt(folder)
    if earlier is None and all(r.status == NOT_DELIVERED for r in receipts):
        return None
    number = 1 if earlier is None else int(earlier["number"]) + 1
    told = {k: v for k, v in (earlier or {}).items() if k not in ("number", "received_at")}
    if told == json.loads(json_text(content)):
        return None
    at = now.astimezone(ZoneInfo(city.time_zone)).isoformat(timespec="seconds")
    whole = {**content, "number": number, "received_at": at}
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / f"{number}.html"
    replace_text(page, render_receipt(whole))
    replace_text(folder / f"{number}.json", json_text(whole))  # last: a receipt is there when its account is
    return page


def latest_receipt(folder: Path) -> dict[str, Any] | None:
    """The last receipt of a department's month; None when there is none."""
    numbers = [int(p.stem) for p in folder.glob("*.json") if p.stem.isdigit()]
    if not numbers:
        return None
    content = json.loads((folder / f"{max(numbers)}.json").read_text(encoding="utf-8"))
    return dict(content)


def list_receipts(state: StateFolder, department_key: str | None = None) -> list[str]:
    """A line for the latest receipt of every department and month, or of one department."""
    lines = []
    for folder in sorted(state.receipts.glob(f"{department_key or '*'}/????-??")):
        content = latest_receipt(folder)
        if content is not None:
            counts = {name: sum(s[name] for s in content["record_sets"]) for name in ("received", "accepted")}
            wrong = content["corrections_needed"]
            lines.append(
                f"{content['period']}  {content['department_key']:<18} 第{content['number']}次  "
                f"{content['received_at']}  收到 received {counts['received']}, 接收 accepted {counts['accepted']}"
                + (f"  ✗ {wrong} 个记录集须更正 record sets to correct" if wrong else "")
            )
    return lines


def receipt_content(city: City, feed: Feed, period: Period, receipts: Sequence[Receipt]) -> dict[str, Any]:
    """What the receipt says, without number and clock."""
    by_name = {r.name: r for r in feed.record_sets}
    sets = [_record_set(by_name[receipt.record_set], receipt) for receipt in receipts]
    return {
        "city_zh": city.name_zh,
        "city_en": city.name_en,
        "department": feed.department.code,
        "department_key": feed.department.key,
        "department_zh": feed.department.name_zh,
        "department_en": feed.department.name_en,
        "period": period,
        "notice_zh": city.settings.get("notice_zh", "") if city.synthetic else "",
        "notice_en": city.settings.get("notice_en", "") if city.synthetic else "",
        "record_sets": sets,
        "corrections_needed": sum(bool(s["message"] or s["problems"]) for s in sets),
    }


def render_receipt(content: Mapping[str, Any]) -> str:
    """The receipt as a page that opens from disk without a network."""
    return _page().render(r=content, names=COUNTS, counts=_COUNT_WORDS)


@cache  # a backfill of two years writes 525 receipts
def _page() -> Template:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(_TEMPLATE)


def receipt_text(content: Mapping[str, Any]) -> str:
    """The receipt as lines of text, for a terminal and for a notice."""
    lines = [
        f"报送回执 receipt: {content['department_zh']} {content['department_en']} {content['period']} "
        f"第{content['number']}次 no. {content['number']}, {content['received_at']}",
        *filter(None, (content["notice_zh"], content["notice_en"])),
    ]
    for s in content["record_sets"]:
        counts = ", ".join(f"{zh} {en} {s[name]}" for name, (zh, en) in zip(COUNTS, _COUNT_WORDS, strict=True))
        lines += ["", f"{s['title_zh']} {s['title_en']}: {s['status_zh']} {s['status_en']}", f"  {counts}"]
        if s["message"]:
            lines += [f"  ✗ {s['message']}", f"    what to do 处理: {s['remedy']}"]
        for p in s["problems"]:
            lines.append(f"  ✗ {p['wrong_zh']} {p['wrong_en']}: {p['column']}, {p['rows']} 行 rows, {p['where']}")
            lines.append(f"    处理 what to do: {p['do_zh']} {p['do_en']}（{p['expected']}）")
    return "\n".join(lines)


def _record_set(record_set: RecordSet, receipt: Receipt) -> dict[str, Any]:
    zh, en = STATUS.get(receipt.status, (receipt.status, receipt.status))
    return {
        "name": record_set.name,
        "title_zh": record_set.title_zh,
        "title_en": record_set.title_en,
        "status": receipt.status,
        "status_zh": zh,
        "status_en": en,
        "files": [{k: f[k] for k in ("path", "sha256", "rows")} for f in receipt.files],
        **{name: getattr(receipt, name) for name in COUNTS},
        "message": "" if receipt.status == ACCEPTED and receipt.reported else receipt.message,
        "remedy": "" if receipt.status == ACCEPTED and receipt.reported else receipt.remedy,
        "earlier_delivery_in_force": bool(receipt.in_force),
        "notes": list(receipt.notes),
        "problems": [_problem(record_set, failure) for failure in receipt.failures],
    }


def _problem(record_set: RecordSet, failure: Mapping[str, Any]) -> dict[str, Any]:
    """A kind of failure in the department's own words: its header, its accepted values, file and line."""
    wrong_zh, wrong_en, do_zh, do_en = reason_words(str(failure["reason"]))
    column = str(failure["column"])
    headers = {c: h for h, c in record_set.columns.items()} | {
        f"unit_{part}": header for part, header in record_set.unit.items()
    }
    words = list(record_set.values.get(column, {}))
    listed = failure["reason"] in ("unknown_category", "unknown_measure") and words
    places = [f"{p['file']} 第 {p['line']} 行 line {p['line']}" for p in failure["places"]]
    more = int(failure["count"]) - len(places)
    return {
        "reason": failure["reason"],
        "wrong_zh": wrong_zh,
        "wrong_en": wrong_en,
        "do_zh": do_zh,
        "do_en": do_en,
        "column": headers.get(column, column),
        "rows": failure["count"],
        "expected": "、".join(str(w) for w in words) if listed else failure["expected"],
        "where": "; ".join(places) + (f"; … 另有 {more} 处 {more} more" if more > 0 else ""),
        "places": failure["places"],
        "examples": failure["values"],
        "details": failure["details"],
    }
