"""The simulated world that every department reports on: units, residents, dangers, duties, instants.

What belongs here: quantities that several departments share, so that their indicators hang together, and
the draws that recur (events, cases with a deadline, ledgers). What does not: any one department's records,
headers or files. Every number is a function of seed, names and month alone: a month is the same whether
simulated alone, in a range or in another order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from city.folder import City
from city.periods import Period, add_months, month_index
from simulator.seasons import STREET_EFFECT, hour_weights, season

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.str_]
Instants = npt.NDArray[np.datetime64]
Codes = Sequence[str] | npt.NDArray[Any] | pl.Series

#: Month zero of trends and entries; walks begin WALK_START months earlier so that they have settled by then.
EPOCH = month_index("2021-01")
WALK_START = 36
#: How much of a walk's departure is kept from one month to the next.
WALK_MEMORY = 0.85


class World:
    """A city's world under a seed. Arrays named "per leaf unit" are aligned with `unit_codes`."""

    def __init__(self, city: City, seed: int = 20220101) -> None:
        """Take the units and residents from the city's folder; nothing is drawn yet."""
        self.city = city
        self.seed = seed
        leaves = sorted((u for u in city.units if u.level == city.levels[-1]), key=lambda u: u.code)
        self.unit_codes: Texts = np.array([u.code for u in leaves])
        self.unit_county: Texts = np.array([u.parent for u in leaves])
        self.peer_group: Texts = np.array([u.peer_group for u in leaves])
        self.is_street: Bools = self.peer_group == "street"
        self.counties: Texts = np.unique(self.unit_county)
        self._county_index: Ints = np.searchsorted(self.counties, self.unit_county).astype(np.int64)
        self._years = _residents_by_year(city, self.unit_codes)
        self._walks: dict[str, list[Floats]] = {}
        self._static: dict[tuple[str, str], Floats] = {}

    # ---- units ----

    @property
    def n(self) -> int:
        """Number of leaf units."""
        return len(self.unit_codes)

    @property
    def units(self) -> pl.DataFrame:
        """Leaf units: unit_code, county, peer_group, residents (of the first year known)."""
        return pl.DataFrame(
            {
                "unit_code": self.unit_codes,
                "county": self.unit_county,
                "peer_group": self.peer_group,
                "residents": self._years[min(self._years)],
            }
        )

    def residents(self, period: Period) -> Ints:
        """Residents per leaf unit in the period's year, or in the nearest year known."""
        year = int(period[:4])
        return self._years[min(self._years, key=lambda known: (abs(known - year), known))]

    def at(self, per_unit: npt.NDArray[Any], unit_codes: Codes) -> Floats:
        """A per-leaf-unit array looked up for each row's unit; a county's or city's code takes the mean."""
        codes = np.asarray(unit_codes, dtype=np.str_)
        values = per_unit.astype(np.float64)
        place = np.minimum(np.searchsorted(self.unit_codes, codes), self.n - 1)
        out = values[place]
        for code in np.unique(codes[self.unit_codes[place] != codes]):
            inside = self.unit_county == code
            out[codes == code] = values[inside].mean() if inside.any() else values.mean()
        return out

    # ---- chance ----

    def rng(self, department: str, record_set: str, period: Period) -> np.random.Generator:
        """The generator of one record set's month; the same names give the same draws."""
        return self.generator("delivery", department, record_set, period)

    def generator(self, *names: str | int) -> np.random.Generator:
        """A generator seeded by the world's seed and any names."""
        text = "\x1f".join([str(self.seed), self.city.key, *map(str, names)])
        digest = hashlib.blake2b(text.encode(), digest_size=16).digest()
        return np.random.default_rng(int.from_bytes(digest, "big"))

    def risk(self, topic: str, period: Period) -> Floats:
        """Danger per leaf unit as a multiplier around 1.

        A latent of the unit shared by all topics, a topic's own, a county's, streets against towns, a slow
        walk, slow improvement, the season, and shocks that hit a few units for one to three months.
        """
        t = month_index(period) - EPOCH
        log = self._risk_level(topic) + 0.10 * self._walk(f"risk/{topic}", t) + 0.08 * self._walk("risk", t)
        log = log - _improvement(t, 0.14)
        out: Floats = np.exp(log) * season(topic, int(period[5:])) * self._shock_factor(topic, t)
        return out

    def quality(self, topic: str, period: Period, level: float = 0.93) -> Floats:
        """How well a topic's duties are done, per leaf unit, in 0..1 around `level`: a share to draw from."""
        t = month_index(period) - EPOCH
        log = self._quality_level(topic) + 0.12 * self._walk(f"quality/{topic}", t)
        log = log + np.log(level / (1 - level)) + _improvement(t, 0.30)
        log = log - 0.9 * (self._shock_factor(f"quality/{topic}", t) > 1)
        out: Floats = 1 / (1 + np.exp(-log))
        return out

    def _risk_level(self, topic: str) -> Floats:
        key = ("risk", topic)
        if key not in self._static:
            own = self._latent(f"risk/{topic}")
            county = self.generator("county", topic).standard_normal(len(self.counties))[self._county_index]
            log = 0.26 * self._shared() + 0.17 * own + 0.08 * county
            log = log + STREET_EFFECT.get(topic, 0.1) * self.is_street
            residents = self._years[min(self._years)]
            self._static[key] = log - np.log(np.average(np.exp(log), weights=residents))
        return self._static[key]

    def _quality_level(self, topic: str) -> Floats:
        key = ("quality", topic)
        if key not in self._static:
            own = self._latent(f"quality/{topic}")
            draw = self.generator("county/quality", topic)
            county = draw.standard_normal(len(self.counties))[self._county_index]
            self._static[key] = -0.32 * self._shared() + 0.26 * own + 0.10 * county
        return self._static[key]

    def _shared(self) -> Floats:
        """How dangerous a unit is altogether: standard normal, partly its county's."""
        county = self.generator("county").standard_normal(len(self.counties))[self._county_index]
        return 0.9 * self._latent("shared") + 0.43 * county

    def _latent(self, name: str) -> Floats:
        return self.generator("latent", name).standard_normal(self.n)

    def _walk(self, name: str, t: int) -> Floats:
        """A stationary walk (variance 1) per leaf unit; each month's step has a generator of its own."""
        steps = self._walks.setdefault(name, [])
        place = max(t + WALK_START, 0)
        while len(steps) <= place:
            step = self.generator("walk", name, len(steps)).standard_normal(self.n)
            innovation = np.sqrt(1 - WALK_MEMORY**2) * step
            steps.append(WALK_MEMORY * steps[-1] + innovation if steps else step)
        return steps[place]

    def _shock_factor(self, topic: str, t: int) -> Floats:
        """1 for most units, 1.6 to 3 where a shock is on; a topic's shock hits one unit in 200 each month."""
        factor: Floats = np.ones(self.n)
        for start in range(t - 2, t + 1):
            draw = self.generator("shock", topic, start)
            hit = draw.random(self.n) < 0.005
            length = draw.integers(1, 4, self.n)
            size = 1.6 + 1.4 * draw.random(self.n)
            on = hit & (start + length > t)
            factor[on] = np.maximum(factor[on], size[on])
        return factor

    # ---- draws that recur ----

    def counts(self, rng: np.random.Generator, rate_per_10k: float, period: Period, topic: str | None = None) -> Ints:
        """Poisson counts per leaf unit for a monthly rate per 10,000 residents × the topic's risk."""
        mean = rate_per_10k * self.residents(period) / 10_000
        if topic is not None:
            mean = mean * self.risk(topic, period)
        return rng.poisson(mean).astype(np.int64)

    def events(
        self,
        rng: np.random.Generator,
        rate_per_10k: float,
        period: Period,
        topic: str | None = None,
        county_only: float = 0.0,
    ) -> pl.DataFrame:
        """One row per event, column unit_code; a share `county_only` is known no lower than its county."""
        leaf = np.repeat(np.arange(self.n), self.counts(rng, rate_per_10k, period, topic))
        return pl.DataFrame({"unit_code": self._codes(rng, leaf, county_only)})

    def deadline_cases(
        self,
        rng: np.random.Generator,
        rate_per_10k: float,
        period: Period,
        topic: str | None = None,
        on_time: Floats | str | None = None,
        prefix: str = "C",
        days: int = 15,
        county_only: float = 0.0,
    ) -> pl.DataFrame:
        """Cases that fall due in the month: record_id, unit_code, opened_at, due_at, closed_at.

        `on_time` is the share closed by the due date, per leaf unit, or the topic of `quality` (default:
        topic). opened_at is `days` before due_at. A case not closed by the end of the month has no closed_at,
        as the office cannot know it yet.
        """
        leaf = np.repeat(np.arange(self.n), self.counts(rng, rate_per_10k, period, topic))
        if on_time is None or isinstance(on_time, str):
            on_time = self.quality(on_time or topic or "duties", period)
        n = len(leaf)
        due = self.times(rng, period, n)
        term = np.timedelta64(days * 86_400, "s")
        opened = due - term
        punctual = rng.random(n) < on_time[leaf]
        before = (rng.beta(3, 2, n) * days * 86_400).astype("timedelta64[s]")
        after = ((0.05 + rng.exponential(9.0, n)) * 86_400).astype("timedelta64[s]")
        closed = np.where(punctual, opened + before, due + after).astype("datetime64[us]")
        closed[closed >= month_start(add_months(period, 1))] = np.datetime64("NaT")
        return pl.DataFrame(
            {
                "record_id": self.record_ids(prefix, period, n),
                "unit_code": self._codes(rng, leaf, county_only),
                "opened_at": opened,
                "due_at": due,
                "closed_at": closed,
            }
        )

    def ledger(
        self,
        rng_key: str | tuple[str, ...],
        size: float | npt.NDArray[Any],
        period: Period,
        prefix: str = "L",
    ) -> pl.DataFrame:
        """The items on a register at month end: record_id, unit_code, as_of; items stay from month to month.

        `size` is items per 10,000 residents, or a count per leaf unit; a few per cent enter and leave over
        the years. `rng_key` names the register: the same key and size give the same items every month. What
        an item is (its class, its state) comes from `item_uniform` and `flags`.
        """
        key = (rng_key,) if isinstance(rng_key, str) else rng_key
        draw = self.generator("ledger", *key)
        if isinstance(size, np.ndarray):
            count = size.astype(np.int64)
        else:
            count = draw.poisson(size * self._years[min(self._years)] / 10_000).astype(np.int64)
        leaf = np.repeat(np.arange(self.n), count)
        n = len(leaf)
        t = month_index(period) - EPOCH
        entry = np.where(draw.random(n) < 0.93, -1, draw.integers(0, 48, n))
        leave = np.where(draw.random(n) < 0.95, 10_000, draw.integers(1, 72, n))
        on = np.flatnonzero((entry <= t) & (leave > t))
        if t < 0:
            on = np.flatnonzero(entry < 0)
        return pl.DataFrame(
            {
                "record_id": _numbered(f"{prefix}-", on + 1),
                "unit_code": self.unit_codes[leaf[on]],
                "as_of": pl.Series([last_day(period)], dtype=pl.Date).new_from_index(0, len(on)),
            }
        )

    def item_uniform(self, ledger: pl.DataFrame, name: str) -> Floats:
        """A number in 0..1 for each item of a ledger, the same every month: its class, its age, its size."""
        return _item_draw(self.generator("item", name), ledger, normal=False)

    def flags(self, ledger: pl.DataFrame, name: str, share: float | Floats, period: Period) -> Bools:
        """Whether each item is in order (online, inspected, staffed): true for `share` of them.

        `share` is one number or one per leaf unit. An item mostly keeps its state for months on end.
        """
        lasting = _item_draw(self.generator("flag", name), ledger, normal=True)
        passing = _item_draw(self.generator("flag", name, period), ledger, normal=True)
        wanted = self.at(share, ledger["unit_code"]) if isinstance(share, np.ndarray) else share
        out: Bools = _normal_share(np.sqrt(0.85) * lasting + np.sqrt(0.15) * passing) < wanted
        return out

    def monthly_return(self, quantities: Mapping[str, npt.NDArray[Any]], period: Period) -> pl.DataFrame:
        """Finished numbers, each per leaf unit, as rows: period, unit_code, measure, value."""
        names = list(quantities)
        return pl.DataFrame(
            {
                "period": [period] * (len(names) * self.n),
                "unit_code": np.tile(self.unit_codes, len(names)),
                "measure": np.repeat(np.array(names, dtype=np.str_), self.n),
                "value": np.concatenate([quantities[m].astype(np.float64) for m in names]),
            },
            schema_overrides={"unit_code": pl.String, "measure": pl.String},
        )

    def stock(self, name: str, per_10k: float, period: Period, topic: str | None = None) -> Ints:
        """A month-end count per leaf unit that moves slowly (a register's size), for monthly returns."""
        base = per_10k * self._years[min(self._years)] / 10_000
        if topic is not None:
            base = base * np.exp(self._risk_level(topic))
        t = month_index(period) - EPOCH
        noise = 0.5 * self._latent(f"stock/{name}") + 0.5 * self._walk(f"stock/{name}", t)
        out = np.maximum(np.rint(base + noise * np.sqrt(base) * 0.5), 0)
        return out.astype(np.int64)

    def share_of(self, name: str, total: npt.NDArray[Any], share: Floats, period: Period) -> Ints:
        """How many of `total` are in order when `share` should be: binomial, per leaf unit."""
        draw = self.generator("share", name, period)
        return draw.binomial(total.astype(np.int64), np.clip(share, 0, 1)).astype(np.int64)

    # ---- instants, numbers, words ----

    def times(self, rng: np.random.Generator, period: Period, n: int, pattern: str = "street") -> Instants:
        """`n` instants of the month to the second, unsorted. pattern: street, office, night or even."""
        start = month_start(period)
        days = int((month_start(add_months(period, 1)) - start) / np.timedelta64(1, "D"))
        first_weekday = date(int(period[:4]), int(period[5:]), 1).weekday()
        weekend = (np.arange(days) + first_weekday) % 7 >= 5
        day_weight = np.where(weekend, 0.15 if pattern == "office" else 1.12, 1.0)
        day = np.searchsorted(np.cumsum(day_weight / day_weight.sum())[:-1], rng.random(n), side="right")
        hour_weight = hour_weights(pattern)
        hour = np.searchsorted(np.cumsum(hour_weight)[:-1], rng.random(n), side="right")
        seconds = day * 86_400 + hour * 3_600 + rng.integers(0, 3_600, n)
        out: Instants = (start + seconds.astype("timedelta64[s]")).astype("datetime64[us]")
        return out

    def after(
        self, rng: np.random.Generator, times: Instants, mean_seconds: float | Floats, sigma: float = 0.5
    ) -> Instants:
        """Instants some whole seconds later (log-normal with that mean): arrivals after calls."""
        spread = rng.lognormal(-(sigma**2) / 2, sigma, len(times))
        seconds = np.maximum(np.rint(spread * mean_seconds), 1)
        out: Instants = times + seconds.astype("timedelta64[s]")
        return out

    def record_ids(self, prefix: str, period: Period, n: int) -> Texts:
        """`<prefix>-202201-000001` …: keys unique in the record set over all months."""
        return _numbered(f"{prefix}-{period.replace('-', '')}-", np.arange(1, n + 1))

    def choose(self, rng: np.random.Generator, weights: Mapping[str, float], n: int) -> Texts:
        """`n` words by their weights (which need not add up to 1)."""
        words = np.array(list(weights), dtype=np.str_)
        share = np.array(list(weights.values()), dtype=np.float64)
        place = np.searchsorted(np.cumsum(share / share.sum())[:-1], rng.random(n), side="right")
        chosen: Texts = words[place]
        return chosen

    def amounts(self, rng: np.random.Generator, n: int, median: float, sigma: float = 1.0) -> Ints:
        """`n` whole log-normal amounts (yuan, kg, persons) around a median."""
        return np.rint(median * np.exp(sigma * rng.standard_normal(n))).astype(np.int64)

    def _codes(self, rng: np.random.Generator, leaf: npt.NDArray[Any], county_only: float) -> Texts:
        codes: Texts = self.unit_codes[leaf]
        if county_only > 0:
            blurred = rng.random(len(leaf)) < county_only
            codes = np.where(blurred, self.unit_county[leaf], codes)
        return codes


