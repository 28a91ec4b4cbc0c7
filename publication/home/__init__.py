"""The home of all issues: `issues/index.html` (and en.html), the Atom feed, and `latest/`, which leads to the newest.

Made again after every rendering from the manifests and the issues' own tables; opens from disk. Its files are listed in
`issues/renderings.json`. Belongs here: what concerns several issues. A single issue's pages are the site's.
"""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import jinja2
import polars as pl

from city.folder import City
from city.state import StateFolder
from gates.store import json_text, replace_text
from publication.catalogue import LANGUAGES
from publication.charts.drawing import ECHARTS, OPTIONS, Drawer, site_palette
from publication.files import sha256_of
from publication.listing import ListedIssue, list_issues
from publication.manifest import read_issue
from publication.numbers import shown
from publication.reading import read_issue_data
from publication.site import ASSETS, figures
from publication.site.colours import stylesheet
from publication.site.facts import Facts
from publication.site.pages import TEMPLATES as SITE_TEMPLATES
from publication.site.search import search_index
from publication.site.words import HTML_LANGUAGES, Words
from publication.verify import RENDERINGS_FILE

log = logging.getLogger("pingan.rendering")

TEMPLATES = Path(__file__).resolve().parent / "templates"
PAGES = {"zh": "index.html", "en": "en.html"}
FEED = "feed.xml"
#: The folder of style sheet and scripts, beside the months' folders.
_ASSETS = "home"


def write_home(state: StateFolder, city: City, *, code_version: str) -> list[str]:
    """Write the home of all issues; answers its files. The caller holds the publication lock."""
    issues = list_issues(state)
    if not issues:
        return []
    latest = max((i for i in issues if i.latest), key=lambda i: i.period)
    facts = Facts(read_issue_data(state, latest.period, latest.revision), city)
    with TemporaryDirectory(dir=state.root) as beside:
        target = Path(beside)
        _write_assets(facts, target / _ASSETS)
        with Drawer(site_palette([c["key"] for c in facts.colours])) as drawer:
            for language in LANGUAGES:
                words = Words(facts, language)
                context = _context(words, issues, latest, drawer)
                _fill(target / PAGES[language], "home.html", context)
                if language == LANGUAGES[0]:
                    _fill(target / FEED, "feed.xml", context)
                    (target / "latest").mkdir()
                    _fill(target / "latest" / "index.html", "latest.html", context)
        address = {"period": latest.period, "revision": latest.revision, "folder": _folder(latest)}
        (target / "latest" / "issue.json").write_text(json_text(address), encoding="utf-8")
        return _move_in(state, target, code_version)


def _move_in(state: StateFolder, target: Path, code_version: str) -> list[str]:
    """Put each file in its place, the pages last: they lead to what must be there."""
    files = sorted((p for p in target.rglob("*") if p.is_file()), key=lambda p: (p.parent == target, p))
    entries = []
    for path in files:
        name = path.relative_to(target).as_posix()
        entries.append({"name": name, "bytes": path.stat().st_size, "sha256": sha256_of(path)})
        place = state.issues / name
        place.parent.mkdir(exist_ok=True)
        path.chmod(0o644)
        path.replace(place)
    content = {"schema_version": 1, "renderings": {"home": {"code_version": code_version, "files": entries}}}
    replace_text(state.issues / RENDERINGS_FILE, json_text(content))
    return [str(entry["name"]) for entry in entries]


def _write_assets(facts: Facts, folder: Path) -> None:
    folder.mkdir()
    for path in (ASSETS / "style.css", ASSETS / "site.js", ECHARTS, OPTIONS):
        shutil.copyfile(path, folder / path.name)
    (folder / "colours.css").write_text(stylesheet(facts.colours), encoding="utf-8")
    index = json.dumps(search_index(facts), ensure_ascii=False, separators=(",", ":"))
    (folder / "index.js").write_text(f"var pinganIndex={index};\n", encoding="utf-8")


