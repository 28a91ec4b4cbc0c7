"""Dagster's event log on SQLite with a transaction for the events of a range, not four for each. Nothing else is here.

A run over a range records every asset once for each of its months: 40 models over 13 months are 520 events. Dagster
1.13.27 takes 20 ms for each: it makes an engine, opens the files of the run and of the index, and commits, again and
again. Here engines are kept, and what Dagster hands over together (DAGSTER_EVENT_BATCH_SIZE) is written together, as
its PostgreSQL storage does. Files and tables are Dagster's own: an instance may go back to Dagster's class at any time.

While this process executes a run the files stay open: opened and closed for each event, as they are otherwise, SQLite
makes and removes its log 1,300 times in a month, with 3,400 waits for the disk.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.events import ASSET_EVENTS
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, Insert, create_engine

_LAST_OF_A_RUN = {
    dg.DagsterEventType.RUN_SUCCESS,
    dg.DagsterEventType.RUN_FAILURE,
    dg.DagsterEventType.RUN_CANCELED,
}


class RangeEventLog(SqliteEventLogStorage):
    """The event log of the instance in DAGSTER_HOME; named in its dagster.yaml."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        """`base_dir` is the instance's folder; the databases lie below it where Dagster's own class has them."""
        self._home = Path(base_dir)
        self._engines: dict[str, Engine] = {}
        self._runs_here: set[str] = set()
        super().__init__(str(self._home / "history" / "runs"), inst_data)

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> RangeEventLog:
        """As dagster.yaml says it."""
        return cls(config_value["base_dir"], inst_data)

    def register_instance(self, instance: dg.DagsterInstance) -> None:
        """Refuse a DAGSTER_HOME that is another instance's: its runs would be written there."""
        if Path(instance.root_directory).resolve() != self._home.resolve():
            raise RuntimeError(
                f"DAGSTER_HOME is {self._home}, but this instance is in {instance.root_directory}: "
                f"set DAGSTER_HOME to it"
            )
        super().register_instance(instance)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            if shard not in self._engines:
                self._engines[shard] = create_engine(
                    self.conn_string_for_shard(shard),
                    connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS},
                )
            engine = self._engines[shard]
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            try:
                with engine.begin() as connection:
                    yield connection
            finally:
                if not self._runs_here:
                    engine.dispose()

    def store_event(self, event: EventLogEntry) -> None:
        """Store an event; the first and the last of a run say that this process executes it."""
        kind = event.dagster_event_type
        if kind is dg.DagsterEventType.RUN_START:
            self._runs_here.add(event.run_id)
        super().store_event(event)
        if kind in _LAST_OF_A_RUN:
            self._runs_here.discard(event.run_id)
            with self._db_lock:
                for engine in self._engines.values():
                    engine.dispose()

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Store events of one run in their order; those of assets that follow each other in one transaction."""
        for of_assets, group in groupby(events, key=lambda event: event.dagster_event_type in ASSET_EVENTS):
            if of_assets:
                self._store_asset_events(list(group))
            else:
                for event in group:
                    self.store_event(event)

    def _store_asset_events(self, events: Sequence[EventLogEntry]) -> None:
        statements = [self.prepare_insert_event(event) for event in events]
        # The index first: others write it too, and when that fails Dagster stores all of them one by one.
        with self.index_transaction() as connection:
            ids = [self._inserted(connection, statement) for statement in statements]
            self._store_asset_event_tags(connection, events, ids)
            last = {
                event.get_dagster_event().asset_key: (event, number) for event, number in zip(events, ids, strict=True)
            }
            for event, number in last.values():
                self._store_asset_event(connection, event, number)
        with self.run_connection(events[0].run_id) as connection:
            for statement in statements:
                connection.execute(statement)

    @staticmethod
    def _inserted(connection: Connection, statement: Insert) -> int:
        key = connection.execute(statement).inserted_primary_key
        if key is None:
            raise RuntimeError("SQLite has inserted an event without a number")
        return int(key[0])
