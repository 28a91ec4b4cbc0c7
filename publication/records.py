"""From a number of an issue to the records that it was computed from: landing file, source file, line.

Nothing is copied on the way up, and no list says which records count in which measure: the department's own SQL is run
again over the landing files that the issue's manifest names, once with every record as a unit of its own. What a record
adds to a measure is then what the model itself says, and records that add nothing do not show, but for those that a
correction dropped or changed (`publication.corrected_records`). A record set that a model joins to another by something
else than the unit (a station's days) is named in `joined_to` of its source, so that its records are told apart too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import jinja2
import polars as pl
import yaml

from city.folder import RESIDENTS, City, RecordSet
from city.periods import Period
from city.state import StateFolder
from feeds.contract import load_contract
from publication.corrected_records import ACCEPTED, DROPPED, PLACE, corrected_records
from warehouse.dbt import PROJECT, measure_models
from warehouse.filling import landed_sql
from warehouse.tables import residents

#: Columns of a record that say where it stands, not what it says.
_PLACE = ("source_file", "source_line", "unit_code", "period")


#: Columns of the rows that records are told in.
_SCHEMA = {
    "period": pl.String,
    "unit_code": pl.String,
    "record_set": pl.String,
    "source_file": pl.String,
    "source_line": pl.Int32,
    "landing_file": pl.String,
    "hash": pl.String,
    "says": pl.String,
    "quantity": pl.Float64,
}

#: Model, units and months that were asked for together.
_Asked = tuple[str, tuple[str, ...], tuple[Period, ...]]


class RecordsError(LookupError):
    """The records of a number cannot be shown; the message says which file is gone or which model is not understood."""


@dataclass(frozen=True)
class LandingFiles:
    """What an issue was computed from: landing files by record set and month, each checked to be there."""

    state: StateFolder
    files: Mapping[tuple[str, Period], Mapping[str, Any]]

    @classmethod
    def of_manifest(cls, city: City, state: StateFolder, manifest: Mapping[str, Any]) -> LandingFiles:
        """From a manifest's list; RecordsError names a file that is gone."""
        keys = {(r.department, r.name): r.key for r in city.record_sets}
        files = {}
        for entry in manifest["landing"]:
            key = keys.get((entry["department"], entry["record_set"]))
            if key is None:
                continue
            if not (state.landing / entry["landing_file"]).is_file():
                raise RecordsError(f"the landing file {entry['landing_file']} that the issue names is gone")
            files[key, entry["period"]] = entry
        return cls(state, files)

    def months(self, key: str, periods: Sequence[Period]) -> list[Path]:
        """Files of a record set in some months."""
        return [self.state.landing / self.files[key, p]["landing_file"] for p in periods if (key, p) in self.files]


