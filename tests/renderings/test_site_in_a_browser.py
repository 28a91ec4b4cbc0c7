"""Pages as readers meet them: Chromium, from disk and from `pingan serve`, with and without scripts."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page
from renderings.conftest import Rendered

from publication.numbers import shown
from publication.serving import issue_server

pytestmark = [pytest.mark.server, pytest.mark.end_to_end]

KINDS = (
    "index.html", "units/index.html", "units/620500.html", "units/620502.html", "units/620502001.html",
    "indicators/index.html", "indicators/I.html", "indicators/I01.html", "indicators/I010101.html",
    "departments/index.html", "departments/D02.html", "compare.html", "method.html", "quality.html", "downloads.html",
)  # fmt: skip
#: Scripts, width, language, scheme. The two of a row have nothing in common: a page that is read as one row says has
#: met every value. The three rows hold every value of each with every value of each other.
SCREENS = (
    ((True, 1440, "zh", "light"), (False, 390, "en", "dark")),
    ((True, 1440, "en", "dark"), (False, 390, "zh", "light")),
    ((True, 390, "zh", "dark"), (False, 1440, "en", "light")),
)
#: What each kind of page is read as: one of three levels of units or nodes in each row, and once on paper.
READINGS = (
    *((KINDS[place::3], *reading, "screen") for place, row in enumerate(SCREENS) for reading in row),
    (KINDS[0::2], True, 1440, "zh", "light", "print"),
    (KINDS[1::2], False, 1440, "en", "light", "print"),
)
#: Axe takes a minute for all rows of tables and tiles of maps. Those go whose every part is there three times already,
#: of the same tag, classes and style, in the same table or map: they differ in words and numbers alone.
FEWER_ROWS = """() => document.querySelectorAll('tbody, figure.map svg').forEach(whole => {
    const seen = {};
    const look = e => e.tagName + e.getAttribute('class') + (e.getAttribute('style') || '').replace(/[0-9.]+/g, '')
        + e.getAttribute('fill');
    for (const part of whole.querySelectorAll('tr, a:has(text)')) {
        const looks = new Set([part, ...part.querySelectorAll('*')].map(look));
        if ([...looks].every(one => seen[one] >= 3)) part.remove();
        else looks.forEach(one => seen[one] = (seen[one] || 0) + 1);
    }
})"""
#: Axe tries to read style sheets again, which pages opened from disk forbid.
AXE = {"preload": False, "resultTypes": ["violations"]}


@contextmanager
def reader(
    browser: Browser, *, scripts: bool = True, width: int = 1440, scheme: str = "light", media: str = "screen"
) -> Iterator[tuple[Page, list[str]]]:
    """A page and what it complains of."""
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=scheme,
        java_script_enabled=scripts,  # type: ignore[arg-type]
    )
    page = context.new_page()
    page.emulate_media(media=media, color_scheme=scheme)  # type: ignore[arg-type]
    complaints: list[str] = []
    page.on("console", lambda m: complaints.append(m.text) if m.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", lambda request: complaints.append(request.url))
    yield page, complaints
    context.close()


def visible(page: Page, selector: str) -> int:
    return page.locator(f"{selector} >> visible=true").count()


@pytest.mark.parametrize(("kinds", "scripts", "width", "language", "scheme", "media"), READINGS)
def test_every_kind_of_page_reads(
    site: Rendered,
    browser: Browser,
    kinds: Sequence[str],
    scripts: bool,
    width: int,
    language: str,
    scheme: str,
    media: str,
) -> None:
    prefix = "" if language == "zh" else "en/"
    with reader(browser, scripts=scripts, width=width, scheme=scheme, media=media) as (page, complaints):
        for kind in kinds:
            page.goto((site.folder / f"{prefix}{kind}").as_uri())
            assert complaints == [], kind
            assert page.locator("h1").is_visible(), kind
            # on paper the static picture stands, on screen the live one where there are scripts
            live = scripts and media == "screen"
            figures = page.locator("figure.chart[data-kind]").count()
            assert visible(page, "figure.chart[data-kind] .live svg") == (figures if live else 0), kind
            assert visible(page, "figure.chart[data-kind] .picture svg") == (0 if live else figures), kind
            if media == "screen":
                box = page.locator("body").bounding_box()
                assert box is not None
                assert box["width"] <= width, kind
                widest = page.locator("main").bounding_box()
                assert widest is not None
                assert widest["x"] + widest["width"] <= width, kind
            if scripts and media == "screen":
                assert page.evaluate("document.documentElement.scrollWidth") <= width, kind
            else:
                assert page.locator("form:visible").count() == 0, kind
            if media == "print":
                assert page.locator("nav").is_hidden(), kind


@pytest.mark.parametrize(("language", "width", "scheme"), [("", 1440, "light"), ("en/", 390, "dark")])
def test_axe_finds_nothing(site: Rendered, browser: Browser, language: str, width: int, scheme: str) -> None:
    """Each kind of page once: the even ones in Chinese, light and wide, the odd ones in English, dark and narrow."""
    kinds = KINDS[0::2] if not language else KINDS[1::2]
    with reader(browser, width=width, scheme=scheme) as (page, _):
        for kind in kinds:
            page.goto((site.folder / f"{language}{kind}").as_uri())
            page.evaluate(FEWER_ROWS)
            assert violations(page) == [], kind


def test_axe_finds_a_planted_fault(site: Rendered, browser: Browser) -> None:
    """Also in the last row of a table."""
    with reader(browser) as (page, _):
        page.goto((site.folder / "departments" / "index.html").as_uri())
        page.evaluate("""() => {
            document.querySelectorAll('tbody tr:last-child td').forEach(cell => cell.style.color = '#ddd');
            const image = document.createElement('img');
            image.src = 'data:image/gif;base64,R0lGODlhAQABAAAAACw=';
            document.querySelector('main').append(image);
        }""")
        page.evaluate(FEWER_ROWS)
        assert {v[0] for v in violations(page)} >= {"image-alt", "color-contrast"}


def violations(page: Page) -> list[tuple[str, str]]:
    found: Any = Axe().run(page, options=AXE).response["violations"]
    return [(v["id"], v["nodes"][0]["html"][:200]) for v in found]


def test_pages_are_ready_within_a_second(site: Rendered, browser: Browser) -> None:
    """The quickest of three readings: another program's load is not the page's."""
    with reader(browser) as (page, _):
        for kind in KINDS:
            times = []
            for _ in range(3):
                page.goto((site.folder / kind).as_uri())
                page.wait_for_function("document.documentElement.dataset.ready === 'yes'")
                times.append(page.evaluate("performance.timing.loadEventEnd - performance.timing.navigationStart"))
                if times[-1] < 1000:
                    break
            assert min(times) < 1000, (kind, times)


def test_search_finds_by_pinyin_and_leads_there_by_keyboard(site: Rendered, browser: Browser) -> None:
    with reader(browser) as (page, complaints):
        page.goto((site.folder / "departments" / "D02.html").as_uri())
        box = page.get_by_role("combobox", name="搜索")
        for words in ("dcjd", "dachengjie", "大城", "620502001"):
            box.fill(words)
            assert page.locator("#search-found li").first.inner_text().startswith("大城街道"), words
        box.press("ArrowDown")
        assert box.get_attribute("aria-activedescendant") == "found-0"
        box.press("Enter")
        page.wait_for_url("**/units/620502001.html")
        box = page.get_by_role("combobox", name="搜索")
        box.fill("没有这个")
        assert page.locator("#search-found li").count() == 0
        assert complaints == []


def test_the_language_switch_keeps_the_page(site: Rendered, browser: Browser) -> None:
    with reader(browser, scripts=False) as (page, _):
        page.goto((site.folder / "indicators" / "I010101.html").as_uri())
        page.get_by_role("link", name="English").click()
        assert page.url.endswith("/en/indicators/I010101.html")
        assert page.locator("h1").inner_text().startswith("Petitions per 10k residents")
        page.get_by_role("link", name="中文").click()
        assert page.url.endswith("/site/indicators/I010101.html")


def test_a_comparison_has_an_address_that_brings_it_back(site: Rendered, browser: Browser) -> None:
    facts = site.facts
    with reader(browser) as (page, complaints):
        base = (site.folder / "compare.html").as_uri()
        page.goto(f"{base}#units=620502,620503&nodes=I,I01&from=2022-11&to=2023-01")
        table = page.locator("#compared table")
        table.wait_for()
        assert table.locator("tbody tr").count() == 3
        cells = table.locator("tbody tr").last.locator("td").all_inner_texts()
        expected = [facts.score[u, n]["score"] for u in ("620502", "620503") for n in ("I", "I01")]
        assert cells == [shown(v) for v in expected]
        page.select_option("#pick-units", ["620521"])
        page.select_option("#pick-nodes", ["I0101"])
        page.wait_for_function("location.hash.includes('620521')")
        address = page.url
        page.goto("about:blank")
        page.goto(address)
        table.wait_for()
        assert table.locator("tbody tr").last.locator("td").all_inner_texts() == [
            shown(facts.score["620521", "I0101"]["score"])
        ]
        assert complaints == []


def test_a_table_sorts_by_its_columns(site: Rendered, browser: Browser) -> None:
    with reader(browser) as (page, _):
        page.goto((site.folder / "units" / "index.html").as_uri())
        head = page.locator("th", has=page.get_by_role("button", name="得分", exact=True))
        for order in ("ascending", "descending"):
            head.get_by_role("button").click()
            assert head.get_attribute("aria-sort") == order
            texts = page.locator("table.sortable tbody tr td:nth-child(4)").all_inner_texts()
            numbers = [float(t) for t in texts]
            assert numbers == sorted(numbers, reverse=order == "descending")


def test_every_score_stands_on_the_tint_of_its_colour(site: Rendered, browser: Browser) -> None:
    """The best colour's tint is in no cell but in the style sheet; a cell without a score has none."""
    facts = site.facts
    tints: dict[str, set[str]] = {}
    with reader(browser) as (page, _):
        for path, column in (("units/620502001", 3), ("indicators/I0101", 3), ("indicators/I090304", 4)):
            page.goto((site.folder / f"{path}.html").as_uri())
            kind, _, own = path.partition("/")
            cells = page.evaluate(f"""() => Array.from(document.querySelectorAll('.scores{column} tbody tr'))
                .filter(row => row.cells.length > 2 && !row.matches('.u'))
                .map(row => [row.querySelector('a').href, row.cells[{column - 1}]])
                .map(([link, cell]) => [link, getComputedStyle(cell).backgroundColor])""")
            assert len(cells) > 100
            for link, tint in cells:
                other = link.rpartition("/")[2].removesuffix(".html")
                unit, node = (own, other) if kind == "units" else (other, own)
                tints.setdefault(facts.score[unit, node]["colour"] or "", set()).add(tint)
    assert {colour: len(found) for colour, found in tints.items()} == dict.fromkeys(tints, 1)
    assert len(set.union(*tints.values())) == len(tints) == 5


def test_served_on_loopback_it_reads_as_from_disk(site: Rendered, browser: Browser) -> None:
    with issue_server(site.issues) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            base = f"http://127.0.0.1:{server.server_port}"
            with reader(browser) as (page, complaints):
                page.goto(f"{base}/index.html")
                page.locator("a", has_text="最新一期").click()
                page.wait_for_url(f"**/{site.data.period}/r1/site/index.html")
                prefix = f"{base}/{site.data.period}/r1/site/"
                for kind in KINDS[::2]:
                    page.goto(prefix + kind)
                    assert page.locator("h1").is_visible(), kind
                    assert complaints == [], kind
                page.goto(f"{base}/en.html")
                assert violations(page) == []
        finally:
            server.shutdown()
            thread.join()
