"""The stand-in API serves the written pages to who has the token."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from simulator.api import serving
from simulator.run import Simulation

TOKEN = {"Authorization": "Bearer open"}


@pytest.fixture
def sources(run: Callable[..., Simulation]) -> Path:
    return run("2022-03").folder


def test_pages_come_one_by_one_and_hold_all_rows(sources: Path) -> None:
    with serving(sources, "open") as root:
        place = f"{root}/health/2022-03/ambulance.json"
        first = httpx.get(place, params={"page": 1}, headers=TOKEN).json()
        assert first["pages"] > 1
        pages = [httpx.get(place, params={"page": n + 1}, headers=TOKEN).json() for n in range(first["pages"])]
        beyond = httpx.get(place, params={"page": first["pages"] + 1}, headers=TOKEN)
    assert sum(len(page["rows"]) for page in pages) == first["total"]
    assert [page["page"] for page in pages] == list(range(1, first["pages"] + 1))
    assert beyond.status_code == 404


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer shut"}, {"Authorization": "Basic open"}])
def test_without_the_token_nothing_comes(sources: Path, headers: dict[str, str]) -> None:
    with serving(sources, "open") as root:
        answer = httpx.get(f"{root}/health/2022-03/ambulance.json", headers=headers)
    assert answer.status_code == 401
    assert "rows" not in answer.json()


@pytest.mark.parametrize(
    "path", ["health/2022-04/ambulance.json", "police/2022-03/call.csv", "..%2Foutside.json", "health"]
)
def test_what_is_no_delivered_page_is_not_found(sources: Path, path: str) -> None:
    (sources.parent / "outside.json").write_text("[{}]")
    with serving(sources, "open") as root:
        assert httpx.get(f"{root}/{path}", headers=TOKEN).status_code == 404


def test_the_system_can_stumble_before_it_answers(sources: Path) -> None:
    with serving(sources, "open", fail_first=2) as root:
        place = f"{root}/health/2022-03/ambulance.json"
        assert [httpx.get(place, headers=TOKEN).status_code for _ in range(3)] == [503, 503, 200]
