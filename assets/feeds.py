"""One asset per department, made by one factory over feeds.yaml, each with gate A as a blocking check."""

import logging
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from arrivals.taking import note_delivery, receipt_notice
from arrivals.timeliness import WORDS, timeliness_of
from assets.city_resource import CityResource, run_months
from assets.gate_checks import months_verdict
from city import City, Feed, Period
from feeds.landed import was_tried
from feeds.landing import land_department
from feeds.receipt import ACCEPTED, Receipt
from gates.feeds import feed_gate
from notices.outbox import raise_notice
from warehouse.window import run_window

log = logging.getLogger("pingan.feeds")

#: Lines of a table in the UI.
SHOWN = 100


def feed_assets(city: City, partitions: dg.PartitionsDefinition[str]) -> list[dg.AssetsDefinition]:
    """Assets of all departments, in the order of feeds.yaml."""
    return [_feed_asset(city, feed, partitions) for feed in city.feeds]


def feed_key(city_key: str, department_key: str) -> dg.AssetKey:
    """`tianshui/feeds/police`."""
    return dg.AssetKey([city_key, "feeds", department_key])


def _feed_asset(city: City, feed: Feed, partitions: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    department = feed.department
    key = feed_key(city.key, department.key)
    record_sets = "\n".join(f"* `{r.name}` {r.title_zh} / {r.title_en} ({r.reader})" for r in feed.record_sets)

    @dg.asset(
        key=key,
        partitions_def=partitions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        group_name="feeds",
        kinds={"python", "parquet"},
        owners=[f"team:{department.key}"],
        tags={"department": department.code},
        description=f"{department.name_zh} {department.name_en}: deliveries landed and checked.\n\n{record_sets}",
        check_specs=[
            dg.AssetCheckSpec(
                "gate_a",
                asset=key,
                blocking=True,
                description="Readable, complete columns, little quarantined, no required record set missing.",
            )
        ],
    )
    def landed(context: dg.AssetExecutionContext, city_resource: CityResource) -> dg.MaterializeResult:  # type: ignore[type-arg]  # Dagster knows only the bare class
        city, state = city_resource.load()
        months = run_months(context)
        receipts: list[Receipt] = []
        began = shown = time.monotonic()
        needed = run_window(city, months[0], months[-1]).feed_months
        earlier = [p for p in needed if p < months[0] and not all(was_tried(state, r, p) for r in feed.record_sets)]
        for number, period in enumerate([*earlier, *months], start=1):
            place = (city_resource.sources_of(state), city_resource.environment)
            taken = land_department(city, state, department.key, period, *place)
            now = datetime.now(UTC)
            page = note_delivery(city, state, feed, period, taken, *place, now=now)
            if page is not None and "pingan/arrival" in context.run.tags:  # a backfill sends no mails
                raise_notice(city, state, receipt_notice(city, feed, period, page), now)
            receipts += taken
            if time.monotonic() - shown > 2:
                shown = time.monotonic()
                log.info("%s: %s, %d of %d months", department.key, period, number, len(earlier) + len(months))
        rows = sum(r.received for r in receipts)
        log.info(
            "%s %s: %s rows in %d months, %.1f s",
            *(
                department.key,
                department.name_zh,
                f"{rows:,}",
                len(earlier) + len(months),
                time.monotonic() - began,
            ),
        )
        verdicts = {
            period: feed_gate(city, state, period, [r for r in receipts if r.period == period]) for period in months
        }
        return dg.MaterializeResult(
            metadata={
                **_metadata(receipts, months),
                "timeliness": _table(
                    [
                        {
                            "month": row.period,
                            "due": row.due,
                            "delivered": f"{row.delivered} / {row.expected}",
                            "complete": row.complete_at,
                            "": " ".join(WORDS[row.state]),
                            "days late": row.late_days,
                        }
                        for row in timeliness_of(city, state, feed, months[-1], datetime.now(UTC))
                    ]
                ),
            },
            check_results=[months_verdict(context, "gate_a", key, verdicts)],
        )

    return landed


def _metadata(receipts: Sequence[Receipt], months: Sequence[Period]) -> dict[str, dg.MetadataValue]:
    """What the UI shows of a delivery: the account of rows, what failed the contract, masked first rows."""
    shown = [r for r in receipts if r.period in set(months)]
    last = [r for r in shown if r.period == months[-1]]
    metadata: dict[str, dg.MetadataValue] = {
        "dagster/row_count": dg.MetadataValue.int(sum(r.accepted for r in shown)),
        "dagster/column_schema": dg.MetadataValue.table_schema(_columns(last)),
        "months": dg.MetadataValue.text(months[0] if len(months) == 1 else f"{months[0]} … {months[-1]}"),
        "account of rows": _table(_account(shown)),
        "contract failures": _table(_failures(shown)),
    }
    for receipt in last:
        if receipt.preview:
            metadata[f"first rows of {receipt.record_set}"] = _table(receipt.preview)
    return metadata


def _account(receipts: Sequence[Receipt]) -> list[dict[str, Any]]:
    """Received = accepted + quarantined + of another month + layout, a line per record set over the run's months."""
    counts = ("received", "accepted", "quarantined", "other_month", "layout")
    by_record_set: dict[str, list[Receipt]] = {}
    for receipt in receipts:
        by_record_set.setdefault(receipt.record_set, []).append(receipt)
    return [
        {
            "record set": name,
            "months": len(own),
            **{count: sum(getattr(r, count) for r in own) for count in counts},
            "not accepted": ", ".join(f"{r.period} {r.status}" for r in own if r.status != ACCEPTED),
        }
        for name, own in by_record_set.items()
    ]


def _failures(receipts: Sequence[Receipt]) -> list[dict[str, Any]]:
    rows = [
        {
            "month": receipt.period,
            "record set": receipt.record_set,
            "reason": failure["reason"],
            "column": failure["column"],
            "rows": failure["count"],
            "expected": failure["expected"],
            "first places": ", ".join(f"{p['file']}:{p['line']}" for p in failure["places"][:3]),
        }
        for receipt in receipts
        for failure in receipt.failures
    ]
    return sorted(rows, key=lambda row: -row["rows"])[:SHOWN]


def _columns(receipts: Sequence[Receipt]) -> dg.TableSchema:
    return dg.TableSchema(
        [dg.TableColumn(f"{r.record_set}.{name}", kind) for r in receipts for name, kind in r.columns.items()]
    )


def _table(rows: Sequence[Mapping[str, Any]]) -> dg.MetadataValue:
    if not rows:
        return dg.MetadataValue.text("none")
    records = [dg.TableRecord({k: v if _plain(v) else str(v) for k, v in row.items()}) for row in rows]
    kinds = {name: "int" if isinstance(value, int) else "string" for name, value in records[0].data.items()}
    return dg.MetadataValue.table(records, schema=dg.TableSchema([dg.TableColumn(n, k) for n, k in kinds.items()]))


def _plain(value: object) -> bool:
    return value is None or isinstance(value, str | int | float | bool)
