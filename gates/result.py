"""What a gate answers: findings, one per check, and whether the month may pass.

Gates A, B and C share this form, so that one store keeps them and one screen shows them. No check is made
here.
"""

from __future__ import annotations

import math
import os
import pwd
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from city.periods import Period

#: Failing rows that are kept and shown; `rows_total` says how many there were.
ROWS_KEPT = 20
#: The severity of a failure that people are told of and that holds nothing back.
WARNING = "warning"
_ROWS_ON_SCREEN = 5
_FINDINGS_ON_SCREEN = 4

GATE_NAMES: Mapping[str, tuple[str, str]] = {
    "A": ("报送关", "feeds"),
    "B": ("模型关", "model"),
    "C": ("发布关", "release"),
}


@dataclass(frozen=True)
class Finding:
    """One check's answer.

    `severity` says what kind of fault a failure is: `critical` – the tables are wrong and must be
    computed again; `major` – the numbers are unusual and a person has to look. Both block. A check that
    could not be made has `passed` true and says why in `not_applicable_zh` and `not_applicable_en`.
    """

    check: str
    passed: bool
    severity: str = "critical"
    title_zh: str = ""
    title_en: str = ""
    observed: str = ""
    expected: str = ""
    rows: tuple[Mapping[str, Any], ...] = ()
    rows_total: int = 0
    remedy_zh: str = ""
    remedy_en: str = ""
    not_applicable_zh: str = ""
    not_applicable_en: str = ""

    @property
    def applicable(self) -> bool:
        """Whether the check could be made."""
        return not (self.not_applicable_zh or self.not_applicable_en)


@dataclass(frozen=True)
class GateResult:
    """The answer of a gate for one month. `compared_with` is the month that changes were measured against."""

    gate: str
    period: Period
    findings: tuple[Finding, ...]
    compared_with: Period | None = None
    gx_result: Mapping[str, Any] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether every check that could be made has passed."""
        return all(finding.passed or finding.severity == WARNING for finding in self.findings)

    @property
    def failures(self) -> tuple[Finding, ...]:
        """The findings that hold the month back."""
        return tuple(f for f in self.findings if not f.passed and f.severity != WARNING)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """Failures that people are told of and that hold nothing back."""
        return tuple(f for f in self.findings if not f.passed and f.severity == WARNING)

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able values; numbers JSON has no form for become text."""
        content = asdict(self)
        return {"passed": self.passed, **{key: jsonable(value) for key, value in content.items()}}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> GateResult:
        """The inverse of to_dict."""
        return cls(
            gate=str(content["gate"]),
            period=str(content["period"]),
            findings=tuple(Finding(**{**f, "rows": tuple(f.get("rows", ()))}) for f in content["findings"]),
            compared_with=content.get("compared_with"),
            gx_result=content.get("gx_result", {}),
        )

    def screen(self) -> str:
        """Which checks failed, on which rows, and what to do: text of at most one screen."""
        name_zh, name_en = GATE_NAMES.get(self.gate, (self.gate, self.gate))
        failures = self.failures or self.warnings
        made = sum(finding.applicable for finding in self.findings)
        if not failures:
            return f"{self.period}: gate {self.gate} ({name_en}) passed, {made} checks. {name_zh}通过。"
        lines = [
            f"{self.period}: gate {self.gate} ({name_en}) failed {len(failures)} of {made} checks. "
            f"{name_zh}未通过：{made} 项检查中 {len(failures)} 项不合格。"
            if self.failures
            else f"{self.period}: gate {self.gate} ({name_en}) passed with {len(failures)} warnings, {made} checks. "
            f"{name_zh}通过，{len(failures)} 项提醒。"
        ]
        for finding in failures[:_FINDINGS_ON_SCREEN]:
            lines.append("")
            lines.append(f"✗ {finding.check}  {finding.title_zh} {finding.title_en}".rstrip())
            lines.append(f"  observed 实际: {finding.observed}   expected 要求: {finding.expected}")
            for row in finding.rows[:_ROWS_ON_SCREEN]:
                lines.append("    " + _row_text(row))
            more = finding.rows_total - len(finding.rows[:_ROWS_ON_SCREEN])
            if more > 0:
                lines.append(f"    … and {more} more rows 另有 {more} 行")
            lines.append(f"  what to do 处理: {finding.remedy_zh} {finding.remedy_en}".rstrip())
        if len(failures) > _FINDINGS_ON_SCREEN:
            rest = ", ".join(finding.check for finding in failures[_FINDINGS_ON_SCREEN:])
            lines += ["", f"Also failed 另有不合格项: {rest}"]
        return "\n".join(lines)


def operating_system_user() -> str:
    """The account this process runs under. Not from the environment: LOGNAME and USER are anyone's to set."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # an account without an entry, as in containers
        return f"uid {os.getuid()}"


@dataclass(frozen=True)
class Override:
    """A person's decision to release a month against failed checks of gate C: which, why, and who.

    `check` is a check's name, or several separated by commas: each failed check has to be named.
    """

    check: str
    reason: str
    user: str = field(default_factory=operating_system_user)

    @property
    def checks(self) -> tuple[str, ...]:
        """The names, one by one."""
        return tuple(filter(None, (name.strip() for name in self.check.split(","))))


def jsonable(value: Any) -> Any:
    """Values as JSON can hold them: NaN and infinities as text, tuples as lists, unknown objects as text."""
    if isinstance(value, Mapping):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [jsonable(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if value is None or isinstance(value, str | bool | int):
        return value
    return str(value)


def _row_text(row: Mapping[str, Any]) -> str:
    unit = " ".join(filter(None, (str(row.get("unit") or ""), str(row.get("unit_name") or ""))))
    node = " ".join(filter(None, (str(row.get("node") or ""), str(row.get("node_name") or ""))))
    return " | ".join(filter(None, (unit, node, f"{row.get('value')}")))