class Provenance:
    """Which records stand behind the measures of units in months, from one issue's landing files."""

    def __init__(self, city: City, landing: LandingFiles) -> None:
        """`city` is the folder whose departments' SQL is run."""
        self.city, self.landing = city, landing
        self._sets = {r.key: r for r in city.record_sets}
        self._sums: dict[_Asked, pl.DataFrame] = {}
        self._parts: dict[_Asked, tuple[pl.DataFrame, dict[str, pl.DataFrame]]] = {}
        self._returns: dict[Path, dict[tuple[Any, ...], pl.DataFrame]] = {}
        self._made_of: dict[str, dict[str, set[str]]] = {}

    @cached_property
    def models(self) -> Mapping[str, DepartmentModel]:
        """The department model that offers each measure, by measure."""
        found: dict[str, DepartmentModel] = {}
        for name in measure_models(self.city):
            model = DepartmentModel.read(self.city.key, name)
            found |= dict.fromkeys(model.measures, model)
        return found

    def records(self, measure: str, units: Sequence[str], periods: Sequence[Period]) -> pl.DataFrame:
        """One row per record that adds to a measure: period, unit_code, record_set, place, what it says, quantity.

        Its `status` says whether a correction changed it, `correction` which one and why. What a correction dropped
        from the sets that the measure is made of, and what it changed so that nothing is added, has quantity 0.
        Units are those that a record itself names: a county's records are its townships' and its own, so its members
        are asked for. Rows are in the order of months, record sets, files and lines.
        """
        frames = []
        if measure == RESIDENTS:
            frames.append(self._residents(units, periods))
        else:
            frames.append(self._returned(measure, units, periods))
            if measure in self.models:
                frames.append(self._of_model(self.models[measure], measure, units, periods))
        rows = self._marked(pl.concat([f.select(list(_SCHEMA)) for f in frames]), measure, units, periods)
        return rows.sort("period", "record_set", "source_file", "source_line", "unit_code", maintain_order=True)

    def _marked(
        self, rows: pl.DataFrame, measure: str, units: Sequence[str], periods: Sequence[Period]
    ) -> pl.DataFrame:
        """The records with `status` and `correction`, and those on which a correction acted and that add nothing."""
        keys = {r.key for r in self._returning(measure)}
        keys |= self._sets_of(self.models[measure])[measure] if measure in self.models else set()
        told = corrected_records(self.landing.files, keys, periods)
        beside = told.join(rows, on=PLACE, how="anti").filter(
            pl.col("unit_code").is_in(list(units)) & pl.col("measure").fill_null(measure).eq(measure)
        )
        without_effect = [
            self._without_effect(own, str(key), str(period))
            for (key, period), own in beside.partition_by("record_set", "period", as_dict=True).items()
        ]
        return (
            pl.concat([rows, *without_effect])
            .join(told.select(*PLACE, "status", "correction"), on=PLACE, how="left", maintain_order="left")
            .with_columns(pl.col("status").fill_null(ACCEPTED), pl.col("correction").fill_null(""))
        )

    def _without_effect(self, told: pl.DataFrame, key: str, period: Period) -> pl.DataFrame:
        """Records of one set and month that corrections acted on: what was dropped says nothing, it is not landed."""
        (file,) = self.landing.months(key, [period])
        landed = pl.read_parquet(file).join(told, on=["source_file", "source_line"], how="semi")
        none = {"period": pl.lit(period), "quantity": pl.lit(0.0)}
        dropped = told.filter(pl.col("status") == DROPPED).with_columns(**none, says=pl.lit(""))
        entry = self.landing.files[key, period]
        places = {name: pl.lit(entry[name]) for name in ("landing_file", "hash")}
        return pl.concat(
            [
                self._described(landed.with_columns(**none), key),
                dropped.with_columns(**places).select(list(_SCHEMA)),
            ]
        )

    def quantities(self, measure: str, units: Sequence[str], periods: Sequence[Period]) -> pl.DataFrame:
        """unit_code, period, quantity as the model itself adds them up; no row where it was not reported."""
        if measure == RESIDENTS:
            return self._residents(units, periods).select("unit_code", "period", "quantity")
        frames = [self._returned(measure, units, periods).group_by("unit_code", "period").agg(pl.col("quantity").sum())]
        if measure in self.models:
            sums = self._added_up(self.models[measure], units, periods)
            frames.append(sums.filter(pl.col("period").is_in(list(periods)), measure=measure))
        return pl.concat([f.select("unit_code", "period", pl.col("quantity").cast(pl.Float64)) for f in frames])

    def _of_model(
        self, model: DepartmentModel, measure: str, units: Sequence[str], periods: Sequence[Period]
    ) -> pl.DataFrame:
        parts, records = self._parts_of_records(model, units, periods)
        wanted = parts.filter(pl.col("period").is_in(list(periods)), measure=measure)
        frames = [
            self._described(own.join(records[key], on=["record", "period"]), key)
            for (key,), own in wanted.partition_by("key", as_dict=True).items()
        ]
        return pl.concat(frames) if frames else pl.DataFrame(schema=_SCHEMA)

    def _added_up(self, model: DepartmentModel, units: Sequence[str], periods: Sequence[Period]) -> pl.DataFrame:
        """unit_code, period, measure, quantity of every measure of a model, in these months and perhaps others."""
        place = _asked(self._sums, model, units, periods)
        if place not in self._sums:
            with self._landed(model, periods) as connection:
                for key in model.keys:
                    connection.execute(f'create view landing."{key}" as select * from "whole_{key}"')  # nosec B608 # names of the city
                rows = [(unit, period) for unit in units for period in periods]
                spine = pl.DataFrame(rows, schema=["unit_code", "period"], orient="row")
                self._sums[place] = self._answer(connection, model, spine)
        return self._sums[place]

    def _parts_of_records(
        self, model: DepartmentModel, units: Sequence[str], periods: Sequence[Period]
    ) -> tuple[pl.DataFrame, dict[str, pl.DataFrame]]:
        """What every record of the model's sets adds to every measure, in these months and perhaps others, and the
        records by set.

        The model is run once with each record as a unit of its own: what it answers for that unit is the record's part.
        """
        place = _asked(self._parts, model, units, periods)
        if place not in self._parts:
            with self._landed(model, periods) as connection:
                _tell_apart(connection, model, units)
                records = {
                    key: pl.DataFrame(connection.sql(f'select * from "apart_{key}"').to_arrow_table())  # nosec B608 # names of the city
                    for key in model.keys
                    if key not in model.joined_to
                }
                spine = pl.concat([rows.select("period", unit_code="record") for rows in records.values()])
                parts = self._answer(connection, model, spine, "quantity <> 0")
            parts = parts.rename({"unit_code": "record"}).with_columns(key=pl.col("record").str.split("|").list.first())
            self._parts[place] = (parts, records)
        return self._parts[place]

    def _landed(self, model: DepartmentModel, periods: Sequence[Period]) -> duckdb.DuckDBPyConnection:
        """The model's record sets as tables `whole_<key>`, in memory; the schema `landing` is still empty."""
        connection = duckdb.connect(config={"threads": 1})
        connection.execute("create schema landing")
        for key in model.keys:
            files = self.landing.months(key, periods)
            connection.execute(f'create view "whole_{key}" as {landed_sql(self.city, self._sets[key], files)}')
        return connection

    def _answer(
        self, connection: duckdb.DuckDBPyConnection, model: DepartmentModel, spine: pl.DataFrame, which: str = "true"
    ) -> pl.DataFrame:
        """unit_code, period, measure, quantity by the department's SQL for a spine; no row where unreported."""
        months = spine["period"].unique().to_list()
        reports = pl.DataFrame(
            {"period": months, "reported": [[k for k in model.keys if (k, p) in self.landing.files] for p in months]},
            schema={"period": pl.String, "reported": pl.List(pl.String)},
        )
        return _unpivoted(connection, model, spine.join(reports, on="period"), which)

    def _sets_of(self, model: DepartmentModel) -> Mapping[str, set[str]]:
        """Record sets that each measure is made of: without their report the model has no answer.

        A model that answers whatever was reported may have read any of its sets.
        """
        if model.name not in self._made_of:
            reported = [[other for other in model.keys if other != key] for key in model.keys]
            spine = pl.DataFrame({"unit_code": model.keys, "reported": reported}).with_columns(period=pl.lit(""))
            with self._landed(model, []) as connection:
                for key in model.keys:
                    connection.execute(f'create view landing."{key}" as select * from "whole_{key}"')  # nosec B608 # names of the city
                answered = set(_unpivoted(connection, model, spine).select("unit_code", "measure").iter_rows())
            self._made_of[model.name] = {
                measure: {key for key in model.keys if (key, measure) not in answered} or set(model.keys)
                for measure in model.measures
            }
        return self._made_of[model.name]

    def _described(self, rows: pl.DataFrame, key: str) -> pl.DataFrame:
        says = [c for c in load_contract(self.city, self._sets[key]).landed_schema if c not in _PLACE]
        files = [self.landing.files[key, period] for period in rows["period"]]
        return rows.with_columns(
            record_set=pl.lit(key),
            landing_file=pl.Series([f["landing_file"] for f in files], dtype=pl.String),
            hash=pl.Series([f["hash"] for f in files], dtype=pl.String),
            says=pl.concat_str([_said(rows, name) for name in says], separator="; ", ignore_nulls=True),
            quantity=pl.col("quantity").cast(pl.Float64),
        ).select(list(_SCHEMA))

    def _returned(self, measure: str, units: Sequence[str], periods: Sequence[Period]) -> pl.DataFrame:
        """Finished numbers of the monthly returns of the measure's department: no other may deliver it."""
        frames = []
        for record_set in self._returning(measure):
            for period in periods:
                for file in self.landing.months(record_set.key, [period]):
                    if file not in self._returns:
                        self._returns[file] = pl.read_parquet(file).partition_by("measure", as_dict=True)
                    if (measure,) not in self._returns[file]:
                        continue
                    rows = self._returns[file][measure,].filter(pl.col("unit_code").is_in(list(units)))
                    rows = rows.with_columns(period=pl.lit(period), quantity=pl.col("value"))
                    if rows.height:
                        frames.append(self._described(rows, record_set.key))
        return pl.concat(frames) if frames else pl.DataFrame(schema=_SCHEMA)

    def _returning(self, measure: str) -> list[RecordSet]:
        """Monthly returns of the measure's department."""
        departments = {m.department for m in self.city.measures if m.name == measure}
        return [r for r in self.city.record_sets if r.is_monthly_return and r.department in departments]

    def _residents(self, units: Sequence[str], periods: Sequence[Period]) -> pl.DataFrame:
        """Rows of population.csv: the year's figure, else that of the latest earlier year."""
        lines: dict[tuple[str, int], int] = {}
        for line, row in enumerate(self.city.population, start=2):
            lines[row["unit"], int(row["year"])] = line
        rows = []
        for code, period, people in residents(self.city, periods).iter_rows():
            if code in units:
                year = max(y for u, y in lines if u == code and y <= int(period[:4]))
                place = {"source_file": "population.csv", "source_line": lines[code, year], "record_set": RESIDENTS}
                says = f"year={year}; residents={people}"
                rows.append(
                    place | {"period": period, "unit_code": code, "quantity": float(people), "says": says}
                    | {"landing_file": "", "hash": ""}
                )  # fmt: skip
        return pl.DataFrame(rows, schema=_SCHEMA)