def _context(words: Words, issues: list[ListedIssue], latest: ListedIssue, drawer: Drawer) -> dict[str, Any]:
    facts = words.facts
    index_name = facts.city.settings[f"index_name_{words.language}"]
    root = f"{_folder(latest)}/site/" + ("" if words.language == "zh" else f"{words.language}/")
    rendered = (latest.folder / "site" / "index.html").is_file()
    return {
        "t": words.t,
        "shown": shown,
        "language": words.language,
        "html_lang": HTML_LANGUAGES[words.language],
        "other_lang": HTML_LANGUAGES[words.other],
        "other": PAGES[words.other],
        "index_name": index_name,
        "city_name": words.name(facts.city),
        "city_key": facts.city.key,
        "notice": facts.data.notice(words.language),
        "assets": f"{_ASSETS}/",
        "root": root,
        "searchable": rendered,
        "trend": figures.trend(facts, words, drawer, facts.top["unit_code"], facts.data.root) if facts.top else None,
        "rows": list(_rows(words, issues)),
        "latest": f"{_folder(latest)}/{'site/index.html' if rendered else 'gate.html'}",
        "latest_title": words.t(
            "home.feed_entry", index=index_name, number=latest.issue_number, month=words.month(latest.period)
        ),
        "latest_files": [f"{_folder(latest)}/{name}" for name in sorted(facts.data.issue.files)],
        "marks": {c["key"]: c["mark"] for c in facts.colours},
        "words": words.colour_word,
        "updated": max(issue.published_at for issue in issues),
    }


def _rows(words: Words, issues: list[ListedIssue]) -> Iterator[dict[str, Any]]:
    """Revisions, the newest month first and its latest revision before those it replaced."""
    facts = words.facts
    for issue in sorted(issues, key=lambda i: (i.period, i.revision), reverse=True):
        overall = _overall(issue, facts)
        moved = read_issue(issue.folder).manifest.get("moved")
        links = [
            (words.t(key), f"{_folder(issue)}/{name}")
            for key, name in (
                ("home.site", "site/index.html" if words.language == "zh" else "site/en/index.html"),
                ("home.gate", "gate.html"),
                ("home.manifest", "manifest.json"),
            )
            if (issue.folder / name).is_file()
        ]
        title = words.t(
            "home.feed_entry",
            index=facts.city.settings[f"index_name_{words.language}"],
            number=issue.issue_number,
            month=words.month(issue.period),
        )
        yield {
            "title": title,
            "id": f"urn:sha256:{issue.manifest_sha256}",
            "number": issue.issue_number,
            "period": issue.period,
            "month": words.month(issue.period),
            "revision": issue.revision,
            "published": issue.published_at,
            "latest": issue.latest,
            "override": issue.released_by_override,
            "score": overall.get("score"),
            "colour": overall.get("colour") or "",
            "change": overall.get("change_month"),
            "reason": issue.reason or "",
            "moved": _moved(words, moved) if moved else words.t("home.first"),
            "links": links,
        }


def _moved(words: Words, moved: Mapping[str, Any]) -> str:
    largest = (moved.get("largest") or {}).get("change")
    return words.t("home.moved_text", units=moved["units"], scores=moved["scores"], largest=shown(largest, signed=True))


def _overall(issue: ListedIssue, facts: Facts) -> Mapping[str, Any]:
    """The top unit's overall row of an issue; empty where there is no one top unit."""
    if facts.top is None:
        return {}
    own = (pl.col("node_level") == 0) & (pl.col("unit_code") == facts.top["unit_code"])
    rows = pl.scan_parquet(issue.folder / "scores.parquet").filter(own).collect().to_dicts()
    return rows[0] if rows else {}


def _folder(issue: ListedIssue) -> str:
    return f"{issue.period}/r{issue.revision}"


def _fill(target: Path, template: str, context: Mapping[str, Any]) -> None:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([TEMPLATES, SITE_TEMPLATES]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    target.write_text(environment.get_template(template).render(context), encoding="utf-8")
