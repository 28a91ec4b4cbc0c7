"""A city of any size with Tianshui's framework, and indicator values for it at random: what both computations read.

Belongs here: units, residents and values that reach every branch (scores cut at both ends, missing, carried forward and
not applicable values, nodes under the minimum coverage, events known to a county only). Nothing is scored here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from city import City, FrameworkNode, Unit, load_city
from city.periods import add_months
from warehouse.tables import PARAMETERS, city_tables
from warehouse.window import RunWindow

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int8]

#: Statuses in the order of the codes that arrays hold.
STATUSES = ("measured", "partial", "carried_forward", "not_applicable", "missing")
MEASURED, PARTIAL, CARRIED_FORWARD, NOT_APPLICABLE, MISSING = range(5)
#: Tianshui has seven counties; a smaller city has fewer, a larger one has larger counties.
_COUNTIES = 7
_ROWS_AT_ONCE = 2_000_000


@dataclass(frozen=True)
class GeneratedCity:
    """A city and its values. Arrays of values are indicators × months × units, in the framework's and units' order."""

    city: City
    periods: tuple[str, ...]
    tables: dict[str, pl.DataFrame]
    value: Floats
    numerator: Floats
    numerator_of_upper_units: Floats
    status: Codes

    @property
    def nodes(self) -> tuple[FrameworkNode, ...]:
        """The framework's nodes."""
        return self.city.versions[0].framework

    @property
    def indicators(self) -> tuple[FrameworkNode, ...]:
        """The framework's leaves."""
        return self.city.versions[0].indicators

    def month(self, index: int) -> GeneratedCity:
        """The same city in one of its months: a large one is checked month by month, to keep memory small."""
        part = slice(index, index + 1)
        arrays = {n: getattr(self, n)[:, part] for n in ("value", "numerator", "numerator_of_upper_units", "status")}
        return dataclasses.replace(self, periods=self.periods[part], **arrays)

    def parameters(self) -> dict[str, Floats]:
        """Scoring parameters by name, each indicators × units; NaN where the scoring kind has none."""
        table = self.tables["scoring_parameters"]
        groups = {group: i for i, group in enumerate(table["parameter_group"].unique().sort())}
        indicators = {node.code: i for i, node in enumerate(self.indicators)}
        row = table["indicator_code"].replace_strict(indicators).to_numpy()
        column = table["parameter_group"].replace_strict(groups).to_numpy()
        of_unit = self.tables["units"]["parameter_group"].replace_strict(groups).to_numpy()
        found = {}
        for name in PARAMETERS:
            by_group = np.full((len(indicators), len(groups)), np.nan)
            by_group[row, column] = table[name].to_numpy()
            found[name] = by_group[:, of_unit]
        return found

    def residents(self) -> Floats:
        """Residents by unit; zero for upper units, whose members have them."""
        known = dict(
            self.tables["residents"].filter(pl.col("period") == self.periods[0])["unit_code", "residents"].rows()
        )
        return np.array([known.get(unit.code, 0) for unit in self.city.units], dtype=np.float64)

    def value_rows(self, seed: int = 2) -> Iterator[pl.DataFrame]:
        """The values as rows of indicator_values, in no order, as joins leave them; some millions at a time."""
        version = self.city.versions[0].from_period
        codes = pl.Series([node.code for node in self.indicators])
        position = {node.code: i for i, node in enumerate(self.nodes)}
        positions = pl.Series([position[node.code] for node in self.indicators], dtype=pl.Int32)
        periods = pl.Series(self.periods)
        units = pl.Series([unit.code for unit in self.city.units])
        order = np.random.default_rng(seed).permutation(self.value.size)
        for start in range(0, order.size, _ROWS_AT_ONCE):
            rows = order[start : start + _ROWS_AT_ONCE]
            indicator, period, unit = np.unravel_index(rows, self.value.shape)
            value = pl.Series(self.value.ravel()[rows]).fill_nan(None)
            yield pl.DataFrame(
                {
                    "period": periods.gather(period),
                    "version": pl.repeat(version, rows.size, eager=True),
                    "indicator_code": codes.gather(indicator),
                    "unit_code": units.gather(unit),
                    "indicator_position": positions.gather(indicator),
                    "unit_position": pl.Series(unit, dtype=pl.Int32),
                    "status": pl.Series(STATUSES).gather(self.status.ravel()[rows]),
                    "numerator": pl.Series(self.numerator.ravel()[rows]).fill_nan(None),
                    "denominator": pl.repeat(1.0, rows.size, eager=True),
                    "value": value,
                    "value_smoothed": value,
                    "numerator_of_upper_units": pl.Series(self.numerator_of_upper_units.ravel()[rows]),
                }
            )


