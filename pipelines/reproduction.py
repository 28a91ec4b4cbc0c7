"""`pingan issues reproduce`: compute a published issue again from what its manifest names, in a folder of its own.

Nothing of the present is read but the code: the city's folder and the receipts come from inputs/, the deliveries from
landing by their hashes. The warehouse starts empty. The issue itself is only compared with.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl

from city import City, Period, StateFolder, load_city
from city.locks import candidates_lock
from feeds.receipt import ACCEPTED, Receipt
from publication.files import csv_bytes, sha256_of
from publication.manifest import Issue
from publication.reading import read_issue_data
from warehouse.candidates import write_candidate
from warehouse.dbt import run_dbt
from warehouse.filling import fill_warehouse, warehouse_lock
from warehouse.inputs import InputGoneError, kept_receipts, restore_folder
from warehouse.window import run_window

log = logging.getLogger("pingan.reproduction")


@dataclass(frozen=True)
class Difference:
    """A file that did not come out as published. `rows` is None when the rows are the same in other bytes."""

    table: str
    rows: str | None


@dataclass(frozen=True)
class Reproduction:
    """What came of it: tables with the same bytes, those without, and what may explain the difference."""

    issue: Issue
    same: tuple[str, ...]
    differences: tuple[Difference, ...]
    reasons: tuple[str, ...] = field(default=())

    @property
    def complete(self) -> bool:
        """Whether every data file has the bytes that were published."""
        return not self.differences

    def text(self) -> str:
        """In words, for the terminal."""
        name = f"{self.issue.period} r{self.issue.revision}"
        if self.complete:
            said = [
                f"{name}: computed again from its manifest; all {len(self.same)} data files have the bytes that were "
                f"published. 按清单重算，{len(self.same)} 个数据文件与发布时逐字节一致。"
            ]
        else:
            said = [
                f"{name}: {len(self.differences)} data files differ, {len(self.same)} are the same. 重算结果不一致。"
            ]
            said += [
                f"  {d.table}: {d.rows or 'the same rows in other bytes 行相同，字节不同'}" for d in self.differences
            ]
        return "\n".join([*said, *(f"  {reason}" for reason in self.reasons)])


def reproduce(state: StateFolder, period: Period, revision: int | None, code_version: str, work: Path) -> Reproduction:
    """Compute an issue again below `work`, an empty folder, and compare every data file with what was published.

    Raises InputGoneError when a delivery or a kept file is gone or changed, IssueNotFoundError when there is no issue.
    """
    issue = read_issue_data(state, period, revision).issue
    inputs = issue.manifest.get("inputs")
    if not inputs:
        raise InputGoneError(
            f"{period} r{issue.revision} was published by a version that did not keep the city's folder with the "
            "issue: it cannot be computed again from its manifest. 该期发布时尚未保存城市目录，无法按清单重算。"
        )
    key = str(issue.manifest["city"]["key"])
    restore_folder(state, inputs, work / key)
    city = load_city(work / key)
    own = StateFolder(work / "state", key)
    _restore_landing(city, state, own, issue, inputs)
    log.info("%s r%d: deliveries and the city's folder are those of the manifest; computing", period, issue.revision)
    with warehouse_lock(own):
        receipts = fill_warehouse(city, own, run_window(city, period, period))
        run_dbt(city, own, ["run"], own.dbt / "reproduction")
        with candidates_lock(own):
            candidate = write_candidate(city, own, receipts, period, code_version)
    same, differences = _compared(issue, candidate)
    return Reproduction(issue, same, differences, tuple(_reasons(issue, inputs, code_version)))


def _restore_landing(city: City, state: StateFolder, own: StateFolder, issue: Issue, inputs: Mapping[str, Any]) -> None:
    """Link the deliveries that the manifest names, their hashes checked, and write the pointers as they were."""
    sets = {(r.department, r.name): r for r in city.record_sets}
    for entry in issue.manifest["landing"]:
        record_set = sets[entry["department"], entry["record_set"]]
        target = _link(state, own, str(entry["landing_file"]), str(entry["hash"]))
        if entry["period"] != issue.period:
            pointer = Receipt(
                *(record_set.department, record_set.department_key, record_set.name, entry["period"], ACCEPTED, True),
                hash=entry["hash"],
                landing_file=entry["landing_file"],
            )
            target.with_name("current.json").write_text(pointer.to_json(), encoding="utf-8")
    for landed, attempt in kept_receipts(state, inputs).values():
        for receipt, name in ((landed, "current.json"), (attempt, "attempt.json")):
            if receipt is None or (name == "current.json") != (receipt.status == ACCEPTED):
                continue
            if receipt.landing_file:
                _link(state, own, receipt.landing_file, receipt.hash)
            folder = own.landing / receipt.department_key / receipt.record_set / issue.period
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(receipt.to_json(), encoding="utf-8")


def _link(state: StateFolder, own: StateFolder, landing_file: str, digest: str) -> Path:
    """The delivery under the same name in the other state folder; InputGoneError when it is not what it was."""
    source, target = state.landing / landing_file, own.landing / landing_file
    if not source.is_file() or sha256_of(source) != digest:
        what = "is gone" if not source.is_file() else "is not what it was"
        raise InputGoneError(f"{source} {what}: restore the folder landing/ from a copy")
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():
        target.symlink_to(source.resolve())
    return target


def _compared(issue: Issue, candidate: Path) -> tuple[tuple[str, ...], tuple[Difference, ...]]:
    """Every data file of the issue against the same of the candidate; CSV is made of the table as publication does."""
    same, differences = [], []
    for name, entry in sorted(issue.files.items()):
        if entry["kind"] != "data":
            continue
        table = candidate / f"{Path(name).stem}.parquet"
        if not table.exists():
            differences.append(Difference(name, "this version of the code does not make it"))
            continue
        made = table.read_bytes() if name.endswith(".parquet") else csv_bytes(pl.read_parquet(table))
        if made == _published(issue, name, str(entry["sha256"])):
            same.append(name)
        else:
            differences.append(Difference(name, _rows(issue.folder / f"{table.stem}.parquet", table)))
    return tuple(same), tuple(differences)


def _published(issue: Issue, name: str, digest: str) -> bytes:
    path = issue.folder / name
    if not path.is_file() or sha256_of(path) != digest:
        raise InputGoneError(f"{path} is not what was published: run `pingan issues verify`")
    return path.read_bytes()


def _rows(published: Path, made: Path) -> str | None:
    before, now = pl.read_parquet(published), pl.read_parquet(made)
    if before.equals(now):
        return None
    if before.columns != now.columns:
        return f"columns {', '.join(sorted(set(before.columns) ^ set(now.columns))) or 'in another order'} differ"
    if before.height != now.height:
        return f"{before.height} rows were published, {now.height} came out"
    differing = sum(a != b for a, b in zip(before.iter_rows(), now.iter_rows(), strict=True))
    return f"{differing} of {before.height} rows differ"


def _reasons(issue: Issue, inputs: Mapping[str, Any], code_version: str) -> list[str]:
    """What is not as it was when the month was computed; none of it matters where the bytes are the same."""
    told = issue.manifest.get("candidate_code_version")
    reasons = []
    if told != code_version:
        reasons.append(f"code version: {told} then, {code_version} now. 代码版本不同。")
    for name, then in inputs["libraries"].items():
        if version(name) != then:
            reasons.append(f"{name}: {then} then, {version(name)} now. 程序库版本不同。")
    return reasons
