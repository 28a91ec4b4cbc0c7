"""What the police (市公安局) deliver each month: calls, cases, fraud, traffic, ledgers, returns.

What belongs here: how many there are and how they are made up, as canonical rows of the contracts in
`schemas/tianshui/police.py`. What does not: how the files are written, and operators' accidents, which
市交通运输局 delivers.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from city.periods import Period
from simulator.world import Bools, Floats, Ints, Texts, World, last_day, month_start

DEPARTMENT = "police"

#: Per 10,000 residents and month: 36,000 calls in the city.
CALLS = 120.0
CALL_SUBTYPES = {
    "theft": 0.045,
    "robbery": 0.001,
    "swindling": 0.03,
    "affray": 0.035,
    "other_criminal": 0.012,
    "other_public_order": 0.06,
    "dispute": 0.25,
    "help": 0.33,
    "nuisance": 0.117,
    "other": 0.12,
}

#: Criminal cases per 10,000 residents and month, telecom fraud apart: a homicide or two in the city.
CRIMES = {
    "homicide": 0.0045,
    "serious_injury": 0.014,
    "rape": 0.009,
    "robbery": 0.006,
    "kidnapping": 0.0006,
    "arson": 0.002,
    "explosion": 0.0003,
    "hijacking": 0.0002,
    "theft": 0.55,
    "swindling": 0.13,
    "drugs": 0.03,
    "dangerous_driving": 0.33,
    "public_order": 0.12,
    "other": 0.28,
}
#: Economic cases often stay with the county's brigade, so some are known to no township.
ECONOMIC_CRIMES = 0.045
ECONOMIC_COUNTY_ONLY = 0.10
#: Share of a category that a civil dispute led to; other categories: 0.007.
FROM_DISPUTES = {"homicide": 0.30, "serious_injury": 0.20, "arson": 0.20}
OTHER_CAUSES = {"gain": 0.45, "other": 0.30, "unknown": 0.25}
CRIME_PLACES = {
    "residence": 0.28,
    "public_place": 0.24,
    "medical_institution": 0.0005,
    "school": 0.01,
    "road": 0.24,
    "online": 0.03,
    "workplace": 0.10,
    "other": 0.10,
}
CLEARED = 0.90

PUBLIC_ORDER_CASES = 5.0
PUBLIC_ORDER_CATEGORIES = {
    "assault": 0.38,
    "theft": 0.20,
    "swindling": 0.05,
    "gambling": 0.10,
    "disorder": 0.09,
    "damage": 0.08,
    "other": 0.10,
}
PUBLIC_ORDER_PLACES = {**CRIME_PLACES, "medical_institution": 0.0014}

FRAUD_CASES = 0.80
FRAUD_CLEARED = 0.46
FRAUD_COUNTY_ONLY = 0.02
FRAUD_WARNINGS = 10.0

MASS_INCIDENTS = 0.015
EXTREME_INCIDENTS = 0.0022

#: Per 10,000 residents and month: 14,000 calls in the city.
TRAFFIC_CALLS = 47.0
TRAFFIC_CALL_SUBTYPES = {"accident": 0.60, "illegal_parking": 0.16, "congestion": 0.06, "other": 0.18}

#: 120 registered accidents a month in the city, a dozen deaths, an accident with 3 deaths every fourth month.
ACCIDENTS = 0.40
ACCIDENT_DEATHS = {"0": 0.910, "1": 0.085, "2": 0.003, "3": 0.0016, "4": 0.0004}
INJURED_MEAN = 1.1
ALCOHOL = 0.035

KEY_VEHICLES = 14.0
KEY_VEHICLE_CATEGORIES = ("coach", "tourist_coach", "dangerous_goods", "heavy_truck")
KEY_VEHICLE_SHARES = (0.18, 0.24, 0.32)

RESIDENTS_PER_STATION = 8_000
SHIFTS_PER_STATION = 25

RESIDENTS_PER_VILLAGE = {"street": 5_500, "town": 1_020}
INFO_SYSTEMS = {"street": 3.0, "town": 1.1}


def deliveries(world: World, period: Period) -> dict[str, pl.DataFrame]:
    """Canonical rows of every record set of the police for one month."""
    fraud_case = _fraud_case(world, period)
    fraud_clearance = _clearance(world, period, "fraud_clearance", FRAUD_CASES * FRAUD_CLEARED, "fraud")
    village = _village(world, period)
    return {
        "police_call": _police_call(world, period),
        "criminal_case": _criminal_case(world, period, fraud_case),
        "criminal_clearance": _criminal_clearance(world, period, fraud_clearance),
        "public_order_case": _public_order_case(world, period),
        "fraud_case": fraud_case,
        "fraud_clearance": fraud_clearance,
        "fraud_warning": _fraud_warning(world, period),
        "mass_incident": _mass_incident(world, period),
        "extreme_incident": _extreme_incident(world, period),
        "traffic_call": _traffic_call(world, period),
        "traffic_accident": _traffic_accident(world, period),
        "key_vehicle": _key_vehicle(world, period),
        "station_shift": _station_shift(world, period),
        "village": village,
        "info_system": _info_system(world, period),
        "drug_return": _drug_return(world, period),
        "prevention_return": _prevention_return(world, period, village),
        "register_return": _register_return(world, period),
    }


def _police_call(world: World, period: Period) -> pl.DataFrame:
    """Calls to 110; officers come to two valid calls in three, the slower the farther the villages lie."""
    rng = world.rng(DEPARTMENT, "police_call", period)
    calls = world.events(rng, CALLS, period, "crime")
    n = calls.height
    received = world.times(rng, period, n)
    subtype = world.choose(rng, CALL_SUBTYPES, n)
    valid = (rng.random(n) < 0.97) & (subtype != "nuisance")
    slowness = 1 + 3 * (1 - world.quality("police_arrival", period))
    seconds = world.at(np.where(world.is_street, 300.0, 600.0) * slowness, calls["unit_code"])
    arrived = world.after(rng, received, seconds)
    arrived[~valid | (rng.random(n) < 0.35)] = np.datetime64("NaT")
    return calls.with_columns(
        record_id=_text(world.record_ids("J110", period, n)),
        received_at=pl.Series(received),
        arrived_at=pl.Series(arrived),
        subtype=_text(subtype),
        valid=pl.Series(valid),
    )


def _criminal_case(world: World, period: Period, fraud_case: pl.DataFrame) -> pl.DataFrame:
    """Cases filed; those of telecom fraud are the anti-fraud centre's, under its numbers."""
    rng = world.rng(DEPARTMENT, "criminal_case", period)
    common = world.events(rng, sum(CRIMES.values()), period, "crime")
    economic = world.events(rng, ECONOMIC_CRIMES, period, "finance", county_only=ECONOMIC_COUNTY_ONLY)
    category = np.concatenate(
        [world.choose(rng, CRIMES, common.height), np.full(economic.height, "economic")],
    )
    cases = pl.concat([common, economic])
    n = cases.height
    own = cases.with_columns(
        record_id=_text(world.record_ids("XA", period, n)),
        filed_at=pl.Series(world.times(rng, period, n)),
        category=_text(category),
        cause=_text(_cause(world, rng, category)),
        place=_text(world.choose(rng, CRIME_PLACES, n)),
    )
    fraud = fraud_case.select(
        "unit_code",
        "record_id",
        "filed_at",
        category=pl.lit("telecom_fraud"),
        cause=pl.lit("gain"),
        place=pl.lit("online"),
    )
    return pl.concat([own, fraud])


