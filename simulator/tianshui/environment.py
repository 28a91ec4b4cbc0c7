"""What 市生态环境局 would send: air, water, emergencies, complaints, problems, hazardous waste.

Belongs here: how often each record comes and what it says. Does not belong here: headers, words and file
formats.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from city.periods import Period
from simulator.seasons import season
from simulator.world import Floats, Texts, World, last_day, month_start

#: Dust from the north-west in spring and ozone in summer spoil days whose PM2.5 is low: share by month.
_OTHER_POLLUTION = (0.02, 0.03, 0.08, 0.08, 0.06, 0.05, 0.05, 0.04, 0.02, 0.01, 0.02, 0.02)
_GRADES = {"general": 0.92, "larger": 0.07, "major": 0.01}


def deliveries(world: World, period: Period) -> dict[str, pl.DataFrame]:
    """Canonical rows of each record set of the month."""
    return {
        "air_daily": _air_daily(world, period),
        "air_station_service": _air_station_service(world, period),
        "water_section": _water_section(world, period),
        "water_source": _water_source(world, period),
        "env_emergency": _env_emergency(world, period),
        "env_complaint": _env_complaint(world, period),
        "env_problem": world.deadline_cases(
            world.rng("environment", "env_problem", period),
            1.1,
            period,
            topic="environment",
            on_time=world.quality("env_problems", period, 0.945),
            prefix="HJWT",
            days=30,
            county_only=0.02,
        ),
        "hazwaste": _hazwaste(world, period),
    }


def _stations(world: World) -> tuple[Texts, Texts]:
    """Stations' numbers and townships: the three most populous townships of a large county, two of a small one."""
    residents = world.units["residents"].to_numpy()
    places: list[str] = []
    for county in world.counties:
        inside = np.flatnonzero(world.unit_county == county)
        count = 3 if len(inside) > 16 else 2
        busiest = inside[np.argsort(-residents[inside], kind="stable")[:count]]
        places.extend(sorted(world.unit_codes[busiest].tolist()))
    numbers = np.array([f"62050{n:02d}A" for n in range(1, len(places) + 1)])
    return numbers, np.array(places)


def _air_daily(world: World, period: Period) -> pl.DataFrame:
    rng = world.rng("environment", "air_daily", period)
    stations, places = _stations(world)
    start = month_start(period).astype("datetime64[D]")
    days = np.arange(start, (start.astype("datetime64[M]") + 1).astype("datetime64[D]"))
    month = int(period[5:])
    n = len(stations) * len(days)
    dirt = world.generator("environment", "air", "station").normal(0, 0.13, len(stations))
    # One weather for the whole city: days follow each other, stations differ a little.
    weather = np.convolve(rng.normal(0, 0.42, len(days) + 2), (0.6, 0.5, 0.6), mode="valid")
    log = np.add.outer(dirt, weather) + rng.normal(0, 0.12, (len(stations), len(days)))
    pm25 = (23.0 * season("air", month) * np.exp(log)).ravel()
    valid = rng.random(n) < 0.985
    measured = valid & (rng.random(n) < 0.99)
    other = np.tile(rng.random(len(days)) < _OTHER_POLLUTION[month - 1], len(stations))
    return pl.DataFrame(
        {
            "record_id": world.record_ids("KQ", period, n),
            "unit_code": np.repeat(places, len(days)),
            "station": np.repeat(stations, len(days)),
            "day": np.tile(days, len(stations)),
            "valid": valid,
            "good": (pm25 <= 75) & ~(other & (rng.random(n) < 0.9)),
            "pm25_tenths": np.rint(pm25 * 10).astype(np.int64),
        }
    ).with_columns(
        pl.when("valid").then("good").alias("good"),
        pl.when(pl.Series(measured)).then("pm25_tenths").alias("pm25_tenths"),
    )


