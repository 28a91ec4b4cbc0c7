"""SDMX: scores and indicator values as SDMX-CSV 2.0, with one structure message (SDMX-JSON 2.0) for both.

The message is complete for its issue: dataflows, data structures, concepts, and code lists of units, framework nodes
and statuses, all with the version `<year>.<month>.<revision>`. pysdmx writes both.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from city.folder import City
from publication.catalogue import LANGUAGES, load_catalogue
from publication.reading import IssueData

AGENCY = "PINGAN"
STRUCTURE = "structure.json"
_NOT_IN_CODES = re.compile(r"[^A-Za-z0-9_@$-]")


@dataclass(frozen=True)
class Flow:
    """A dataflow: the issue's table it shows, the column of its observation and those of its attributes."""

    id: str
    table: str
    node: str
    value: str
    numbers: Mapping[str, str]
    texts: Mapping[str, str]

    @property
    def file(self) -> str:
        """`scores.csv`."""
        return f"{self.table}.csv"


FLOWS = (
    Flow(
        "SCORES", "scores", "node_code", "score",
        {"COVERAGE": "coverage", "RANK": "rank", "CHANGE_MONTH": "change_month", "CHANGE_YEAR": "change_year"},
        {"COLOUR": "colour"},
    ),
    Flow(
        "VALUES", "values", "indicator_code", "value",
        {"NUMERATOR": "numerator", "DENOMINATOR": "denominator", "SCORE": "score"}, {},
    ),
)  # fmt: skip