def _cause(world: World, rng: np.random.Generator, category: Texts) -> Texts:
    chance = np.full(len(category), 0.007)
    for name, share in FROM_DISPUTES.items():
        chance[category == name] = share
    from_dispute = rng.random(len(category)) < chance
    cause: Texts = np.where(from_dispute, "civil_dispute", world.choose(rng, OTHER_CAUSES, len(category)))
    return cause


def _criminal_clearance(world: World, period: Period, fraud_clearance: pl.DataFrame) -> pl.DataFrame:
    """Cases cleared, those of telecom fraud under the anti-fraud centre's numbers."""
    rate = (sum(CRIMES.values()) + ECONOMIC_CRIMES) * CLEARED
    own = _clearance(world, period, "criminal_clearance", rate, "crime")
    return pl.concat([own, fraud_clearance])


def _clearance(world: World, period: Period, record_set: str, rate: float, topic: str) -> pl.DataFrame:
    """Cases cleared in the month, filed some two months before; good units clear more."""
    rng = world.rng(DEPARTMENT, record_set, period)
    drawn = world.events(rng, rate, period, topic)
    done = world.at(world.quality("clearance", period), drawn["unit_code"])
    cases = drawn.filter(pl.Series(rng.random(drawn.height) < done))
    n = cases.height
    cleared = world.times(rng, period, n, "office")
    since_filed = np.rint(rng.exponential(55 * 86_400.0, n)).astype("timedelta64[s]")
    prefix = "PA" if record_set == "criminal_clearance" else "FZPA"
    return cases.with_columns(
        record_id=_text(world.record_ids(prefix, period, n)),
        filed_at=pl.Series(cleared - since_filed),
        cleared_at=pl.Series(cleared),
    )