def _asked(
    answers: Mapping[_Asked, Any], model: DepartmentModel, units: Sequence[str], periods: Sequence[Period]
) -> _Asked:
    """Under what a model's answer is kept: an earlier one that holds these months and more serves too.

    A model answers month by month, so an indicator of one month need not run it again after one of twelve.
    """
    own = (model.name, tuple(units), tuple(periods))
    return next((a for a in answers if a[:2] == own[:2] and set(a[2]).issuperset(periods)), own)


def _unpivoted(
    connection: duckdb.DuckDBPyConnection, model: DepartmentModel, spine: pl.DataFrame, which: str = "true"
) -> pl.DataFrame:
    """unit_code, period, measure, quantity of the model for a spine (unit_code, period, reported)."""
    connection.register("spine_rows", spine.to_arrow())
    connection.execute("create table measure_spine as select * from spine_rows")
    # UNPIVOT leaves out nulls: what was not reported has no row
    query = f"""
        select unit_code, period, measure, quantity from (
            unpivot (
                select unit_code, period, columns(* exclude (unit_code, period))::double from ({model.sql()})
            ) on columns(* exclude (unit_code, period)) into name measure value quantity
        ) where {which}
    """  # nosec B608 # the department's own SQL
    return pl.DataFrame(connection.sql(query).to_arrow_table())