def write_sdmx(data: IssueData, city: City, folder: Path) -> None:
    """Write `structure.json` and a CSV for each flow into a new folder."""
    from pysdmx.io.csv.sdmx20.writer import write as write_csv
    from pysdmx.io.json.sdmxjson2.writer.v2_0.structure import write as write_structure
    from pysdmx.io.pd import PandasDataset
    from pysdmx.model.message import Header

    folder.mkdir()
    artefacts, schemas = _structures(data, city)
    name = f"{AGENCY}-{city.key}-{data.period}-r{data.issue.revision}"
    header = Header(id=name, prepared=datetime.fromisoformat(str(data.manifest["published_at"])))
    message = json.loads(str(write_structure(artefacts, header=header)))
    for structure in message["data"]["dataStructures"]:
        # pysdmx 1.20 writes an empty list of groups, which the schema of SDMX-JSON refuses
        if not structure["dataStructureComponents"].get("groups"):
            structure["dataStructureComponents"].pop("groups", None)
    (folder / STRUCTURE).write_text(json.dumps(message, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    for flow in FLOWS:
        dataset = PandasDataset(structure=schemas[flow.id], data=observations(data, flow).to_pandas())
        write_csv([dataset], output_path=folder / flow.file)


def observations(data: IssueData, flow: Flow) -> pl.DataFrame:
    """The flow's table with SDMX's names, as text: numbers read back as the same numbers."""
    attributes = {**flow.numbers, **flow.texts}
    columns = {
        "FREQ": pl.lit("M"),
        "REF_AREA": pl.col("unit_code").map_elements(code, return_dtype=pl.String),
        "INDICATOR": pl.col(flow.node).map_elements(code, return_dtype=pl.String),
        "TIME_PERIOD": pl.col("period"),
        "OBS_VALUE": pl.col(flow.value).cast(pl.String),
        "OBS_STATUS": pl.col("status"),
        **{name: pl.col(column).cast(pl.String) for name, column in attributes.items()},
    }
    return data.table(flow.table).select(expression.fill_null("").alias(name) for name, expression in columns.items())


def code(text: str) -> str:
    """A code as SDMX allows it: a dot, which units may have, becomes an underscore."""
    return _NOT_IN_CODES.sub("_", text)


def _structures(data: IssueData, city: City) -> tuple[list[Any], dict[str, Any]]:
    """All artefacts of the message, and the schema of each flow by its id."""
    from pysdmx.model import Components, Concept, ConceptScheme, Dataflow, DataStructureDefinition, DataType, Schema

    year, month = data.period.split("-")
    version = f"{int(year)}.{int(month)}.{data.issue.revision}"
    lists = _code_lists(data, city, version)
    names = ["FREQ", "REF_AREA", "INDICATOR", "TIME_PERIOD", "OBS_VALUE", "OBS_STATUS"]
    names += sorted({name for flow in FLOWS for name in (*flow.numbers, *flow.texts)})
    numeric = {"OBS_VALUE", *(name for flow in FLOWS for name in flow.numbers)}
    kinds = {**dict.fromkeys(numeric, DataType.DOUBLE), "RANK": DataType.INTEGER, "TIME_PERIOD": DataType.PERIOD}
    concepts = ConceptScheme(
        id="CS_INDEX", agency=AGENCY, version=version, name=_both("sdmx.concepts"),
        items=[
            Concept(
                id=name, name=_both(f"sdmx.concept.{name}"), dtype=kinds.get(name, DataType.STRING),
                codes=lists.get(name), urn=_item_urn(version, name),
            )
            for name in names
        ],
    )  # fmt: skip
    artefacts: list[Any] = [*lists.values(), concepts]
    schemas = {}
    for flow in FLOWS:
        components = Components(_components(flow, {c.id: c for c in concepts.items}))
        title = f"{city.settings.get('index_name_zh', city.name_zh)} {_both(f'sdmx.flow.{flow.table}')}"
        structure = DataStructureDefinition(
            id=f"DSD_{flow.id}", agency=AGENCY, version=version, name=title, components=components
        )
        artefacts += [
            structure,
            Dataflow(
                id=flow.id, agency=AGENCY, version=version, name=title, structure=structure,
                description=" ".join(filter(None, (data.notice(language) for language in LANGUAGES))) or None,
            ),
        ]  # fmt: skip
        schemas[flow.id] = Schema(
            context="dataflow", agency=AGENCY, id=flow.id, version=version, components=components, name=title
        )
    return artefacts, schemas


def _components(flow: Flow, concepts: Mapping[str, Any]) -> Iterable[Any]:
    from pysdmx.model import Component, Role

    def component(name: str, role: Role, required: bool) -> Any:
        concept = concepts[name]
        return Component(
            id=name, required=required, role=role, concept=concept, local_dtype=concept.dtype,
            local_codes=concept.codes, attachment_level="O" if role == Role.ATTRIBUTE else None,
        )  # fmt: skip

    dimensions = [component(name, Role.DIMENSION, True) for name in ("FREQ", "REF_AREA", "INDICATOR", "TIME_PERIOD")]
    attributes = [component(name, Role.ATTRIBUTE, False) for name in (*flow.numbers, *flow.texts)]
    return [
        *dimensions,
        component("OBS_VALUE", Role.MEASURE, False),
        component("OBS_STATUS", Role.ATTRIBUTE, True),
        *attributes,
    ]


def _code_lists(data: IssueData, city: City, version: str) -> dict[str, Any]:
    """Code lists by the concept that uses them."""
    from pysdmx.model import Code, Codelist

    def listed(name: str, title: str, codes: Sequence[tuple[str, str]]) -> Codelist:
        items = [Code(id=code(key), name=text) for key, text in codes]
        if len({item.id for item in items}) < len(items):
            raise ValueError(f"code list {name}: two codes become the same in SDMX, which allows no dots in codes")
        return Codelist(id=name, agency=AGENCY, version=version, name=title, items=items)

    def named(rows: pl.DataFrame, key: str) -> list[tuple[str, str]]:
        return [(str(r[key]), _joined(r["name_zh"], r["name_en"])) for r in rows.iter_rows(named=True)]

    statuses = ("measured", "partial", "not_applicable", "carried_forward", "missing")
    colours = city.version(data.period).rules["colours"]
    return {
        "FREQ": listed("CL_FREQ", _both("sdmx.frequencies"), [("M", _both("sdmx.frequency.M"))]),
        "REF_AREA": listed("CL_UNIT", _both("sdmx.units"), named(data.table("units"), "unit_code")),
        "INDICATOR": listed("CL_NODE", _both("sdmx.nodes"), named(data.table("framework"), "code")),
        "OBS_STATUS": listed("CL_STATUS", _both("sdmx.statuses"), [(s, _both(f"status.{s}")) for s in statuses]),
        "COLOUR": listed(
            "CL_COLOUR",
            _both("sdmx.concept.COLOUR"),
            [(c["key"], _joined(c.get("word_zh", c["key"]), c.get("word_en", c["key"]))) for c in colours],
        ),
    }


def _item_urn(version: str, name: str) -> str:
    return f"urn:sdmx:org.sdmx.infomodel.conceptscheme.Concept={AGENCY}:CS_INDEX({version}).{name}"


def _both(key: str) -> str:
    return _joined(*(load_catalogue().text(key, language) for language in LANGUAGES))


def _joined(zh: str, en: str) -> str:
    return zh if zh == en else f"{zh} {en}"
