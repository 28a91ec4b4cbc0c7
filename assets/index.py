"""The dbt models as assets, and the release candidate that comes out of them."""

import logging
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any

import dagster as dg
from dagster_dbt import (
    DagsterDbtTranslator,
    DagsterDbtTranslatorSettings,
    DbtCliResource,
    DbtProject,
    dbt_assets,
)

from assets.city_resource import CityResource, run_months
from assets.feeds import feed_key
from assets.gate_checks import months_verdict
from city import City
from city.locks import candidates_lock
from feeds.landed import month_receipts
from gates.expectations import load_library
from gates.feeds import feed_gate
from gates.model import model_gate
from gates.store import read_gate, write_gate
from warehouse.candidates import write_candidates
from warehouse.contents import TableContents, warehouse_contents
from warehouse.dbt import dbt_arguments, run_target
from warehouse.filling import fill_warehouse, warehouse_lock
from warehouse.processes import prepare_forked_processes, shares_months
from warehouse.window import run_window

log = logging.getLogger("pingan.index")

#: dbt's words for a longer range: two models compute contributions for seconds under one Python lock, and the other
#: threads have the second processor meanwhile.
_RANGE_THREADS = ["--threads", "4"]
#: The model that needs most memory: Great Expectations (0.2 GiB) is imported when it is through.
_WIDEST = ".indicator_windows"


def city_folder_spec(city: City) -> dg.AssetSpec:
    """What the models read besides deliveries: not made here, so only named."""
    return dg.AssetSpec(
        [city.key, "city_folder"],
        group_name="city",
        kinds={"csv", "yaml"},
        owners=["team:index_office"],
        description=f"{city.name_zh} {city.name_en}: units, populations, measures, framework, reference, rules.",
    )


class CityTranslator(DagsterDbtTranslator):
    """Names and groups: `tianshui/measures/police`, sources as the departments' feeds.

    An index month reads feed months t-24 … t, which an offset partition mapping would say. It is not said: Dagster puts
    assets in one run only when their mapping is the identity (1.13.27), and a range is to be one run. Nothing is lost
    by it, because a run lands the earlier months that were never tried itself (assets/feeds.py).
    """

    def __init__(self, city: City) -> None:
        """For one city; several departments' record sets lead to one feed asset, so sources may share a key."""
        super().__init__(DagsterDbtTranslatorSettings(enable_duplicate_source_asset_keys=True))
        self._city = city

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """Sources of `landing` are feeds, those of `city` the city's folder; models are named by their room."""
        name = dbt_resource_props["name"]
        if dbt_resource_props["resource_type"] == "source":
            if dbt_resource_props["source_name"] == "landing":
                return feed_key(self._city.key, name.partition("__")[0])
            return dg.AssetKey([self._city.key, "city_folder"])
        return dg.AssetKey([self._city.key, self._room(dbt_resource_props), name])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """The room: measures, indicators, indices, release."""
        return self._room(dbt_resource_props)

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> list[str]:
        """A department owns its measures; the index office owns the rest."""
        name = dbt_resource_props["name"]
        departments = {department.key for department in self._city.departments}
        theirs = self._room(dbt_resource_props) == "measures" and name in departments
        return [f"team:{name}" if theirs else "team:index_office"]

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None) -> dg.AssetSpec:
        """Finished numbers are read from every feed that has a monthly return, which dbt cannot know."""
        spec = super().get_asset_spec(manifest, unique_id, project)
        if unique_id.endswith(".own_measures"):
            returning = [f for f in self._city.feeds if any(r.is_monthly_return for r in f.record_sets)]
            feeds = [dg.AssetDep(feed_key(self._city.key, f.department.key)) for f in returning]
            return spec.merge_attributes(deps=feeds)
        return spec

    @staticmethod
    def _room(dbt_resource_props: Mapping[str, Any]) -> str:
        folder = str(dbt_resource_props["original_file_path"]).split("/")[1]
        return "measures" if folder == "spine" else folder


