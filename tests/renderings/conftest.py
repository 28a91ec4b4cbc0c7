"""The site of the finished Tianshui run, made once, and a browser for all tests of pages."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from finished_run import FinishedRun
from playwright.sync_api import Browser, sync_playwright

from city import StateFolder
from pipelines.settings import code_version
from publication.home import write_home
from publication.reading import IssueData, read_issue_data
from publication.rendering import Request, read_renderings
from publication.site import finish_site, render_site
from publication.site.facts import Facts

CHROMIUM = "/usr/bin/chromium"
FLAGS = ("--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking")


@dataclass(frozen=True)
class Rendered:
    """A rendered site in a copy of the run's issues, and what it was made from."""

    data: IssueData
    facts: Facts
    issues: Path

    @property
    def folder(self) -> Path:
        return self.data.folder / "site"

    def page(self, path: str) -> str:
        return (self.folder / path).read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def site(tianshui_run: FinishedRun, tmp_path_factory: pytest.TempPathFactory) -> Rendered:
    """In a copy of the issues: the finished run stays as it is.

    The run has rendered it; one that PINGAN_TEST_STATE names may be of older code, and then it is made anew.
    """
    state = StateFolder(tmp_path_factory.mktemp("rendered"), tianshui_run.state.city_key)
    latest = max(p.parent.name for p in tianshui_run.state.issues.glob("*/r*"))
    rendered = read_renderings(tianshui_run.state.issues / latest / "r1").get("site", {})
    made = rendered.get("code_version") == code_version()

    def unwanted(folder: str, names: list[str]) -> set[str]:
        kept = latest in Path(folder).parts
        return {n for n in names if (n == "site" and not (made and kept)) or (n.endswith(".csv") and not kept)}

    shutil.copytree(tianshui_run.state.issues, state.issues, ignore=unwanted)
    data = read_issue_data(state, latest)
    if not made:
        (data.folder / "site").mkdir()
        request = Request(data, tianshui_run.city, data.folder / "site", None)
        render_site(request)
        finish_site(request)
    write_home(state, tianshui_run.city, code_version="test")
    return Rendered(data, Facts(data, tianshui_run.city), state.issues)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, without a network."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()