def month_start(period: Period) -> np.datetime64:
    """The first instant of a month, in microseconds, local time."""
    return np.datetime64(f"{period}-01", "us")


def last_day(period: Period) -> date:
    """The last day of a month."""
    following = np.datetime64(add_months(period, 1), "M").astype("datetime64[D]")
    day: date = (following - np.timedelta64(1, "D")).item()
    return day


def _improvement(t: int, most: float) -> float:
    """Slow improvement that levels off: `most` after many years, half of it after three and a half."""
    return float(most * (1 - np.exp(-max(t, 0) / 60)))


def _numbered(prefix: str, numbers: npt.NDArray[Any]) -> Texts:
    return np.array([f"{prefix}{number:06d}" for number in numbers.tolist()], dtype=np.str_)


def _item_draw(draw: np.random.Generator, ledger: pl.DataFrame, *, normal: bool) -> Floats:
    """One draw per item by the number in its record_id, whichever items are on the ledger this month."""
    number = ledger["record_id"].str.slice(-6).cast(pl.Int64).to_numpy()
    most = int(number.max()) if len(number) else 0
    values = draw.standard_normal(most) if normal else draw.random(most)
    out: Floats = values[number - 1]
    return out


def _normal_share(z: Floats) -> Floats:
    """The standard normal's distribution function, by the logistic approximation (error below 0.0002)."""
    out: Floats = 1 / (1 + np.exp(-(1.5976 * z + 0.070566 * z**3)))
    return out


def _residents_by_year(city: City, unit_codes: Texts) -> dict[int, Ints]:
    """Residents per leaf unit by year; a city without population.csv counts 10,000 in each."""
    years: dict[int, dict[str, int]] = {}
    for row in city.population:
        years.setdefault(int(row["year"]), {})[row["unit"]] = int(float(row["residents"]))
    complete = {
        year: np.array([known[code] for code in unit_codes], dtype=np.int64)
        for year, known in years.items()
        if all(code in known for code in unit_codes)
    }
    return complete or {2021: np.full(len(unit_codes), 10_000, dtype=np.int64)}
