"""One asset per department, made by one factory over feeds.yaml, each with gate A as a blocking check."""

import logging
import time
from collections.abc import Sequence

import dagster as dg

from assets.city_resource import CityResource, run_months
from assets.gate_checks import months_verdict
from city import City, Feed, Period
from feeds.landing import land_department, read_receipt
from feeds.receipt import Receipt
from gates.feeds import feed_gate
from warehouse.window import run_window

log = logging.getLogger("pingan.feeds")


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
        earlier = [
            p for p in needed if p < months[0] and any(read_receipt(state, r, p) is None for r in feed.record_sets)
        ]
        for number, period in enumerate([*earlier, *months], start=1):
            receipts += land_department(
                city,
                state,
                department.key,
                period,
                city_resource.sources_of(state),
                city_resource.environment,
            )
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
            metadata=_metadata(receipts, months),
            check_results=[months_verdict(context, "gate_a", key, verdicts)],
        )

    return landed


def _metadata(receipts: Sequence[Receipt], months: Sequence[Period]) -> dict[str, dg.MetadataValue]:
    """What the UI shows of a delivery: the account of rows, a masked preview, what failed the contract."""
    shown = [r for r in receipts if r.period in set(months)]
    account = [
        dg.TableRecord(
            {
                "period": r.period,
                "record_set": r.record_set,
                "status": r.status,
                "received": r.received,
                "accepted": r.accepted,
                "quarantined": r.quarantined,
                "other_month": r.other_month,
                "layout": r.layout,
            }
        )
        for r in shown
    ]
    failures = [
        dg.TableRecord(
            {
                "period": r.period,
                "record_set": r.record_set,
                "reason": str(f.get("reason")),
                "column": str(f.get("column")),
                "rows": int(f.get("count", 0)),
                "places": ", ".join(str(place) for place in f.get("places", [])[:10]),
                "expected": str(f.get("expected")),
            }
        )
        for r in shown
        for f in r.failures
    ]
    metadata: dict[str, dg.MetadataValue] = {
        "dagster/row_count": dg.MetadataValue.int(sum(r.accepted for r in shown)),
        "rows received": dg.MetadataValue.int(sum(r.received for r in shown)),
        "rows quarantined": dg.MetadataValue.int(sum(r.quarantined for r in shown)),
        "months": dg.MetadataValue.text(f"{months[0]} … {months[-1]}"),
        "account of rows": dg.MetadataValue.table(account[-200:], schema=_schema(account)),
        "contract failures": dg.MetadataValue.table(failures[-200:], schema=_schema(failures)),
    }
    for receipt in shown[-12:]:
        if receipt.preview:
            metadata[f"preview {receipt.record_set}"] = dg.MetadataValue.json(receipt.preview[:5])
    return metadata


def _schema(records: Sequence[dg.TableRecord]) -> dg.TableSchema:
    columns = records[0].data if records else {"period": "", "record_set": ""}
    return dg.TableSchema(
        [dg.TableColumn(name, "int" if isinstance(value, int) else "string") for name, value in columns.items()]
    )
