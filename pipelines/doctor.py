"""`pingan doctor`: what is wrong with a city's state in plain words, and what to do. It looks; only `--fix` changes.

Checks of the state folder and of what the city needs; Dagster's own storage is in pipelines/dagster_health.py. A
finding needs a person (`problem`, exit code 1) or is only worth knowing (`note`): what the next run repairs by itself
is a note.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from ctypes.util import find_library
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from filelock import FileLock, Timeout

from city import City, Period, StateFolder
from city.check import check_city
from city.periods import add_months, month_index
from feeds.errors import FeedError
from feeds.landed import current_landing
from pipelines.differences import differences, month_ranges
from publication.listing import list_issues
from publication.verify import LOCK, verify
from warehouse.opening import WarehouseBusyError, warehouse_fault

#: A run writes candidates, a warehouse and a dbt target beside what is there; less than this is too little.
FREE_BYTES = 2 << 30
#: Debian packages that printed renderings need, by the library that shows that they are there.
PRINT_LIBRARIES = {"pango-1.0": "libpango-1.0-0", "pangoft2-1.0": "libpangoft2-1.0-0"}
PROBLEM, NOTE = "problem", "note"


@dataclass(frozen=True)
class Finding:
    """Something to know. `zh` and `en` say what is so, `remedy_zh` and `remedy_en` what to do.

    With `blocks_everything` nothing else can be looked at.
    """

    severity: str
    zh: str
    en: str
    remedy_zh: str = ""
    remedy_en: str = ""
    blocks_everything: bool = False

    def __str__(self) -> str:
        """For the terminal: what is so, and what to do below it."""
        mark = "✗" if self.severity == PROBLEM else "·"
        remedy = f"\n    {self.remedy_zh} {self.remedy_en}" if self.remedy_en else ""
        return f"{mark} {self.zh} {self.en}{remedy}"


@dataclass(frozen=True)
class Patient:
    """What is looked at: a city, its state, where deliveries are looked for, the environment and the time."""

    city: City
    state: StateFolder
    sources: str
    environment: Mapping[str, str]
    now: datetime


def examine(patient: Patient) -> list[Finding]:
    """Every check, in the order in which a person would act on them. A folder that cannot be written ends it."""
    closed = list(_writable(patient))
    if closed:
        return closed
    return [finding for check in CHECKS for finding in check(patient)]


def _writable(patient: Patient) -> Iterator[Finding]:
    for folder in (patient.state.home, patient.state.root, patient.state.landing, patient.state.issues):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            yield Finding(
                PROBLEM,
                f"状态目录 {folder} 不可写。",
                f"The state folder {folder} cannot be written: {error.strerror}.",
                "检查目录的属主、权限与磁盘，或将 PINGAN_HOME 指向可写目录。",
                "Look at its owner, permissions and disk, or point PINGAN_HOME to a folder that can be written.",
                blocks_everything=True,
            )
            return


def _disk(patient: Patient) -> Iterator[Finding]:
    free = shutil.disk_usage(patient.state.root).free
    warehouse = patient.state.warehouse.stat().st_size if patient.state.warehouse.exists() else 0
    needed = max(FREE_BYTES, 2 * warehouse)
    if free < needed:
        yield Finding(
            PROBLEM,
            f"磁盘将满：{patient.state.root} 所在磁盘仅余 {free >> 20} MiB。",
            f"The disk is nearly full: {free >> 20} MiB are free, a run should have {needed >> 20} MiB.",
            "运行 pingan prune --older-than 90d，或扩充磁盘。",
            "Run `pingan prune --older-than 90d`, or enlarge the disk.",
        )


def _folder(patient: Patient) -> Iterator[Finding]:
    errors = [fault for fault in check_city(patient.city.folder) if fault.severity == "error"]
    if errors:
        yield Finding(
            PROBLEM,
            f"城市目录有 {len(errors)} 处错误。",
            f"The city's folder has {len(errors)} faults; runs refuse to start.",
            "运行 pingan check 查看。",
            "Run `pingan check`, which names file, row and what to write.",
        )


def _locks(patient: Patient) -> Iterator[Finding]:
    state = patient.state
    for path, what_zh, what_en in (
        (state.warehouse_lock, "数据仓库", "the warehouse"),
        (state.candidates_lock, "候选数据", "the candidates"),
        (state.issues / LOCK, "发布", "publication"),
    ):
        if not path.exists():
            continue
        try:
            with FileLock(path, timeout=0):
                pass
        except Timeout:
            holder = _holder(path)
            yield Finding(
                NOTE,
                f"{what_zh}正被{f'进程 {holder}' if holder else '另一进程'}占用。",
                f"A run is holding {what_en} ({f'process {holder}' if holder else 'holder unknown'}).",
                "等待其结束；锁随进程结束而释放，无需删除文件。",
                "Wait for it to end. The lock ends with its process; there is no file to delete.",
            )
        except OSError as error:
            yield Finding(
                PROBLEM,
                f"锁文件 {path} 无法打开，可能属于其他用户。",
                f"The lock {path} cannot be opened ({error.strerror}): it may belong to another user.",
                "以同一用户运行所有进程，或更正该文件的属主。",
                "Run all processes as one user, or give the file to that user.",
            )


def _holder(lock: Path) -> int | None:
    """The process that holds a lock file, from the kernel's list; None where there is no such list."""
    table = Path("/proc/locks")
    if not table.exists():
        return None
    inode = lock.stat().st_ino
    for line in table.read_text(encoding="ascii").splitlines():
        fields = line.split()
        place = next((f for f in fields if f.count(":") == 2), "")
        if place.rpartition(":")[2] == str(inode):
            return int(fields[fields.index(place) - 1])
    return None


