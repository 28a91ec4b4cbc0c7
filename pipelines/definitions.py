"""The code location of a city: assets, jobs, schedules and sensors. `defs` is that of the city that PINGAN_CITY names;
several cities beside one another are in code_locations.

Only assembly: no asset's body, no reading of deliveries. Every job runs in one process, because a process per step
costs 277 s for a month of 21 feeds where one process needs 16 s.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import dagster as dg

from assets.city_resource import CityResource
from assets.dbt_resource import InstalledDbt
from assets.feeds import feed_assets
from assets.index import candidate_asset, city_folder_spec, index_assets
from assets.publication import publication_asset
from assets.rendering import rendering_asset
from city import City
from pipelines.automation import (
    daily_schedules,
    delivery_sensor,
    freshness_check,
    held_months_sensor,
    notices_sensor,
    reminders_job,
    run_sensors,
)
from pipelines.settings import Settings, code_version, settings
from warehouse.dbt import PROJECT, build_manifest, dbt_executable, profiles_folder


def month_partitions(city: City) -> dg.MonthlyPartitionsDefinition:
    """Months of the city in its own time zone, `2022-01`."""
    return dg.MonthlyPartitionsDefinition(
        start_date=city.first_month, timezone=city.time_zone, fmt="%Y-%m", end_offset=0
    )


def jobs(city: City, partitions: dg.PartitionsDefinition[str]) -> dict[str, Any]:
    """Jobs by name. `backfill` is monthly_index for a range of months in one run, without publishing."""
    publication = dg.AssetSelection.groups("publication")
    fresh = dg.AssetSelection.checks(dg.AssetCheckKey(issue_key(city), "latest_closed_month_is_published"))
    everything = dg.AssetSelection.all() - fresh
    common: dict[str, Any] = {"partitions_def": partitions, "executor_def": dg.in_process_executor}
    return {
        "monthly_index": dg.define_asset_job(
            "monthly_index", everything, description="A month from its feeds to its publication.", **common
        ),
        "backfill": dg.define_asset_job(
            "backfill",
            everything - publication,
            description="A range of months in one run, from the feeds to the gates; nothing is published.",
            **common,
        ),
        "publish": dg.define_asset_job(
            "publish", publication - fresh, description="Publish months that have passed their gates.", **common
        ),
        "deliveries": dg.define_asset_job(
            "deliveries", dg.AssetSelection.groups("feeds"), description="Land departments' deliveries.", **common
        ),
        "freshness": dg.define_asset_job(
            "freshness",
            fresh,
            executor_def=dg.in_process_executor,
            description="Is the latest month that should be out published?",
        ),
    }


def issue_key(city: City) -> dg.AssetKey:
    """`tianshui/publication/issue`."""
    return dg.AssetKey([city.key, "publication", "issue"])


def monthly_publication(city: City, job: Any) -> Any:
    """Publish the month that closed, on the day and hour that city.yaml gives."""
    when = city.settings["publication"]
    return dg.build_schedule_from_partitioned_job(
        job,
        name="monthly_publication",
        day_of_month=int(when["day"]),
        hour_of_day=int(when["hour"]),
        minute_of_hour=int(when.get("minute", 0)),
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=f"Requests the month that closed, day {when['day']} at {when['hour']}:00 {city.time_zone}.",
    )


def build_definitions(where: Settings, resources: Mapping[str, Any] | None = None) -> dg.Definitions:
    """Definitions of the city that the settings name; `resources` replaces single resources in tests."""
    # Backfill policies are beta in Dagster 1.13; the notice appears once per asset and tells users nothing.
    warnings.filterwarnings("ignore", category=dg.BetaWarning)
    warnings.filterwarnings("ignore", category=dg.PreviewWarning)
    city, state, sources = where.load()
    manifest = build_manifest(city, state)
    partitions = month_partitions(city)
    own_jobs = jobs(city, partitions)
    reminding = reminders_job()
    return dg.Definitions(
        assets=[
            city_folder_spec(city),
            *feed_assets(city, partitions),
            index_assets(city, manifest, partitions),
            candidate_asset(city, partitions),
            publication_asset(city, partitions),
            rendering_asset(city, partitions, where.renderings),
        ],
        asset_checks=[freshness_check(city)],
        jobs=[*own_jobs.values(), reminding],
        schedules=[
            monthly_publication(city, own_jobs["monthly_index"]),
            *daily_schedules(city, reminding, own_jobs["freshness"]),
        ],
        sensors=[
            delivery_sensor(city, own_jobs["deliveries"], where.look_seconds),
            held_months_sensor(city, own_jobs["publish"]),
            notices_sensor(),
            *run_sensors(city),
        ],
        executor=dg.in_process_executor,
        resources={
            "city_resource": CityResource(
                city_name=str(city.folder),
                home=str(where.home),
                sources=sources,
                code_version=code_version(),
            ),
            "dbt": InstalledDbt(
                project_dir=str(PROJECT),
                profiles_dir=str(profiles_folder(state)),
                dbt_executable=dbt_executable(),
                global_config_flags=["--no-use-colors"],
            ),
            **(resources or {}),
        },
    )


@dg.definitions
def defs() -> dg.Definitions:
    """The code location of the city that the environment names."""
    return build_definitions(settings())