def _public_order_case(world: World, period: Period) -> pl.DataFrame:
    rng = world.rng(DEPARTMENT, "public_order_case", period)
    cases = world.events(rng, PUBLIC_ORDER_CASES, period, "public_order")
    n = cases.height
    return cases.with_columns(
        record_id=_text(world.record_ids("ZA", period, n)),
        accepted_at=pl.Series(world.times(rng, period, n)),
        category=_text(world.choose(rng, PUBLIC_ORDER_CATEGORIES, n)),
        place=_text(world.choose(rng, PUBLIC_ORDER_PLACES, n)),
    )


def _fraud_case(world: World, period: Period) -> pl.DataFrame:
    """Telecom-fraud cases; losses have a long tail: median 12,000 yuan, mean about 25,000."""
    rng = world.rng(DEPARTMENT, "fraud_case", period)
    cases = world.events(rng, FRAUD_CASES, period, "fraud", county_only=FRAUD_COUNTY_ONLY)
    n = cases.height
    return cases.with_columns(
        record_id=_text(world.record_ids("FZ", period, n)),
        filed_at=pl.Series(world.times(rng, period, n, "office")),
        loss_yuan=pl.Series(world.amounts(rng, n, 12_000, 1.2)),
    )


def _fraud_warning(world: World, period: Period) -> pl.DataFrame:
    rng = world.rng(DEPARTMENT, "fraud_warning", period)
    warnings = world.events(rng, FRAUD_WARNINGS, period, "fraud")
    n = warnings.height
    reached = rng.random(n) < world.at(world.quality("fraud_contact", period, 0.985), warnings["unit_code"])
    heeded = rng.random(n) < world.at(world.quality("fraud_advice", period, 0.97), warnings["unit_code"])
    return warnings.with_columns(
        record_id=_text(world.record_ids("YJ", period, n)),
        issued_at=pl.Series(world.times(rng, period, n)),
        contacted=pl.Series(reached),
        loss_avoided=pl.Series(np.where(reached, heeded, rng.random(n) < 0.3)),
    )


def _mass_incident(world: World, period: Period) -> pl.DataFrame:
    """Some four a month in the city, most of them under 30 persons."""
    rng = world.rng(DEPARTMENT, "mass_incident", period)
    incidents = world.events(rng, MASS_INCIDENTS, period, "petitions")
    n = incidents.height
    return incidents.with_columns(
        record_id=_text(world.record_ids("QT", period, n)),
        occurred_at=pl.Series(world.times(rng, period, n, "office")),
        persons=pl.Series(10 + world.amounts(rng, n, 8, 1.0)),
    )