def _warehouse(patient: Patient) -> Iterator[Finding]:
    state = patient.state
    try:
        with FileLock(state.warehouse_lock, timeout=0):
            fault = warehouse_fault(state, wait=0)
    except Timeout:
        fault = None  # a run is using it; _locks says so
    except WarehouseBusyError as error:
        yield Finding(
            PROBLEM,
            "数据仓库文件正被其他程序打开，运行将等待后失败。",
            str(error),
            "关闭该程序。",
            "Close that program; readers take issues/.",
        )
        return
    if fault:
        yield Finding(
            NOTE,
            "数据仓库文件已损坏。",
            f"The warehouse file is corrupt ({fault}).",
            "无需处理：下次运行会将其移开并由入库数据重建。",
            "Nothing to do: the next run sets it aside and builds it anew from landing.",
        )
    for aside in sorted(state.root.glob("warehouse.duckdb.corrupt-*")):
        yield Finding(
            NOTE,
            f"{aside.name} 是被移开的损坏文件（{aside.stat().st_size >> 20} MiB）。",
            f"{aside.name} was set aside as corrupt; the disk under it may be failing.",
            "检查磁盘；确认后可删除，pingan prune 到期也会清除。",
            "Look at the disk's own reports; delete the file when done, or let `pingan prune` do it.",
        )


def _landing(patient: Patient) -> Iterator[Finding]:
    periods = sorted({p.name for p in patient.state.landing.glob("*/*/*") if p.is_dir()})
    try:
        current_landing(patient.state, patient.city.record_sets, periods)
    except FeedError as error:
        yield Finding(
            PROBLEM,
            "入库文件缺失。",
            str(error),
            "由备份恢复 landing/，或重新入库该月。",
            "Restore landing/ from a copy, or materialize the feeds of that month again.",
        )


def _issues(patient: Patient) -> Iterator[Finding]:
    if not patient.state.issues.exists():
        return
    repaired = {"index_differs", "missing_index"}
    for problem in verify(patient.state):
        severity = NOTE if problem.kind in repaired else PROBLEM
        yield Finding(severity, "已发布数据与清单不符。", str(problem))
    unfinished = list(patient.state.issues.glob("*/.tmp-*"))
    if unfinished:
        yield Finding(
            NOTE,
            f"{len(unfinished)} 个未完成的发布残留。",
            f"{len(unfinished)} unfinished publications were left by processes that ended.",
            "无需处理：下次发布时自动清除。",
            "Nothing to do: the next publication sweeps them.",
        )