def _tell_apart(connection: duckdb.DuckDBPyConnection, model: DepartmentModel, units: Sequence[str]) -> None:
    """Fill `landing` so that each record of each set is a unit of its own; the records are in `apart_<key>`.

    A set that is joined to another is told apart with it: a pair for each record that it is joined to, under a key of
    its own, so that the model's own join finds exactly that pair.
    """
    listed = ", ".join("'" + unit.replace("'", "''") + "'" for unit in units)
    order = "source_file, source_line, period, unit_code"
    for key in model.keys:
        record = f"'{key}|' || row_number() over (order by {order}) as record"
        if key in model.joined_to:
            continue
        if key not in model.joined:
            connection.execute(
                f'create table "apart_{key}" as select *, {record} from "whole_{key}" where unit_code in ({listed})'  # nosec B608 # names of the city
            )
            own = f'select * exclude (record) replace (record as unit_code) from "apart_{key}"'  # nosec B608 # names of the city
            connection.execute(f'create view landing."{key}" as {own}')
            continue
        other, by = model.joined[key]
        connection.execute(
            f"""
            create table others as
            select *, row_number() over (order by {order}) as n from "whole_{other}" where unit_code in ({listed});
            create table "apart_{key}" as select *, {record} from (
                select one.* replace (others.unit_code as unit_code), others.n
                from "whole_{key}" as one inner join others using ({by}, period)
            );
            create view landing."{key}" as select * exclude (record, n) replace (record as {by}) from "apart_{key}";
            create view landing."{other}" as
            select others.* exclude (n) replace (apart.record as unit_code, apart.record as {by})
            from "apart_{key}" as apart inner join others using (n)
            """  # nosec B608 # names of the city
        )


