"""Publishing: a candidate that passes its gates becomes `issues/<period>/r<n>/`, once and for good.

The way: lock, sweep what a kill left, stage the tables beside, judge gate C on the staged bytes, write
the rest, sync, rename in one step, move the index last. A kill at any instant leaves the old state or the
new one; between the rename and the index the next publication makes the index again. Nothing here
computes an index or judges a month.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from arrivals.timeliness import account, months_shown, timeliness
from city.folder import City
from city.locks import candidates_lock
from city.periods import Period
from city.state import StateFolder
from gates.candidate import TABLES, Candidate, folder_of_last_month, load_candidate
from gates.release import GATE, evaluate_release_gate
from gates.report import render_gate_page
from gates.result import GateResult, Override
from gates.store import json_text, read_gate, sync_folder
from publication import holding as hold_book
from publication.comparison import changed_tables, compares_with, moved_summary
from publication.files import copy_file, csv_bytes, sha256_of, write_bytes
from publication.index import ChainBrokenError, reindex
from publication.manifest import MANIFEST, SCHEMA_VERSION, Issue, manifest_bytes, sha256_of_bytes
from publication.verify import LOCK

__all__ = ["Override", "PublicationHeld", "PublicationRefused", "PublishResult", "publish", "repair"]

log = logging.getLogger("pingan.publication")

#: Gates whose stored answer must be a pass before gate C is asked.
_EARLIER_GATES = ("A", "B")
#: Who delivered when: depends on the clock, so it is listed in the manifest and never compared.
TIMELINESS = "timeliness.json"
_WAIT_SECONDS = 120
_UNFINISHED = ".tmp-"


class PublicationRefused(RuntimeError):  # noqa: N818 - a refusal is an answer, not an error
    """Nothing was published. The message says in one screen which check, which rows and what to do;
    `result` is the gate that failed, when it was a gate.
    """

    def __init__(self, message: str, result: GateResult | None = None) -> None:
        """`message` is for the person who has to act."""
        super().__init__(message)
        self.result = result


class PublicationHeld(PublicationRefused):
    """Nothing is wrong and nothing was published: the month is held by a person or in its holding time (审定)."""


@dataclass(frozen=True)
class PublishResult:
    """What came of it. `outcome` is `published` or `unchanged` (the latest revision already says the
    same).
    """

    outcome: str
    period: Period
    issue_number: int
    revision: int
    folder: Path
    manifest_sha256: str
    moved: Mapping[str, Any] | None = None
    gate: GateResult | None = None


def publish(
    candidate: Path,
    state: StateFolder,
    city: City,
    *,
    reason: str | None = None,
    now: datetime,
    code_version: str,
    override: Override | None = None,
) -> PublishResult:
    """Publish a candidate, or answer that it is published already.

    `now` needs a time zone and is the only clock; it is written in the manifest and decides nothing.
    `reason` is required when the month has an issue that says something else. Raises PublicationRefused.
    """
    if now.tzinfo is None:
        raise ValueError("now has no time zone: an issue's time of publication must not depend on the machine")
    state.issues.mkdir(parents=True, exist_ok=True)
    with _locked(state), candidates_lock(state):
        chain = _repaired(state)
        month = _complete(candidate, city)
        own = [issue for issue in chain if issue.period == month.period]
        latest = max(own, key=lambda issue: issue.revision, default=None)
        changed = changed_tables(candidate, latest) if latest else list(TABLES)
        if latest and not changed:
            return _unchanged(latest)
        if latest and not (reason or "").strip():
            raise PublicationRefused(_reason_needed(latest, changed))
        _require_earlier_gates(state, month.period)
        return _publish_locked(
            month, state, city, chain, latest, changed,
            reason=(reason or "").strip() or None, now=now, code_version=code_version, override=override,
        )  # fmt: skip


def repair(state: StateFolder) -> list[Issue]:
    """Sweep what a kill left and make the index again; answers the chain. Publication does this by itself."""
    state.issues.mkdir(parents=True, exist_ok=True)
    with _locked(state):
        return _repaired(state)


def _publish_locked(
    month: Candidate,
    state: StateFolder,
    city: City,
    chain: list[Issue],
    latest: Issue | None,
    changed: list[str],
    *,
    reason: str | None,
    now: datetime,
    code_version: str,
    override: Override | None,
) -> PublishResult:
    revision = latest.revision + 1 if latest else 1
    parent = state.issues / month.period
    parent.mkdir(exist_ok=True)
    staged = Path(tempfile.mkdtemp(prefix=f"{_UNFINISHED}r{revision}-", dir=parent))
    try:
        staged.chmod(0o755)  # mkdtemp makes 0700; readers of issues are other users
        for name in TABLES:
            copy_file(month.folder / f"{name}.parquet", staged / f"{name}.parquet")
        copy_file(month.folder / "candidate.json", staged / "candidate.json")
        month = load_candidate(staged)  # from here on, only the bytes that are published count
        result = evaluate_release_gate(staged, city, folder_of_last_month(state, staged))
        override = _decide(result, override)
        held = _require_not_held(state, city, month, reason, now)
        page = render_gate_page(result, staged, city, revision=revision, reason=reason, override=override, holding=held)
        (staged / "candidate.json").unlink()
        for name, table in month.tables.items():
            write_bytes(staged / f"{name}.csv", csv_bytes(table))
        write_bytes(staged / "gate.json", json_text(result.to_dict()).encode("utf-8"))
        write_bytes(staged / "gate.html", page.encode("utf-8"))
        came = account(timeliness(city, state, months_shown(city, month.period), now), now)
        write_bytes(staged / TIMELINESS, json_text(came).encode("utf-8"))
        moved = moved_summary(month, latest, changed) if latest else None
        manifest = {
            **_description(month, city, state),
            "revision": revision,
            "reason": reason,
            "published_at": now.isoformat(timespec="seconds"),
            "code_version": code_version,
            "gates": _gates(state, month.period, result),
            "override": _override_entry(override),
            "holding": held,
            "moved": moved,
            "chain": {
                "sequence": len(chain) + 1,
                "previous_manifest_sha256": chain[-1].manifest_sha256 if chain else None,
            },
            "files": _files(staged),
        }
        content = manifest_bytes(manifest)
        write_bytes(staged / MANIFEST, content)
        sync_folder(staged)
        folder = parent / f"r{revision}"
        staged.rename(folder)
    except Exception:
        # A kill leaves the folder for the next publication to sweep; a refusal or a full disk cleans up
        # at once.
        shutil.rmtree(staged, ignore_errors=True)
        _drop_if_empty(parent)
        raise
    sync_folder(parent)
    sync_folder(state.issues)
    reindex(state)
    hold_book.published(state, month.period)
    issue_number = int(manifest["issue_number"])
    log.info("%s: issue %d r%d published in %s", month.period, issue_number, revision, folder)
    return PublishResult(
        "published", month.period, issue_number, revision, folder, sha256_of_bytes(content), moved, result
    )


@contextmanager
def _locked(state: StateFolder) -> Iterator[None]:
    """Hold the publication lock. It is the operating system's and dies with its process."""
    lock = FileLock(state.issues / LOCK)
    try:
        lock.acquire(timeout=_WAIT_SECONDS)
    except Timeout as error:
        raise PublicationRefused(
            f"Another publication of {state.city_key} has held the lock for {_WAIT_SECONDS} s. "
            "Wait for it to end, then publish again. 另一发布进程正在运行，请稍后再试。"
        ) from error
    try:
        yield
    finally:
        lock.release()