def index_assets(city: City, manifest: Path, partitions: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    """All dbt models as one step: fill the warehouse, build, judge gate B by month, take the candidates out."""

    @dbt_assets(
        manifest=manifest,
        name=f"{city.key}_index",
        partitions_def=partitions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        dagster_dbt_translator=CityTranslator(city),
    )
    def index(context: dg.AssetExecutionContext, city_resource: CityResource, dbt: DbtCliResource) -> Iterator[Any]:
        own_city, state = city_resource.load()
        months = run_months(context)
        window = run_window(own_city, months[0], months[-1])
        began = time.monotonic()
        with warehouse_lock(state):
            receipts = fill_warehouse(own_city, state, window)
            log.info("dbt: %s … %s, reading feeds from %s", months[0], months[-1], window.measures_from)
            shared = shares_months(len(months))
            if not shared:
                Thread(target=load_library, daemon=True).start()  # for gate C, while dbt, another process, works
            target = run_target(state, context.run_id)
            words = dbt_arguments(own_city, ["build"]) + (_RANGE_THREADS if shared else [])
            invocation = dbt.cli(words, context=context, target_path=target)
            events = []
            for event in invocation.stream():
                events.append(event)
                if shared and _unique_id(event).endswith(_WIDEST):
                    prepare_forked_processes()
            contents = warehouse_contents(state, window)
            verdicts = model_gate(state, invocation.target_path / "run_results.json", months)
            with candidates_lock(state), ThreadPoolExecutor(1) as beside:
                # beside Dagster's records of each model and month: 1.3 s for one month, 3 s for 36
                writing = beside.submit(write_candidates, own_city, state, receipts, months, city_resource.code_version)
                yield from (_described(event, contents) for event in events)
                writing.result()
                for period in months:
                    write_gate(state, verdicts[period])
        log.info("dbt and %d release candidates: %.1f s", len(months), time.monotonic() - began)

    return index


def _unique_id(event: Any) -> str:
    """Of the model that an output is of; empty for another event."""
    told = event.metadata.get("unique_id") if isinstance(event, dg.Output) else None
    return str(told.value) if told else ""


def _described(event: Any, contents: Mapping[str, TableContents]) -> Any:
    """A model's materialisation with its rows and columns, which dbt's own events do not carry."""
    table = contents.get(_unique_id(event).rpartition(".")[2])
    if table is None:
        return event
    columns = [dg.TableColumn(name, kind) for name, kind in table.columns]
    return event.with_metadata(
        {
            **event.metadata,
            "dagster/row_count": dg.MetadataValue.int(table.rows),
            "rows in the months of this run": dg.MetadataValue.int(table.rows_released),
            "dagster/column_schema": dg.MetadataValue.table_schema(dg.TableSchema(columns)),
        }
    )


def candidate_asset(city: City, partitions: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    """The release tables of each month, with gates A (all feeds together), B and C as blocking checks."""
    key = dg.AssetKey([city.key, "release", "release_candidate"])
    upstream = (
        *("release_scores", "release_values", "release_measures", "release_vetoes"),
        *("contributions", "member_contributions"),
    )

    @dg.asset(
        key=key,
        deps=[dg.AssetKey([city.key, "release", name]) for name in upstream],
        partitions_def=partitions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        group_name="release",
        kinds={"parquet", "greatexpectations"},
        owners=["team:index_office"],
        description="What will be published if it passes: the release tables of a month as ordered Parquet.",
        check_specs=[
            dg.AssetCheckSpec("gate_a", asset=key, blocking=True, description="Gate A: all departments' deliveries."),
            dg.AssetCheckSpec("gate_b", asset=key, blocking=True, description="Gate B: dbt's tests of the month."),
            dg.AssetCheckSpec(
                "gate_c",
                asset=key,
                blocking=True,
                description="Gate C: Great Expectations on the release tables.",
            ),
        ],
    )
    def release_candidate(context: dg.AssetExecutionContext, city_resource: CityResource) -> dg.MaterializeResult:  # type: ignore[type-arg]  # Dagster knows only the bare class
        from gates.range import evaluate_release_gates
        from publication.holding import gates_passed

        own_city, state = city_resource.load()
        months = run_months(context)
        began = time.monotonic()
        feeds, models = {}, {}
        with candidates_lock(state), ThreadPoolExecutor(1) as beside:
            judging = beside.submit(evaluate_release_gates, own_city, state, months)
            for period in months:
                feeds[period] = feed_gate(own_city, state, period, month_receipts(own_city, state, period))
                write_gate(state, feeds[period])
                stored = read_gate(state, period, "B")
                if stored is None:
                    raise dg.Failure(f"{period}: gate B has no result; materialise the models of the month first")
                models[period] = stored
            releases = judging.result()
            for period in months:
                write_gate(state, releases[period])
                if feeds[period].passed and models[period].passed and releases[period].passed:
                    gates_passed(state, own_city, period, state.candidate(period), datetime.now(UTC))
        log.info("gates of %d months: %.1f s", len(months), time.monotonic() - began)
        return dg.MaterializeResult(
            metadata={
                "months": dg.MetadataValue.text(f"{months[0]} … {months[-1]}"),
                "folder": dg.MetadataValue.path(str(state.candidate(months[-1]))),
            },
            check_results=[
                months_verdict(context, "gate_a", key, feeds),
                months_verdict(context, "gate_b", key, models),
                months_verdict(context, "gate_c", key, releases),
            ],
        )

    return release_candidate