def _air_station_service(world: World, period: Period) -> pl.DataFrame:
    """Each township with its nearest station; nearness in the order of codes stands in for distance."""
    stations, places = _stations(world)
    place = np.searchsorted(world.unit_codes, places)
    distance = np.abs(np.subtract.outer(np.arange(world.n), place)).astype(np.float64)
    distance[world.unit_county[:, None] != world.unit_county[place][None, :]] = np.inf
    return pl.DataFrame(
        {
            "record_id": [f"FW-{n:03d}" for n in range(1, world.n + 1)],
            "unit_code": world.unit_codes,
            "as_of": [last_day(period)] * world.n,
            "station": stations[np.argmin(distance, axis=1)],
        }
    )


def _water_section(world: World, period: Period) -> pl.DataFrame:
    sections = world.ledger(("environment", "water_section"), 0.13, period, prefix="DM")
    u = world.item_uniform(sections, "water_section/target")
    target = np.where(u < 0.3, 2, np.where(u < 0.85, 3, 4))
    reached = world.flags(sections, "water_section", world.quality("water", period, 0.95), period)
    month = world.rng("environment", "water_section", period).random(len(sections))
    quality = np.where(reached, target - (month < 0.45), target + 1 + (month < 0.1))
    # Sections on the boundary of two townships are known to their county only: the first 6 digits of the code.
    boundary = world.item_uniform(sections, "water_section/boundary") < 0.2
    return sections.with_columns(
        pl.when(pl.Series(boundary)).then(pl.col("unit_code").str.head(6)).otherwise("unit_code").alias("unit_code"),
        quality_class=quality.astype(np.int64),
        target_class=target.astype(np.int64),
    )


def _water_source(world: World, period: Period) -> pl.DataFrame:
    sources = world.ledger(("environment", "water_source"), 0.15, period, prefix="SYD")
    compliant = world.flags(sources, "water_source", world.quality("water_sources", period, 0.975), period)
    return sources.with_columns(compliant=compliant)


def _env_emergency(world: World, period: Period) -> pl.DataFrame:
    rng = world.rng("environment", "env_emergency", period)
    emergencies = world.events(rng, 0.0010, period, "environment")
    n = emergencies.height
    return emergencies.with_columns(
        record_id=world.record_ids("TF", period, n),
        occurred_at=world.times(rng, period, n, "even"),
        grade=world.choose(rng, _GRADES, n),
    )


def _env_complaint(world: World, period: Period) -> pl.DataFrame:
    rng = world.rng("environment", "env_complaint", period)
    complaints = world.events(rng, 2.0, period, "environment", county_only=0.02)
    n = complaints.height
    return complaints.with_columns(
        record_id=world.record_ids("HJTS", period, n),
        occurred_at=world.times(rng, period, n),
    )


def _hazwaste(world: World, period: Period) -> pl.DataFrame:
    """Producers of very unequal size; what is not disposed of in its month mostly goes in the next."""
    rng = world.rng("environment", "hazwaste", period)
    producers = world.ledger(("environment", "hazwaste"), 0.7, period, prefix="CF")
    n = len(producers)
    size = 400 * np.exp(1.3 * _normal(world.item_uniform(producers, "hazwaste/size")))
    generated = np.rint(size * rng.lognormal(0, 0.25, n)).astype(np.int64)
    orderly = world.flags(producers, "hazwaste", world.quality("hazwaste", period, 0.90), period)
    share = np.where(orderly, 1 + rng.normal(0, 0.02, n), rng.uniform(0.70, 0.97, n))
    disposed = np.rint(generated * share).astype(np.int64)
    return producers.with_columns(generated_kg=generated, disposed_kg=disposed)


def _normal(uniform: Floats) -> Floats:
    """Numbers in 0..1 as about standard normal ones, by the logistic approximation."""
    inner = np.clip(uniform, 0.001, 0.999)
    out: Floats = np.log(inner / (1 - inner)) / 1.702
    return out