def _repaired(state: StateFolder) -> list[Issue]:
    """With the lock held every unfinished folder belongs to a process that is gone."""
    for left in [*state.issues.glob(f"{_UNFINISHED}*"), *state.issues.glob(f"*/{_UNFINISHED}*")]:
        log.info("swept %s, left by a publication that did not end", left)
        if left.is_dir():
            shutil.rmtree(left)
        else:
            left.unlink()
    for period in state.issues.iterdir():
        if period.is_dir():
            _drop_if_empty(period)
    try:
        return reindex(state)
    except ChainBrokenError as error:
        raise PublicationRefused(f"Nothing was published: {error}.") from error


def _complete(folder: Path, city: City) -> Candidate:
    try:
        month = load_candidate(folder)
    except FileNotFoundError as error:
        raise PublicationRefused(
            f"Nothing was published: {error}. 请先计算该月：pingan materialize {folder.name}"
        ) from error
    if month.faults:
        named = ", ".join(filter(None, (f"{table}.{column}".rstrip(".") for table, column in month.faults[:8])))
        raise PublicationRefused(
            f"{month.period} was not published: the candidate lacks {named}. Materialize the month again. "
            "候选数据不全，请重新计算该月。"
        )
    if month.description.get("city") != city.key:
        raise PublicationRefused(
            f"{month.period} was not published: the candidate is of {month.description.get('city')!r}, "
            f"not {city.key!r}. 候选数据属于另一城市。"
        )
    if city.issue_number(month.period) < 1:
        raise PublicationRefused(
            f"{month.period} was not published: the first issue is {city.first_issue}. 早于首期，不发布。"
        )
    return month


