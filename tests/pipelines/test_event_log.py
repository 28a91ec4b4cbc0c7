"""The event log of a range, against Dagster's own class: the same events in the same order, fewer transactions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from sqlalchemy import event
from sqlalchemy.engine import Engine

from pipelines.event_log import RangeEventLog
from pipelines.settings import ROOT

MONTHS = [f"2022-{month:02d}" for month in range(1, 13)]
PARTITIONS = dg.StaticPartitionsDefinition(MONTHS)


@dg.multi_asset(
    specs=[dg.AssetSpec("police"), dg.AssetSpec("fire", deps=["police"])],
    partitions_def=PARTITIONS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    check_specs=[dg.AssetCheckSpec("gate", asset="fire")],
)
def feeds() -> Any:
    yield dg.MaterializeResult("police", metadata={"rows": 3})
    yield dg.MaterializeResult("fire", check_results=[dg.AssetCheckResult(passed=True)])


def told(home: Path, monkeypatch: pytest.MonkeyPatch, *, ours: bool) -> dict[str, Any]:
    """What an instance remembers of one run over a year, and how often it committed."""
    home.mkdir()
    configuration = yaml.safe_load((ROOT / "deploy" / "dagster.yaml").read_text(encoding="utf-8"))
    if not ours:
        del configuration["event_log_storage"]
    (home / "dagster.yaml").write_text(yaml.safe_dump(configuration), encoding="utf-8")
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", "1000")
    commits = []

    def count(connection: object) -> None:
        commits.append(connection)

    event.listen(Engine, "commit", count)
    try:
        with dg.DagsterInstance.from_config(str(home)) as instance:
            assert isinstance(instance.event_log_storage, RangeEventLog) == ours
            tags = {"dagster/asset_partition_range_start": MONTHS[0], "dagster/asset_partition_range_end": MONTHS[-1]}
            result = dg.materialize([feeds], instance=instance, tags=tags)
            assert result.success
            latest = {key: instance.get_latest_materialization_event(dg.AssetKey(key)) for key in ("police", "fire")}
            checks = instance.event_log_storage.get_asset_check_execution_history(
                dg.AssetCheckKey(dg.AssetKey("fire"), "gate"), limit=100
            )
            return {
                "events": [
                    (e.dagster_event_type, e.dagster_event.asset_key, e.dagster_event.partition)
                    for e in instance.all_logs(result.run_id)
                    if e.dagster_event
                ],
                "months": {key: instance.get_materialized_partitions(dg.AssetKey(key)) for key in latest},
                "latest": {key: e.dagster_event.partition for key, e in latest.items() if e and e.dagster_event},
                "rows": latest["police"].asset_materialization.metadata["rows"].value,  # type: ignore[union-attr]
                "checks": [(check.status, check.partition) for check in checks],
                "commits": len(commits),
            }
    finally:
        event.remove(Engine, "commit", count)


def test_it_remembers_what_dagsters_own_remembers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = told(tmp_path / "plain", monkeypatch, ours=False)
    ours = told(tmp_path / "ours", monkeypatch, ours=True)
    fewer, more = ours.pop("commits"), plain.pop("commits")
    assert ours == plain
    assert ours["months"] == {"police": set(MONTHS), "fire": set(MONTHS)}
    assert more - fewer > 80  # 24 materialisations and 24 plans took two each


def test_dagsters_own_class_reads_what_it_wrote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    told(home, monkeypatch, ours=True)
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n", encoding="utf-8")
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert not isinstance(instance.event_log_storage, RangeEventLog)
        assert instance.get_materialized_partitions(dg.AssetKey("fire")) == set(MONTHS)
        (run,) = instance.get_runs()
        assert len(instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)) == 24


def test_files_stay_open_while_a_run_goes_on_and_no_longer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dagster.yaml").write_text((ROOT / "deploy" / "dagster.yaml").read_text(encoding="utf-8"))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    seen = {}

    def logs_of_sqlite() -> set[str]:
        return {path.name for path in (tmp_path / "history" / "runs").glob("*-wal")}

    @dg.asset
    def police() -> None:
        seen[dg.AssetExecutionContext.get().run.run_id] = logs_of_sqlite()
        if len(seen) == 2:
            raise dg.Failure("a run that fails ends as well")

    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        for well in (True, False):
            assert dg.materialize([police], instance=instance, raise_on_error=False).success == well
            # SQLite removes its log when the last connection to a file closes
            assert logs_of_sqlite() == set()
    for run, logs in seen.items():
        assert logs == {"index.db-wal", f"{run}.db-wal"}


def test_another_instances_home_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dagster.yaml").write_text((ROOT / "deploy" / "dagster.yaml").read_text(encoding="utf-8"))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "elsewhere"))
    with pytest.raises(
        RuntimeError, match=r"DAGSTER_HOME is .*elsewhere, but this instance is in .*: set DAGSTER_HOME"
    ):
        dg.DagsterInstance.from_config(str(tmp_path))