def generate_city(units: int, months: int, seed: int = 1) -> GeneratedCity:
    """A city of so many units (one city, up to seven counties, the rest townships) and months of random values."""
    rng = np.random.default_rng(seed)
    template = load_city("tianshui")
    first = template.first_issue
    periods = tuple(add_months(first, i) for i in range(months))
    generated = _units(template, units)
    population = tuple(
        {"unit": unit.code, "year": first[:4], "residents": str(residents)}
        for unit, residents in zip(generated, rng.integers(2_000, 60_000, len(generated)), strict=True)
        if unit.level == template.levels[-1]
    )
    city = dataclasses.replace(
        template, units=generated, population=population, versions=(template.version(periods[0]),)
    )
    window = RunWindow(periods[0], periods[0], periods[0], periods[0], periods[-1], first)
    shape = (len(city.versions[0].indicators), months, units)
    empty = np.zeros(shape)
    case = GeneratedCity(city, periods, city_tables(city, window), empty, empty, empty, np.zeros(shape, dtype=np.int8))
    return _with_values(case, rng)


def _units(template: City, count: int) -> tuple[Unit, ...]:
    """One city, its counties, and townships in the order of their counties."""
    counties = min(_COUNTIES, (count - 1) // 4)
    if counties < 1:
        raise ValueError(f"{count} units are too few: a city, a county and three townships make five")
    sample = {unit.level: unit for unit in template.units}
    top, middle, lowest = template.levels
    groups = sorted({unit.peer_group for unit in template.units if unit.level == lowest})
    county_codes = [unit.code for unit in template.units if unit.level == middle][:counties]
    root = next(unit for unit in template.units if unit.level == top)
    townships = count - 1 - counties
    generated = [root, *(dataclasses.replace(sample[middle], code=code, parent=root.code) for code in county_codes)]
    for i in range(townships):
        generated.append(
            dataclasses.replace(
                sample[lowest],
                code=f"{county_codes[i * counties // townships]}{i:06d}",
                parent=county_codes[i * counties // townships],
                peer_group=groups[i % len(groups)],
            )
        )
    return tuple(generated)


def _with_values(case: GeneratedCity, rng: np.random.Generator) -> GeneratedCity:
    shape = case.value.shape
    parameters = case.parameters()
    is_upper = np.array([unit.level != case.city.levels[-1] for unit in case.city.units])
    value, numerator, of_upper_units = np.empty(shape), np.zeros(shape), np.zeros(shape)
    for i, node in enumerate(case.indicators):
        if node.scoring == "zero_tolerance":
            deduct = float(node.params["classes"][0]["deduct"])
            numerator[i] = deduct * rng.poisson(0.6, shape[1:])
            of_upper_units[i] = deduct * rng.poisson(0.3, shape[1:]) * is_upper
            value[i] = numerator[i]
        else:
            low, high = _ends(node, parameters, i)
            # a tenth beyond either end, so that scores are cut at 0 and at 100
            value[i] = low + (high - low) * rng.uniform(-0.1, 1.1, shape[1:])
            numerator[i] = value[i]
    status = _statuses(shape, rng)
    absent = status >= NOT_APPLICABLE
    value[absent] = np.nan
    numerator[absent] = np.nan
    return dataclasses.replace(
        case, value=value, numerator=numerator, numerator_of_upper_units=of_upper_units, status=status
    )


def _ends(node: FrameworkNode, parameters: dict[str, Floats], i: int) -> tuple[Floats, Floats]:
    """Values between which the score goes from its lowest to its highest."""
    if node.scoring == "goalpost":
        posts = (parameters["p0"][i], parameters["p60"][i], parameters["p100"][i])
        return np.minimum.reduce(posts), np.maximum.reduce(posts)
    if node.scoring == "target_attainment":
        target = parameters["target"][i]
        return (0.3 * target, target) if node.direction == 1 else (target, 4 * target)
    return parameters["lo"][i], parameters["hi"][i]


def _statuses(shape: tuple[int, ...], rng: np.random.Generator) -> Codes:
    """One unit-month in ten reports so little that nodes fall under the minimum coverage."""
    missing = rng.choice([0.04, 0.3, 0.6], p=[0.9, 0.07, 0.03], size=shape[1:])
    drawn = rng.random(shape)
    status = np.full(shape, MEASURED, dtype=np.int8)
    status[drawn > 0.92] = PARTIAL
    status[drawn > 0.95] = CARRIED_FORWARD
    status[drawn > 0.98] = NOT_APPLICABLE
    status[drawn < missing] = MISSING
    return status