def _require_earlier_gates(state: StateFolder, period: Period) -> None:
    for gate in _EARLIER_GATES:
        result = read_gate(state, period, gate)
        if result is None:
            raise PublicationRefused(
                f"{period} was not published: gate {gate} has no result for it. Materialize the month "
                f"(pingan materialize {period}), then publish. 第 {gate} 关尚无结果，请先计算该月。"
            )
        if not result.passed:
            raise PublicationRefused(f"{period} was not published. 未发布。\n{result.screen()}", result)


def _decide(result: GateResult, override: Override | None) -> Override | None:
    """The override as it applies (only checks that failed), or None when nothing had to be overridden."""
    known = {finding.check for finding in result.findings}
    failed = [finding.check for finding in result.failures]
    if override is not None:
        unknown = [name for name in override.checks if name not in known]
        if unknown or not override.checks or not override.reason.strip() or not override.user.strip():
            raise PublicationRefused(
                f"{result.period} was not published: an override names checks of gate {GATE} "
                f"({', '.join(sorted(known))}), a reason and a user; it gave {override.check!r}. "
                "放行须写明检查名与理由。",
                result,
            )
    named = set(override.checks) if override else set()
    held = [check for check in failed if check not in named]
    if held:
        shown = replace(result, findings=tuple(f for f in result.findings if f.passed or f.check in held))
        raise PublicationRefused(f"{result.period} was not published. 未发布。\n{shown.screen()}", result)
    return replace(override, check=", ".join(failed)) if override and failed else None


def _require_not_held(
    state: StateFolder, city: City, month: Candidate, reason: str | None, now: datetime
) -> dict[str, Any] | None:
    """The holding as the issue tells it; PublicationHeld while a person or the holding time stands before it."""
    held = hold_book.gates_passed(state, city, month.period, month.folder, now)
    found = hold_book.obstacle(city, held, now)
    if found is not None:
        hold_book.asked(state, city, month.period, reason or "", now)
        zh, en = found
        raise PublicationHeld(f"{month.period} was not published: {en}\n{month.period} 未发布：{zh}")
    return hold_book.manifest_entry(city, held)


def _description(month: Candidate, city: City, state: StateFolder) -> dict[str, Any]:
    told = month.description
    return {
        "schema_version": SCHEMA_VERSION,
        "city": {"key": city.key, "name_zh": city.name_zh, "name_en": city.name_en},
        "period": month.period,
        "issue_number": int(told.get("issue_number") or city.issue_number(month.period)),
        "method_version": told.get("method_version"),
        "candidate_code_version": told.get("code_version"),
        "synthetic": {
            "synthetic": bool(told.get("synthetic", city.synthetic)),
            "notice_zh": told.get("notice_zh", ""),
            "notice_en": told.get("notice_en", ""),
        },
        "first_month_read": told.get("first_month_read"),
        "landing": told.get("landing", []),
        "inputs": told.get("inputs"),
        "compares_with": compares_with(state, month),
    }


def _gates(state: StateFolder, period: Period, release: GateResult) -> dict[str, Any]:
    answers = {gate: read_gate(state, period, gate) for gate in _EARLIER_GATES}
    return {
        gate: {
            "passed": result.passed,
            "checks": [
                {"check": f.check, "passed": f.passed, "applicable": f.applicable, "observed": f.observed}
                | ({"severity": f.severity} if f in result.warnings else {})
                for f in result.findings
            ],
        }
        for gate, result in {**answers, GATE: release}.items()
        if result is not None
    }


def _override_entry(override: Override | None) -> dict[str, Any] | None:
    if override is None:
        return None
    return {"checks": list(override.checks), "reason": override.reason, "user": override.user}


def _files(folder: Path) -> list[dict[str, Any]]:
    return [
        {
            "name": path.name,
            "kind": _kind(path),
            "bytes": path.stat().st_size,
            "sha256": sha256_of(path),
        }
        for path in sorted(folder.iterdir())
    ]


def _kind(path: Path) -> str:
    """`data` is what is compared and computed again; `gate` and `account` depend on people and on the clock."""
    if path.name == TIMELINESS:
        return "account"
    return "data" if path.suffix in {".parquet", ".csv"} else "gate"


def _unchanged(latest: Issue) -> PublishResult:
    return PublishResult(
        "unchanged",
        latest.period,
        int(latest.manifest["issue_number"]),
        latest.revision,
        latest.folder,
        latest.manifest_sha256,
    )


def _reason_needed(latest: Issue, changed: list[str]) -> str:
    return (
        f"{latest.period} was not published: issue {latest.manifest['issue_number']} r{latest.revision} "
        f"exists and the new tables differ ({', '.join(changed)}). An issue never changes: give a reason for "
        f'r{latest.revision + 1} (pingan publish {latest.period} --reason "…"). '
        "该期已发布且内容不同，修订须注明理由。"
    )


def _drop_if_empty(folder: Path) -> None:
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
