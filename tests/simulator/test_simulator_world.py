"""The world is the same whichever months are asked for, and its indicators hang together."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from city.folder import City
from simulator.world import Floats, World, month_start

MONTHS = ("2021-01", "2022-07", "2023-01")


@pytest.fixture
def world(small_city: City) -> World:
    return World(small_city)


def test_a_month_is_the_same_in_whatever_order_months_are_asked_for(small_city: City) -> None:
    forwards, backwards = World(small_city), World(small_city)
    there = [forwards.risk("crime", month) for month in MONTHS]
    back = [backwards.risk("crime", month) for month in reversed(MONTHS)]
    assert all((a == b).all() for a, b in zip(there, reversed(back), strict=True))


def test_another_seed_is_another_world(small_city: City) -> None:
    assert (World(small_city, 1).risk("crime", "2022-01") != World(small_city, 2).risk("crime", "2022-01")).all()


def test_the_generator_of_a_record_set_depends_on_every_name(world: World) -> None:
    names = [("a", "b", "2022-01"), ("a", "c", "2022-01"), ("d", "b", "2022-01"), ("a", "b", "2022-02")]
    draws = [world.rng(*n).random() for n in names]
    assert len(set(draws)) == len(draws)
    assert draws[0] == world.rng("a", "b", "2022-01").random()


def test_dangers_correlate_and_duties_run_against_them(small_city: City) -> None:
    topics = ("crime", "traffic", "fire", "disputes", "health")
    dangers, duties = [], []
    for seed in range(40):
        world = World(small_city, seed)
        dangers.append([np.log(world.risk(topic, "2022-05")) for topic in topics])
        duties.append(world.quality("disputes", "2022-05"))
    pooled: Floats = np.array(dangers).transpose(1, 0, 2).reshape(len(topics), -1)
    correlation = np.corrcoef(pooled)
    assert correlation.min() > 0.25
    assert np.corrcoef(pooled[0], np.concatenate(duties))[0, 1] < -0.15


def test_streets_see_more_crime_than_towns(small_city: City) -> None:
    ratios = []
    for seed in range(30):
        world = World(small_city, seed)
        crime = world.risk("crime", "2022-05")
        ratios.append(crime[world.is_street].mean() / crime[~world.is_street].mean())
    assert np.mean(ratios) > 1.2


def test_seasons_are_in_the_risk(world: World) -> None:
    assert world.risk("fire", "2022-02").mean() > 1.3 * world.risk("fire", "2022-07").mean()
    assert world.risk("disasters", "2022-07").mean() > 5 * world.risk("disasters", "2022-01").mean()


def test_duties_improve_slowly_and_stay_shares(small_city: City) -> None:
    first, last = [], []
    for seed in range(30):
        world = World(small_city, seed)
        first.append(world.quality("fire", "2021-01"))
        last.append(world.quality("fire", "2023-01"))
    assert np.mean(last) > np.mean(first)
    assert np.min(first) > 0
    assert np.max(last) < 1


def test_a_shock_lasts_one_to_three_months(small_city: City) -> None:
    lengths: set[int] = set()
    for seed in range(12):
        world = World(small_city, seed)
        on = np.array([world._shock_factor("crime", t) > 1 for t in range(36)])
        for unit in on.T:
            edges = np.flatnonzero(np.diff(np.concatenate([[0], unit.astype(int), [0]])))
            lengths.update((edges[1::2] - edges[::2]).tolist())
    assert {1, 2, 3} <= lengths
    assert max(lengths) <= 5  # two shocks may touch


def test_events_follow_residents_and_some_are_known_to_the_county_only(world: World) -> None:
    events = world.events(world.rng("a", "b", "2022-03"), 50.0, "2022-03", county_only=0.05)
    assert len(events) == pytest.approx(50 * 12 * 3.97, rel=0.1)
    of_county = events.filter(pl.col("unit_code").str.len_chars() == 6)
    assert 0.03 < len(of_county) / len(events) < 0.07


def test_times_lie_in_the_month_to_the_second(world: World) -> None:
    times = world.times(world.rng("a", "b", "2024-02"), "2024-02", 5_000)
    assert times.min() >= month_start("2024-02")
    assert times.max() < month_start("2024-03")
    assert (times.astype(np.int64) % 1_000_000 == 0).all()
    assert times.max() > np.datetime64("2024-02-29")


def test_cases_fall_due_in_the_month_and_are_closed_as_well_as_asked(world: World) -> None:
    cases = world.deadline_cases(world.rng("a", "b", "2022-03"), 80.0, "2022-03", on_time=np.full(world.n, 0.9))
    assert cases["due_at"].dt.strftime("%Y-%m").unique().to_list() == ["2022-03"]
    assert (cases["opened_at"] < cases["due_at"]).all()
    closed = cases.drop_nulls("closed_at")
    assert (closed["closed_at"] >= closed["opened_at"]).all()
    assert (closed["closed_at"].dt.strftime("%Y-%m") <= "2022-03").all()
    on_time = (closed["closed_at"] <= closed["due_at"]).sum() / len(cases)
    assert on_time == pytest.approx(0.9, abs=0.02)
    assert cases["closed_at"].null_count() > 0


def test_ledger_items_stay_and_keep_their_state(world: World) -> None:
    before, after = world.ledger("x", 20.0, "2022-03"), world.ledger("x", 20.0, "2022-04")
    both = before.join(after, on=["record_id", "unit_code"])
    assert len(both) > 0.97 * len(before)
    share = np.full(world.n, 0.8)
    states = [
        ledger.with_columns(ok=world.flags(ledger, "ok", share, period))
        for ledger, period in ((before, "2022-03"), (after, "2022-04"))
    ]
    assert states[0]["ok"].mean() == pytest.approx(0.8, abs=0.05)
    kept = states[0].join(states[1], on="record_id")
    agreement = (kept["ok"] == kept["ok_right"]).mean()
    assert isinstance(agreement, float)
    assert agreement > 0.85


def test_nothing_to_draw_gives_empty_frames_of_the_right_shape(world: World) -> None:
    cases = world.deadline_cases(world.rng("a", "b", "2022-03"), 0.0, "2022-03")
    assert cases.is_empty()
    assert cases.schema["unit_code"] == pl.String
    assert world.ledger("x", 0.0, "2022-03").schema["record_id"] == pl.String


def test_lookups_give_a_county_the_mean_of_its_units(world: World) -> None:
    values = np.arange(world.n)
    assert world.at(values, [world.unit_codes[3], "990101", "990100"]).tolist() == [3.0, 2.5, 5.5]