def _extreme_incident(world: World, period: Period) -> pl.DataFrame:
    rng = world.rng(DEPARTMENT, "extreme_incident", period)
    incidents = world.events(rng, EXTREME_INCIDENTS, period, "disputes")
    n = incidents.height
    return incidents.with_columns(
        record_id=_text(world.record_ids("JD", period, n)),
        occurred_at=pl.Series(world.times(rng, period, n)),
    )


def _traffic_call(world: World, period: Period) -> pl.DataFrame:
    rng = world.rng(DEPARTMENT, "traffic_call", period)
    calls = world.events(rng, TRAFFIC_CALLS, period, "traffic")
    n = calls.height
    return calls.with_columns(
        record_id=_text(world.record_ids("J122", period, n)),
        received_at=pl.Series(world.times(rng, period, n)),
        subtype=_text(world.choose(rng, TRAFFIC_CALL_SUBTYPES, n)),
        valid=pl.Series(rng.random(n) < 0.94),
    )


def _traffic_accident(world: World, period: Period) -> pl.DataFrame:
    rng = world.rng(DEPARTMENT, "traffic_accident", period)
    accidents = world.events(rng, ACCIDENTS, period, "traffic")
    n = accidents.height
    return accidents.with_columns(
        record_id=_text(world.record_ids("SG", period, n)),
        occurred_at=pl.Series(world.times(rng, period, n)),
        deaths=pl.Series(world.choose(rng, ACCIDENT_DEATHS, n).astype(np.int64)),
        injured=pl.Series(rng.poisson(INJURED_MEAN, n).astype(np.int64)),
        alcohol=pl.Series(rng.random(n) < ALCOHOL),
    )


def _key_vehicle(world: World, period: Period) -> pl.DataFrame:
    """两客一危一货: inspected once a year, or up to six weeks overdue."""
    ledger = world.ledger("key_vehicle", KEY_VEHICLES, period, prefix="ZDC")
    place = np.searchsorted(KEY_VEHICLE_SHARES, world.item_uniform(ledger, "category"))
    in_date = world.flags(ledger, "in_date", world.quality("key_vehicle", period, 0.965), period)
    within_year = world.item_uniform(ledger, "inspection_due")
    ahead = np.where(in_date, np.floor(within_year * 365), -1 - np.floor(within_year * 44))
    due = np.datetime64(last_day(period), "D") + ahead.astype("timedelta64[D]")
    return ledger.with_columns(
        category=_text(np.array(KEY_VEHICLE_CATEGORIES)[place]),
        inspection_due=pl.Series(due).cast(pl.Date),
    )


def _station_shift(world: World, period: Period) -> pl.DataFrame:
    """Shifts at stations of towns and townships; streets have none."""
    rng = world.rng(DEPARTMENT, "station_shift", period)
    stations = np.maximum(np.rint(world.units["residents"].to_numpy() / RESIDENTS_PER_STATION), 1)
    planned = np.where(world.is_street, 0, stations * SHIFTS_PER_STATION).astype(np.int64)
    unit_code = np.repeat(world.unit_codes, planned)
    n = len(unit_code)
    days = (np.datetime64(last_day(period), "D") - month_start(period)) // np.timedelta64(1, "D") + 1
    day = month_start(period).astype("datetime64[D]") + rng.integers(0, days, n).astype("timedelta64[D]")
    worked = rng.random(n) < world.at(world.quality("traffic_station", period, 0.91), unit_code)
    return pl.DataFrame(
        {
            "record_id": _text(world.record_ids("QDZ", period, n)),
            "unit_code": _text(unit_code),
            "planned_on": pl.Series(day).cast(pl.Date),
            "worked": worked,
        }
    )


