"""Dagster's launcher of whole runs as Celery tasks, but it notices that a worker is gone, and can resume a run.

Celery's result of a task whose worker was killed says STARTED for ever, and Dagster's launcher believes it: the run
would hang. Here a task counts as running only while its worker says that it has it; then Dagster's run monitoring
(`max_resume_run_attempts` in dagster.yaml) hands the run to another worker. What a worker does is in workers.
"""

from __future__ import annotations

from typing import Any

from dagster import DagsterRun
from dagster._core.launcher import CheckRunHealthResult, ResumeRunContext, WorkerStatus
from dagster._grpc.types import ResumeRunArgs
from dagster._serdes import pack_value
from dagster_celery.config import TASK_RESUME_JOB_NAME
from dagster_celery.launcher import CeleryRunLauncher
from dagster_celery.tags import DAGSTER_CELERY_TASK_ID_TAG
from dagster_celery.tasks import create_resume_job_task

#: Seconds that a worker has to answer. Its main process does nothing but answer: runs are in a child.
PATIENCE = 15.0


class WatchfulCeleryRunLauncher(CeleryRunLauncher):
    """`run_launcher` of deploy/dagster-celery.yaml; takes CeleryRunLauncher's configuration."""

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """RUNNING while a worker has the run or it waits for one; FAILED when its worker failed or does not answer."""
        task_id = run.tags.get(DAGSTER_CELERY_TASK_ID_TAG)
        if task_id is None:
            # A command line's run: it is in that command's own process, which nobody here can ask.
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        task = self.celery.AsyncResult(task_id)
        if task.state == "PENDING":
            # Handed on and not yet taken. Dagster's launcher calls that UNKNOWN, and run monitoring would hand it on
            # again at every look until no attempt is left.
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        if task.state == "STARTED" and not self._has_task(str((task.info or {}).get("hostname", "")), task_id):
            return CheckRunHealthResult(WorkerStatus.FAILED, f"Worker {task.info} does not answer or has lost the run.")
        return super().check_run_worker_health(run)

    def resume_run(self, context: ResumeRunContext) -> None:
        """Hand a run whose worker is gone to another one.

        Written out because dagster-celery 0.29.27 hands its arguments to the task under the other task's name for them:
        TypeError, and no run is ever resumed.
        """
        run = context.dagster_run
        if run.job_code_origin is None:
            raise ValueError(f"run {run.run_id} does not say where its code is: it cannot be resumed")
        arguments = ResumeRunArgs(
            job_origin=run.job_code_origin,
            run_id=run.run_id,
            instance_ref=self._instance.get_ref(),
            set_exit_code_on_failure=True,
        )
        task = create_resume_job_task(self.celery)
        self._launch_celery_task_run(
            run=run,
            task_signature=task.si(resume_job_args_packed=pack_value(arguments)),
            routing_key=TASK_RESUME_JOB_NAME,
        )

    def _has_task(self, worker: str, task_id: str) -> bool:
        answers: dict[str, list[dict[str, Any]]] | None = self.celery.control.inspect(
            destination=[worker], timeout=PATIENCE
        ).active()
        return any(task["id"] == task_id for task in (answers or {}).get(worker, ()))