@dataclass(frozen=True)
class DepartmentModel:
    """A department's SQL as it stands in dbt_project, and what its yml says of it."""

    name: str
    template: str
    keys: tuple[str, ...]
    measures: tuple[str, ...]
    joined: Mapping[str, tuple[str, str]]

    @classmethod
    def read(cls, city_key: str, name: str) -> DepartmentModel:
        """From models/measures/<city>/<name>.sql and .yml."""
        folder = PROJECT / "models" / "measures" / city_key
        template = (folder / f"{name}.sql").read_text(encoding="utf-8")
        keys = re.findall(r"source\(\s*'landing'\s*,\s*'([^']+)'\s*\)", template)
        described = yaml.safe_load((folder / f"{name}.yml").read_text(encoding="utf-8"))
        columns = [c["name"] for model in described["models"] for c in model["columns"]]
        tables = [t for source in described.get("sources", ()) for t in source["tables"]]
        joined = {t["name"]: t["config"]["meta"]["joined_to"] for t in tables if t.get("config", {}).get("meta")}
        return cls(
            name,
            template,
            tuple(dict.fromkeys(keys)),
            tuple(c for c in columns if c not in ("unit_code", "period")),
            {own: (to["record_set"], to["by"]) for own, to in joined.items()},
        )

    @cached_property
    def joined_to(self) -> frozenset[str]:
        """Sets that others are joined to: what they say is told with those records."""
        return frozenset(other for other, _ in self.joined.values())

    def sql(self) -> str:
        """The model's SQL over the schema `landing` and the table measure_spine."""
        macros = (PROJECT / "macros" / "measures.sql").read_text(encoding="utf-8")
        environment = jinja2.Environment(autoescape=False)  # nosec B701 # SQL, not a page
        return environment.from_string(macros + self.template).render(
            source=lambda schema, table: f'{schema}."{table}"', ref=lambda model: model
        )


def _said(rows: pl.DataFrame, column: str) -> pl.Expr:
    """`column=value` of a record; null, and so left out, where it says nothing."""
    text = pl.col(column)
    if rows.schema[column].base_type() is pl.Datetime:
        text = text.dt.strftime("%Y-%m-%d %H:%M:%S")
    return pl.format("{}={}", pl.lit(column), text.cast(pl.String))
