"""What the environment keeps secret is nowhere in the state that a run leaves."""

from __future__ import annotations

from pathlib import Path

import pytest
from finished_run import SECRET_VARIABLES, FinishedRun

pytestmark = pytest.mark.end_to_end

#: Longer files than this are deliveries and warehouses, searched in pieces.
PIECE = 1 << 24


def holds(path: Path, words: list[bytes]) -> bool:
    overlap = max(map(len, words)) - 1
    with path.open("rb") as stream:
        tail = b""
        while piece := stream.read(PIECE):
            if any(word in tail + piece for word in words):
                return True
            tail = piece[-overlap:]
    return False


def test_no_file_of_the_run_holds_a_token(tianshui_run: FinishedRun) -> None:
    if not tianshui_run.secrets:
        pytest.skip("the state was made elsewhere (PINGAN_TEST_STATE): its secrets are not known")
    assert len(tianshui_run.secrets) == len(SECRET_VARIABLES)
    words = [secret.encode() for secret in tianshui_run.secrets]
    sources = tianshui_run.state.sources
    files = [p for p in tianshui_run.where.home.rglob("*") if p.is_file() and not p.is_relative_to(sources)]
    assert len(files) > 5000
    assert [path for path in files if holds(path, words)] == []


def test_the_search_finds_what_is_there(tmp_path: Path) -> None:
    hidden = tmp_path / "log"
    hidden.write_bytes(b"x" * (PIECE - 3) + b"password" + b"y" * 10)
    assert holds(hidden, [b"password"])
    assert not holds(hidden, [b"passphrase"])
