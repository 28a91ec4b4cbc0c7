"""Who must be reminded of a delivery, and who must be warned on the eve of publication.

A reminder goes out on the due day to a department of which something required is not there, a warning on the eve of
publication, which says what will happen by the rules: carried forward, or not published. Each once. Looking for the
deliveries puts on record that they came, or were not there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from arrivals.due_days import closed_month, due_date, eve_of_publication, publication_time
from arrivals.looking import look
from arrivals.record import note_absent, note_found, read_arrival
from city.folder import City, Feed, RecordSet
from city.periods import Period, month_index
from city.state import StateFolder
from feeds.landed import read_receipt
from feeds.readers import delivers_by_month
from feeds.receipt import NOT_DELIVERED, Receipt
from gates.feeds import feed_gate
from notices.outbox import INFO, WARNING, Notice


def reminders(
    city: City, state: StateFolder, sources: str, environment: Mapping[str, str], now: datetime
) -> list[Notice]:
    """Notices that are due now for the month that closed; whether they were sent before is the outbox's business."""
    period = closed_month(city, now)
    if month_index(period) < month_index(city.first_month):
        return []
    today = now.astimezone(ZoneInfo(city.time_zone)).date()
    notices = []
    for feed in city.feeds:
        missing = missing_deliveries(city, state, feed, period, sources, environment, now)
        if missing and today >= eve_of_publication(city, period):
            notices.append(_warning(city, state, feed, period, missing))
        elif missing and today >= due_date(feed, period):
            notices.append(_reminder(city, feed, period, missing))
    return notices


def missing_deliveries(
    city: City,
    state: StateFolder,
    feed: Feed,
    period: Period,
    sources: str,
    environment: Mapping[str, str],
    now: datetime,
) -> list[RecordSet]:
    """Required record sets of which nothing has come; what is found, or is not there, is put on record.

    A place that cannot be reached says nothing about the delivery: it counts as missing and is not recorded.
    """
    missing = []
    for record_set in feed.record_sets:
        if read_arrival(state, record_set, period).first_at:
            continue
        if not delivers_by_month(record_set):  # one place holds all months: only landing sees whether this one is in it
            receipt = read_receipt(state, record_set, period)
            came = receipt is not None and receipt.reported
        else:
            found = look(record_set, period, sources, environment)
            came = found.whole
            if came:
                note_found(city, state, record_set, period, found.digest, now)
            elif not found.fault:
                note_absent(city, state, record_set, period, now)
        if not came and record_set.required:
            missing.append(record_set)
    return missing


def _reminder(city: City, feed: Feed, period: Period, missing: Sequence[RecordSet]) -> Notice:
    due = due_date(feed, period).isoformat()
    return Notice(
        key=f"reminder/{period}/{feed.department.key}",
        kind="reminder",
        severity=INFO,
        subject_zh=f"{feed.department.name_zh} {period} 数据今日到期（{due}）",
        subject_en=f"{feed.department.name_en}: deliveries of {period} are due ({due})",
        text_zh=f"{feed.department.name_zh}：{period} 的下列数据尚未收到，报送期限 {due}：\n{_zh(missing)}",
        text_en=f"{feed.department.name_en}: of {period} the following has not come; it is due on {due}:\n"
        f"{_en(missing)}",
        period=period,
        department=feed.department.code,
    )


def _warning(city: City, state: StateFolder, feed: Feed, period: Period, missing: Sequence[RecordSet]) -> Notice:
    absent = [Receipt(r.department, r.department_key, r.name, period, NOT_DELIVERED, False, "absent") for r in missing]
    carried = feed_gate(city, state, period, absent).passed
    at = publication_time(city, period).isoformat(timespec="minutes")
    then_zh = "届时将沿用上期数值。" if carried else "届时本月指数将不能发布。"
    then_en = "Its last values will then be carried forward." if carried else "The month will then not be published."
    return Notice(
        key=f"warning/{period}/{feed.department.key}",
        kind="warning",
        severity=WARNING,
        subject_zh=f"{feed.department.name_zh} {period} 数据仍未报送，{at} 发布",
        subject_en=f"{feed.department.name_en}: deliveries of {period} are missing before publication at {at}",
        text_zh=f"{feed.department.name_zh}：{period} 的下列数据仍未收到，{at} 发布。{then_zh}\n{_zh(missing)}",
        text_en=f"{feed.department.name_en}: of {period} the following has not come; publication is at {at}. "
        f"{then_en}\n{_en(missing)}",
        period=period,
        department=feed.department.code,
    )


def _zh(record_sets: Sequence[RecordSet]) -> str:
    return "\n".join(f"· {r.title_zh}（{r.name}）" for r in record_sets)


def _en(record_sets: Sequence[RecordSet]) -> str:
    return "\n".join(f"· {r.title_en} ({r.name})" for r in record_sets)
