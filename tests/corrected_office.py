"""A small office that has published two months and then corrected the first: shared by the tests of corrections."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from small_office import PUBLISHED, Office

import publication.issue as issue_module
from gates.result import Finding, GateResult
from gates.store import write_gate
from pipelines.differences import Differences, differences
from publication.issue import PublicationRefused

REASON = "公安一月数据更正 police corrected January"


@dataclass
class Corrected:
    """Two months published, then January's returns of one department restated, computed again and published."""

    office: Office
    unchanged: Differences
    before_computing: Differences
    before_publishing: Differences
    refusal: str


def reduced_gates() -> pytest.MonkeyPatch:
    """Gate C has its own tests; here every month passes it."""
    patch = pytest.MonkeyPatch()
    patch.setattr(issue_module, "evaluate_release_gate", lambda *_: GateResult("C", "2022-01", (Finding("all", True),)))
    return patch


def pass_gate_a(office: Office) -> None:
    for period in PUBLISHED:
        write_gate(office.state, GateResult("A", period, (Finding("all", True),)))


def correct(folder: Path) -> Corrected:
    office = Office(folder).open()
    patch = reduced_gates()
    office.land()
    office.compute()
    pass_gate_a(office)
    assert [r.outcome for r in office.publish()] == ["published", "published"]
    unchanged = differences(office.city, office.state, PUBLISHED)

    office.restate("2022-01", "D1", "crimes", 3)
    office.land(["2022-01"])
    before_computing = differences(office.city, office.state, ["2022-01"])
    office.compute()
    pass_gate_a(office)
    before_publishing = differences(office.city, office.state, PUBLISHED)
    with pytest.raises(PublicationRefused) as refusal:
        office.publish(["2022-01"])
    assert {r.outcome for r in office.publish(reason=REASON)} == {"published"}
    patch.undo()
    return Corrected(office, unchanged, before_computing, before_publishing, str(refusal.value))