def _village(world: World, period: Period) -> pl.DataFrame:
    """The ledger of villages and urban communities: some 2,400, at least three in each unit."""
    size = _by_peer_group(world, RESIDENTS_PER_VILLAGE)
    count = np.maximum(np.rint(world.units["residents"].to_numpy() / size), 3).astype(np.int64)
    ledger = world.ledger("village", count, period, prefix="CS")
    staffed = world.flags(ledger, "village_officer", world.quality("village_officer", period, 0.94), period)
    return ledger.with_columns(has_officer=pl.Series(staffed))


def _info_system(world: World, period: Period) -> pl.DataFrame:
    """Systems under graded protection: more of them where offices, hospitals and schools are."""
    mean = _by_peer_group(world, INFO_SYSTEMS) * world.units["residents"].to_numpy() / 10_000
    count = world.generator("info_system", "count").poisson(mean).astype(np.int64)
    ledger = world.ledger("info_system", count, period, prefix="DB")
    grades = np.array(["first", "second", "third", "fourth"])
    grade = grades[np.searchsorted([0.12, 0.76, 0.985], world.item_uniform(ledger, "grade"))]
    assessed = world.flags(ledger, "assessed", world.quality("graded_protection", period, 0.93), period)
    return ledger.with_columns(grade=_text(grade), assessed=pl.Series(assessed))


def _drug_return(world: World, period: Period) -> pl.DataFrame:
    rng = world.rng(DEPARTMENT, "drug_return", period)
    orders = world.stock("treatment_order", 6.0, period, "drugs")
    executed = _done(world, "treatment_orders_executed", orders, period, 0.95)
    return world.monthly_return(
        {
            "drug_users": world.stock("drug_user", 9.0, period, "drugs"),
            "new_drug_users": world.counts(rng, 0.04, period, "drugs"),
            "treatment_orders": orders,
            "treatment_orders_executed": executed,
        },
        period,
    )


def _prevention_return(world: World, period: Period, village: pl.DataFrame) -> pl.DataFrame:
    """Counts over three months; a village without a crime is the rarer the more cases its unit has."""
    venues = world.stock("key_venue", 14.0, period)
    premises = world.stock("small_premises", 80.0, period)
    villages = np.bincount(
        np.searchsorted(world.unit_codes, village["unit_code"].to_numpy().astype(np.str_)), minlength=world.n
    )
    # Crimes gather in few villages, so fewer than every second case takes a further village off the list.
    cases = 0.45 * 3 * sum(CRIMES.values()) * world.residents(period) / 10_000 * world.risk("crime", period)
    quiet: Floats = np.exp(-cases / villages)
    return world.monthly_return(
        {
            "key_venues": venues,
            "key_venues_inspected": _done(world, "key_venues_inspected", venues, period, 0.92),
            "small_premises": premises,
            "small_premises_checked": _done(world, "small_premises_checked", premises, period, 0.92),
            "villages_without_crime": world.share_of("villages_without_crime", villages, quiet, period),
        },
        period,
    )


def _register_return(world: World, period: Period) -> pl.DataFrame:
    return world.monthly_return(
        {
            "population_under_18": world.stock("population_under_18", 2_150.0, period),
            "motor_vehicles": world.stock("motor_vehicle", 1_650.0, period, "traffic"),
        },
        period,
    )


def _done(world: World, duty: str, total: Ints, period: Period, level: float) -> Ints:
    return world.share_of(duty, total, world.quality(duty, period, level), period)


def _by_peer_group(world: World, number: dict[str, float] | dict[str, int]) -> Floats:
    streets: Bools = world.is_street
    out: Floats = np.where(streets, number["street"], number["town"]).astype(np.float64)
    return out


def _text(words: Texts) -> pl.Series:
    """Words as a column; an empty month is text too."""
    return pl.Series(words.tolist(), dtype=pl.String)
