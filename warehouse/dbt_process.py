"""`pingan-dbt`: dbt that works in the folder of its profile and ends when the process that started it ends.

The profile names the warehouse from there: with an absolute path dbt would take a state folder that was moved, copied
or restored for another profile and parse the project anew in every run (3 s).

Importing dbt takes 2 s in which nothing else of a run could go on. So a run starts `pingan-dbt` with `PREPARE` first:
it imports dbt while departments' deliveries are landed, and waits. The `pingan-dbt` that is started for a command hands
it its words, environment and open files, passes signals on and ends as it ends; when none waits, it becomes dbt itself.

It is started without the rest of our packages; where a kernel cannot tie it to its parent, the next run waits until the
file is closed (warehouse/opening.py).
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import socket
import struct
import sys
from contextlib import chdir, suppress
from importlib import import_module
from pathlib import Path
from threading import Thread
from types import FrameType
from typing import Any

from warehouse.processes import end_at_once, end_with_parent

#: The word that starts the process that waits, in the folder where it is to be met.
PREPARE = "--prepare"
#: The variable that names this folder to the `pingan-dbt` of a command.
PREPARED_IN = "PINGAN_PREPARED_DBT"

_SOCKET = "dbt.sock"
#: What a build of this project imports: dbt, its adapter, and what its Python models need.
_OF_DBT = ("dbt.cli.main", "dbt.adapters.duckdb", "dbt.task.build", "warehouse.changes", "warehouse.index_scores")
_PID = struct.Struct("!q")


def main() -> None:
    """Tie this process to its parent; wait for a command, or have one done with the same words."""
    end_with_parent(os.getppid())
    words = sys.argv[1:]
    if words == [PREPARE]:
        _wait_for_words()
        return
    folder = words[words.index("--profiles-dir") + 1] if "--profiles-dir" in words else os.getenv("DBT_PROFILES_DIR")
    prepared = _prepared()
    if folder:
        os.chdir(folder)
    if prepared is not None:
        raise SystemExit(_hand_over(prepared, words))
    dbt = str(Path(sys.executable).with_name("dbt"))
    os.execv(dbt, [dbt, *words])  # nosec B606 # dbt beside our Python, no shell


def _prepared() -> socket.socket | None:
    """A connection to the dbt that waits for this run, if one does."""
    folder = os.environ.pop(PREPARED_IN, None)
    if folder is None:
        return None
    prepared = socket.socket(socket.AF_UNIX)
    try:
        with chdir(folder):  # an address has room for 108 bytes, a path for more
            prepared.connect(_SOCKET)
    except (FileNotFoundError, ConnectionRefusedError):  # it has had its command, or ended
        prepared.close()
        return None
    return prepared


def _hand_over(prepared: socket.socket, words: list[str]) -> int:
    """Have these words done by the dbt at the other end; answers its exit code when it has ended."""
    told = prepared.recv(_PID.size, socket.MSG_WAITALL)
    if len(told) == _PID.size:
        (pid,) = _PID.unpack(told)

        def pass_on(number: int, _frame: FrameType | None) -> None:
            with suppress(ProcessLookupError):  # it has just ended
                os.kill(pid, number)

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, pass_on)
        command = {"words": words, "folder": str(Path.cwd()), "environment": dict(os.environ)}
        socket.send_fds(prepared, [b"\n"], [0, 1, 2])
        prepared.sendall(json.dumps(command).encode() + b"\n")
        code = prepared.recv(1)
        while prepared.recv(1):  # until it has ended and closed the warehouse
            pass
        if code:
            return code[0]
    sys.stderr.write("dbt ended without saying how its command went\n")
    return 1


def _wait_for_words() -> None:
    """Import dbt, take the words of one command and run it, as if this process had been started for it."""
    umask = os.umask(0o077)
    waiting = socket.socket(socket.AF_UNIX)
    waiting.bind(_SOCKET)
    os.umask(umask)
    waiting.listen(1)
    on_interrupt = signal.signal(signal.SIGINT, signal.SIG_DFL)  # there is nothing yet that could be interrupted
    for name in _OF_DBT:
        import_module(name)
    gc.freeze()  # modules live as long as the process: nothing to look for in them (0.3 s of a build)
    # The end of the run closes our standard input, also where no kernel ties us to it.
    readable, _, _ = select.select([waiting, sys.stdin], [], [])
    if waiting not in readable:
        return
    asker, _ = waiting.accept()
    Path(_SOCKET).unlink()
    waiting.close()
    signal.signal(signal.SIGINT, on_interrupt)
    command = _command(asker)
    os.chdir(command["folder"])
    os.environ.clear()
    os.environ.update(command["environment"])
    sys.argv = [str(Path(sys.executable).with_name("dbt")), *command["words"]]
    Thread(target=_end_with_asker, args=(asker,), daemon=True).start()
    from dbt.cli.main import cli

    try:
        cli()
    except SystemExit as ending:
        asker.sendall(bytes([ending.code if isinstance(ending.code, int) else bool(ending.code)]))
        end_at_once(ending.code)  # the connection closes when this process has ended, which the other side waits for


def _command(asker: socket.socket) -> Any:
    """What is to be done; its open files become this process's own."""
    asker.sendall(_PID.pack(os.getpid()))
    _, files, _, _ = socket.recv_fds(asker, 1, 3)
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    with asker.makefile("rb") as told:
        return json.loads(told.readline())


def _end_with_asker(asker: socket.socket) -> None:
    if not asker.recv(1):
        os.kill(os.getpid(), signal.SIGKILL)
