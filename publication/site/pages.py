"""Filling templates and writing pages: what every page has in common, and how links lead from one to another."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import jinja2

from publication.numbers import shown
from publication.site.words import HTML_LANGUAGES, Words

TEMPLATES = Path(__file__).resolve().parent / "templates"
#: Sections of the site with the page that each begins at.
NAVIGATION = (
    ("overview", "index.html"),
    ("units", "units/index.html"),
    ("indicators", "indicators/index.html"),
    ("departments", "departments/index.html"),
    ("compare", "compare.html"),
    ("method", "method.html"),
    ("quality", "quality.html"),
    ("downloads", "downloads.html"),
)
#: From the site's folder to the issue's, and to the folder of all issues.
_TO_ISSUE = "../"
_TO_ISSUES = "../../../index.html"
#: What HTML lets one leave out, a twentieth of the site's bytes: end tags, and that a heading in a table's head is its
#: column's.
_OMITTED = ("</td>", "</th>", "</tr>", "</thead>", "</tbody>", "</li>", "</dt>", "</dd>", ' scope="col"')
#: Quotes of plain attributes may be left out too; a picture is XML, and data are JSON: they keep theirs.
_QUOTED = re.compile(r'<svg.*?</svg>|<script type.*?</script>|="([\w./#-]+)"(?=[ >])', re.DOTALL)


class Pages:
    """The pages of one language under a folder."""

    def __init__(self, words: Words, target: Path) -> None:
        """Chinese pages lie in the folder itself, others in a folder of their language."""
        self._words = words
        self._target = target
        self._prefix = "" if words.language == "zh" else f"{words.language}/"
        self._environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals.update(self._common)

    def write(self, path: str, template: str, section: str, context: Mapping[str, Any]) -> None:
        """Fill a template and write it; `path` is relative to the language's root."""
        target = self._target / (self._prefix + path)
        target.parent.mkdir(parents=True, exist_ok=True)
        up = "../" * path.count("/")
        to_site = up + "../" * self._prefix.count("/")
        other = f"{to_site}{'en/' if self._words.language == 'zh' else ''}{path}"
        around = {
            "root": up,
            "assets": f"{to_site}assets/",
            "issue": to_site + _TO_ISSUE,
            "issues": to_site + _TO_ISSUES,
            "other": other,
            "here": path,
            "section": section,
        }
        title = context.get("title") or self._words.t(f"nav.{section}")
        text = self._environment.get_template(template).render({**context, **around, "title": title})
        for tag in _OMITTED:
            text = text.replace(tag, "")
        text = _QUOTED.sub(lambda found: f"={found.group(1)}" if found.group(1) else found.group(), text)
        target.write_text(text, encoding="utf-8")

    @cached_property
    def _common(self) -> dict[str, Any]:
        words, data = self._words, self._words.facts.data
        facts = words.facts
        return {
            "t": words.t,
            "shown": shown,
            "language": words.language,
            "html_lang": HTML_LANGUAGES[words.language],
            "other_lang": HTML_LANGUAGES[words.other],
            "index_name": facts.city.settings[f"index_name_{words.language}"],
            "navigation": NAVIGATION,
            "period": data.period,
            "month": words.month(data.period),
            "number": data.number,
            "revision": data.issue.revision,
            "notice": data.notice(words.language),
            "remarks": _remarks(words),
            "manifest_sha256": data.issue.manifest_sha256,
            "code_version": data.manifest["code_version"],
            "unit_name": words.unit_name,
            "unit_above": words.unit_above,
            "node_name": words.node_name,
            "department_name": words.department_name,
            "words": words.colour_word,
            "marks": {c["key"]: c["mark"] for c in facts.colours},
            "heat_class": words.heat_class,
            "colours": [{"key": c["key"], "range": words.colour_range(c)} for c in facts.colours],
        }


def _remarks(words: Words) -> list[str]:
    """What readers must be told of this issue before anything else: a person's release, a revision's reason."""
    manifest = words.facts.data.manifest
    remarks = []
    override = manifest.get("override")
    if override:
        checks = words.t("bulletin.between").join(words.wording.check(check) for check in override["checks"])
        remarks.append(words.t("remark.override", checks=checks, user=override["user"], reason=override["reason"]))
    if words.facts.data.issue.revision > 1:
        remarks.append(
            words.t("remark.revision", revision=manifest["revision"], reason=manifest["reason"] or "–"),
        )
    return remarks
