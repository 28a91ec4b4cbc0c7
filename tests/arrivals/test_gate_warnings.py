"""A gate's warning is seen as WARN in Dagster, where a sensor tells people, and holds nothing back."""

from dataclasses import replace

import dagster as dg

from assets.gate_checks import months_verdict
from gates.result import WARNING, Finding, GateResult


def test_a_warning_of_a_gate_is_seen_as_warn_and_holds_nothing_back() -> None:
    """A department that is carried forward passes gate A with a warning; what comes after runs all the same."""
    key = dg.AssetKey("gated")
    late = Finding("beta/monthly", False, severity=WARNING, observed="nothing was delivered", remedy_en="ask")

    def gated(result: GateResult) -> dg.AssetsDefinition:
        @dg.asset(key=key, check_specs=[dg.AssetCheckSpec("gate_a", asset=key, blocking=True)])
        def asset(context: dg.AssetExecutionContext) -> dg.MaterializeResult:  # type: ignore[type-arg]
            return dg.MaterializeResult(check_results=[months_verdict(context, "gate_a", key, {"2022-05": result})])

        return asset

    @dg.asset(deps=[key])
    def after() -> None:
        """What a blocking check would hold back."""

    for finding, passed, severity, runs in (
        (late, False, dg.AssetCheckSeverity.WARN, True),
        (replace(late, passed=True), True, dg.AssetCheckSeverity.WARN, True),
        (replace(late, severity="critical"), False, dg.AssetCheckSeverity.ERROR, False),
    ):
        result = dg.materialize([gated(GateResult("A", "2022-05", (finding,))), after], raise_on_error=False)
        (check,) = result.get_asset_check_evaluations()
        assert (check.passed, check.severity) == (passed, severity)
        assert result.success is runs
        assert bool(result.asset_materializations_for_node("after")) is runs
        assert ("nothing was delivered" in (check.description or "")) is not passed