def _stale(patient: Patient) -> Iterator[Finding]:
    candidates = patient.state.root / "candidates"
    periods = {p.name for p in candidates.glob("[0-9]*") if (p / "candidate.json").exists()}
    periods |= {issue.period for issue in list_issues(patient.state)}
    found = differences(patient.city, patient.state, sorted(periods), compare=False)
    stale = [m.period for m in found.months if m.must_be_computed]
    if stale:
        parts = month_ranges(stale)
        yield Finding(
            PROBLEM,
            f"{len(stale)} 个月的结果早于现有报送、城市目录或程序：{', '.join(parts)}。",
            f"{len(stale)} months are older than the deliveries, the city's folder or the code: {', '.join(parts)}.",
            "重新计算后用 pingan diff 查看变动：",
            "; ".join(f"pingan materialize {part}" for part in parts) + f"; then pingan diff {parts[0]}.",
        )


def _publication(patient: Patient) -> Iterator[Finding]:
    local = patient.now.astimezone(ZoneInfo(patient.city.time_zone))
    due = patient.city.settings["publication"]
    closed = add_months(f"{local:%Y-%m}", -1)
    published = {issue.period for issue in list_issues(patient.state)}
    if not published:
        yield Finding(NOTE, "尚未发布任何一期。", "Nothing is published yet.")
        return
    passed = (local.day, local.hour) >= (int(due["day"]), int(due["hour"]))
    last: Period = closed if passed else add_months(closed, -1)
    if last not in published and month_index(last) >= month_index(patient.city.first_issue):
        yield Finding(
            PROBLEM,
            f"{last} 应已发布，尚未发布（最近一期 {max(published)}）。",
            f"{last} should be published by now and is not (the latest is {max(published)}).",
            "查看该月的运行与关口：",
            f"See its run in the UI, or run `pingan materialize {last} --publish`, which says what stands in the way.",
        )


def _variables(patient: Patient) -> Iterator[Finding]:
    named: dict[tuple[str, bool], list[str]] = {}
    for record_set in patient.city.record_sets:
        root = patient.environment.get(record_set.root, "") if record_set.root else ""
        if record_set.root and not root:
            named.setdefault((record_set.root, False), []).append(record_set.key)
        if record_set.token and root and not patient.environment.get(record_set.token):
            named.setdefault((record_set.token, True), []).append(record_set.key)
    for (variable, needed), feeds in named.items():
        yield Finding(
            PROBLEM if needed else NOTE,
            f"feeds.yaml 所用环境变量 {variable} 未设置（{', '.join(feeds)}）。",
            f"The variable {variable} that feeds.yaml names is not set"
            + ("." if needed else f"; these deliveries are looked for under {patient.sources}."),
            "在服务的环境中设置它。",
            "Set it in the environment of the services.",
        )


def _printing(patient: Patient) -> Iterator[Finding]:
    missing = [package for library, package in PRINT_LIBRARIES.items() if find_library(library) is None]
    fonts = Path("/usr/share/fonts")
    if not any(fonts.rglob("*CJK*")):
        missing.append("fonts-noto-cjk")
    if missing:
        yield Finding(
            NOTE,
            f"缺少排版所需的系统软件包：{', '.join(missing)}；数据发布不受影响，PDF 等版式将缺失。",
            f"Printed renderings need missing Debian packages: {', '.join(missing)}; data issues are complete.",
            "安装：",
            f"apt-get install {' '.join(missing)}",
        )


#: In the order of a person's acting.
CHECKS: tuple[Callable[[Patient], Iterator[Finding]], ...] = (
    _disk, _folder, _locks, _warehouse, _landing, _issues, _stale, _publication, _variables, _printing,
)  # fmt: skip
