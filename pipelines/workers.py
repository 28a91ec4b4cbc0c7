"""A worker of the queue: it takes whole runs of any city, one at a time, each in a fresh process.

Broker, result store and queue are those of the run launcher in dagster.yaml: one place says it for who sends and who
takes. A fresh process per run reads the city's folder as it is then, and gives its memory back.
"""

from __future__ import annotations

import os

import dagster as dg
from celery import Celery  # type: ignore[import-untyped]
from dagster_celery.launcher import CeleryRunLauncher
from dagster_celery.make_app import make_app
from dagster_celery.tasks import create_execute_job_task, create_resume_job_task

from pipelines.runs import prepare_instance
from pipelines.settings import Settings


class NoQueueError(RuntimeError):
    """dagster.yaml hands runs to no queue; the message says which file to take."""


def queue_application(where: Settings) -> tuple[Celery, str]:
    """Celery as dagster.yaml describes it, knowing the tasks of whole runs, and the name of the queue."""
    home = prepare_instance(where)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        launcher = instance.run_launcher
        if not isinstance(launcher, CeleryRunLauncher):
            raise NoQueueError(
                f"{home / 'dagster.yaml'} launches runs with {type(launcher).__name__}, not over a queue: "
                "copy deploy/dagster-celery.yaml there (docs/deployment.md)"
            )
        application: Celery = make_app(launcher.app_args())  # type: ignore[no-untyped-call]
        queue = launcher.default_queue
    create_execute_job_task(application)
    create_resume_job_task(application)
    return application, queue


def work(where: Settings, name: str) -> None:
    """Take runs until stopped. Blocks. A stop (SIGTERM) lets the run at hand finish."""
    application, queue = queue_application(where)
    os.environ["DAGSTER_HOME"] = str(where.dagster_home)  # where the tasks look for their run
    os.environ["PINGAN_HOME"] = str(where.home)
    application.conf.update(worker_max_tasks_per_child=1, worker_hijack_root_logger=False)
    application.worker_main(
        [
            *("worker", "--concurrency", "1", "--hostname", f"{name}@%h", "--queues", queue),
            *("--loglevel", "INFO", "--without-gossip", "--without-mingle"),
        ]
    )
