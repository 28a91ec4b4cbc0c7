"""What 市卫生健康委员会 would send: ambulance calls, emergencies, disputes, and counts of patients.

Belongs here: how often each record comes and what it says. Does not belong here: headers, words and file
formats, and anything of a patient.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from city.periods import Period
from simulator.world import World

_GRADES = {"general": 0.92, "larger": 0.07, "major": 0.01}


def deliveries(world: World, period: Period) -> dict[str, pl.DataFrame]:
    """Canonical rows of each record set of the month."""
    return {
        "ems_call": _ems_call(world, period),
        "health_emergency": _health_emergency(world, period),
        "medical_dispute": _medical_dispute(world, period),
        "disease_control_return": _disease_control_return(world, period),
        "mental_health_return": _mental_health_return(world, period),
    }


def _ems_call(world: World, period: Period) -> pl.DataFrame:
    rng = world.rng("health", "ems_call", period)
    calls = world.events(rng, 20.0, period, "health", county_only=0.005)
    n = calls.height
    called = world.times(rng, period, n)
    minutes = np.where(world.is_street, 10.0, 20.5) * (0.9 / world.quality("ems", period, 0.9)) ** 2
    arrived = world.after(rng, called, world.at(minutes, calls["unit_code"]) * 60, 0.45)
    arrived[rng.random(n) < 0.06] = np.datetime64("NaT")
    return calls.with_columns(
        record_id=world.record_ids("JJ", period, n),
        called_at=called,
        arrived_at=arrived,
    )


def _health_emergency(world: World, period: Period) -> pl.DataFrame:
    rng = world.rng("health", "health_emergency", period)
    emergencies = world.events(rng, 0.0028, period, "infectious")
    n = emergencies.height
    return emergencies.with_columns(
        record_id=world.record_ids("GW", period, n),
        occurred_at=world.times(rng, period, n),
        grade=world.choose(rng, _GRADES, n),
    )


def _medical_dispute(world: World, period: Period) -> pl.DataFrame:
    rng = world.rng("health", "medical_dispute", period)
    disputes = world.events(rng, 0.065, period, "health")
    n = disputes.height
    return disputes.with_columns(
        record_id=world.record_ids("YJ", period, n),
        occurred_at=world.times(rng, period, n, "office"),
    )


def _disease_control_return(world: World, period: Period) -> pl.DataFrame:
    rng = world.rng("health", "disease_control_return", period)
    doses = world.stock("vaccine_doses", 75.0, period)
    return world.monthly_return(
        {
            "infectious_cases": world.counts(rng, 0.16, period, "infectious"),
            "vaccine_doses_due": doses,
            "vaccine_doses_given": world.share_of(
                "vaccine_doses", doses, world.quality("vaccination", period, 0.965), period
            ),
        },
        period,
    )


def _mental_health_return(world: World, period: Period) -> pl.DataFrame:
    patients = world.stock("smi_patients", 48.0, period)
    return world.monthly_return(
        {
            "smi_patients": patients,
            "smi_patients_managed": world.share_of(
                "smi_patients", patients, world.quality("mental_health", period, 0.945), period
            ),
        },
        period,
    )
