"""dbt that is imported before it is asked: the same words, files, environment and exit code, and nobody outlives it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from warehouse.dbt import PROJECT, dbt_executable
from warehouse.dbt_process import PREPARE, PREPARED_IN

pytestmark = pytest.mark.end_to_end

#: Without them dbt cannot read the project.
VARIABLES = ("--vars", json.dumps({"city": "tianshui", "measure_models": []}))


@pytest.fixture
def waiting() -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """A prepared dbt and its folder, which has a short name: an address has room for 108 bytes."""
    with TemporaryDirectory(prefix="dbt-") as folder:
        process = subprocess.Popen(
            [dbt_executable(), PREPARE], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
        )
        try:
            until_it_waits(Path(folder), process)
            yield process, Path(folder)
        finally:
            process.kill()
            process.wait()


def until_it_waits(folder: Path, process: subprocess.Popen[bytes]) -> None:
    while not (folder / "dbt.sock").exists():
        assert process.poll() is None


def ask(folder: Path, *words: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [dbt_executable(), *words],
        env=os.environ | {PREPARED_IN: str(folder)} | (environment or {}),
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_command_is_done_by_the_dbt_that_waits(waiting: tuple[subprocess.Popen[bytes], Path]) -> None:
    process, folder = waiting
    done = ask(folder, "build", "--help")
    assert done.returncode == 0
    assert "Usage: dbt build" in done.stdout
    assert process.wait() == 0, "it was another dbt"
    assert not (folder / "dbt.sock").exists()


def test_a_failure_is_the_commands_own(waiting: tuple[subprocess.Popen[bytes], Path]) -> None:
    process, folder = waiting
    done = ask(folder, "build", "--no-such-word")
    assert (done.returncode, process.wait()) == (2, 2)
    assert "No such option '--no-such-word'" in done.stderr


def test_the_command_has_the_askers_environment_and_folder(
    waiting: tuple[subprocess.Popen[bytes], Path], tmp_path: Path
) -> None:
    _, folder = waiting
    (tmp_path / "profiles.yml").write_text((PROJECT / "profiles.yml").read_text())
    words = ("debug", "--connection", "--project-dir", str(PROJECT), "--profiles-dir", str(tmp_path), *VARIABLES)
    told = {"DBT_LOG_FORMAT": "json", "DBT_LOG_PATH": str(tmp_path), "DBT_TARGET_PATH": str(tmp_path / "target")}
    done = ask(folder, *words, environment=told | {"PINGAN_WAREHOUSE": "of_the_asker.duckdb"})
    assert done.returncode == 0, done.stdout
    said = [json.loads(line)["info"]["msg"] for line in done.stdout.splitlines()]
    assert any("of_the_asker.duckdb" in line for line in said), said
    assert (tmp_path / "of_the_asker.duckdb").exists(), "not in the folder of its profile"


def test_a_dbt_that_has_gone_is_not_waited_for(waiting: tuple[subprocess.Popen[bytes], Path]) -> None:
    process, folder = waiting
    process.kill()
    process.wait()
    assert (folder / "dbt.sock").exists()
    done = ask(folder, "build", "--help")
    assert done.returncode == 0
    assert "Usage: dbt build" in done.stdout


def test_it_ends_with_the_command_that_asked(waiting: tuple[subprocess.Popen[bytes], Path], tmp_path: Path) -> None:
    """A command of some seconds, whose asker goes away as a killed one does."""
    process, folder = waiting
    (tmp_path / "profiles.yml").write_text((PROJECT / "profiles.yml").read_text())
    target = str(tmp_path / "target")
    words = ["parse", "--no-partial-parse", "--project-dir", str(PROJECT), "--target-path", target]
    words += [*VARIABLES, "--log-path", target]
    command = {"words": words, "folder": str(tmp_path), "environment": dict(os.environ)}
    reading, writing = os.pipe()
    with socket.socket(socket.AF_UNIX) as asker:
        asker.connect(str(folder / "dbt.sock"))
        assert int.from_bytes(asker.recv(8), "big") == process.pid
        socket.send_fds(asker, [b"\n"], [writing, writing, writing])
        os.close(writing)
        asker.sendall(json.dumps(command).encode() + b"\n")
        assert os.read(reading, 1), "it began"
    assert process.wait() == -signal.SIGKILL
    os.close(reading)


def test_it_ends_when_its_input_does(waiting: tuple[subprocess.Popen[bytes], Path]) -> None:
    """Which the end of the run closes; the kernel may have no other way to tell."""
    process, _ = waiting
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait() == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with its parent")
def test_it_ends_with_the_run_that_started_it() -> None:
    with TemporaryDirectory(prefix="dbt-") as folder:
        code = "import subprocess, sys; p = subprocess.Popen(sys.argv[1:3], cwd=sys.argv[3], stdin=-1); input()"
        run = subprocess.Popen(
            [sys.executable, "-c", code, dbt_executable(), PREPARE, folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        until_it_waits(Path(folder), run)
        run.kill()
        run.wait()
        assert run.stdout is not None
        # the pipe that the waiting process holds too closes when it ends: this returns then, never while it lives
        assert run.stdout.read() == b""
