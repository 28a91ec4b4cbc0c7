"""The renderings of an issue as an asset: made after publication, of the latest published month of the run."""

from collections.abc import Sequence

import dagster as dg
from pydantic import Field

from assets.city_resource import CityResource, run_months
from city import City

#: In place of names: no rendering.
NONE = "none"
#: Warns of renderings of which some files are missing because the system lacks what they are made with.
WHOLE = "renderings_whole"


class RenderingConfig(dg.Config):
    """Which renderings a run makes; without names those of the installation. `none` leaves them to `pingan render`."""

    only: list[str] = Field(default_factory=list)


def rendering_asset(
    city: City, partitions: dg.PartitionsDefinition[str], names: Sequence[str] = ()
) -> dg.AssetsDefinition:
    """`tianshui/publication/rendering`; `names` are the installation's renderings, all without any."""

    key = dg.AssetKey([city.key, "publication", "rendering"])

    @dg.asset(
        key=key,
        deps=[dg.AssetKey([city.key, "publication", "issue"])],
        partitions_def=partitions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        group_name="publication",
        kinds={"html", "python"},
        owners=["team:index_office"],
        check_specs=[
            dg.AssetCheckSpec(
                WHOLE, asset=key, description="No file is missing because the system lacks a package (WARN)."
            )
        ],
        description=(
            f"What readers of the {city.settings['index_name_en']} look at, made from the issue's own data files. Only "
            "the latest month of a run is rendered; `pingan render` makes any other. An issue is complete without it."
        ),
    )
    def rendering(
        context: dg.AssetExecutionContext, city_resource: CityResource, config: RenderingConfig
    ) -> dg.MaterializeResult:  # type: ignore[type-arg]  # Dagster knows only the bare class
        from publication.listing import latest_issue
        from publication.reading import read_issue_data
        from publication.rendering import render

        own_city, state = city_resource.load()
        published = [period for period in run_months(context) if latest_issue(state, period)]
        wanted = config.only or list(names)
        if wanted == [NONE] or not published:
            return dg.MaterializeResult(check_results=[_whole([])])
        data = read_issue_data(state, published[-1])
        rendered = render(data, own_city, code_version=city_resource.code_version, names=wanted)
        missing = [f"{data.period} is published; its {r.name} is {r.outcome}: {r.detail}" for r in rendered if r.detail]
        if any(r.outcome == "failed" for r in rendered):
            raise dg.Failure(description="\n".join(missing), allow_retries=False)
        return dg.MaterializeResult(
            metadata={
                "month": data.period,
                "folder": dg.MetadataValue.path(str(data.folder)),
                **{r.name: f"{r.outcome}, {r.files} files, {r.bytes / 1e6:.1f} MB" for r in rendered},
            },
            check_results=[_whole(missing)],
        )

    return rendering


def _whole(missing: Sequence[str]) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=WHOLE,
        passed=not missing,
        severity=dg.AssetCheckSeverity.WARN,
        description="\n".join(missing) or None,
    )
