"""The published issue as an asset: publishes the months whose gates passed, and fails for those that did not.

A month that is held or in its holding time (审定) is neither: it is named, and not marked as materialised.
"""

import logging
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import dagster as dg

from assets.city_resource import CityResource, run_months
from city import City
from city.periods import month_index

log = logging.getLogger("pingan.publication")


class PublicationConfig(dg.Config):
    """A correction of a published issue needs a reason."""

    reason: str = ""


def publication_asset(city: City, partitions: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    """`tianshui/publication/issue`."""

    @dg.asset(
        key=[city.key, "publication", "issue"],
        deps=[dg.AssetKey([city.key, "release", "release_candidate"])],
        partitions_def=partitions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        group_name="publication",
        kinds={"parquet", "csv"},
        owners=["team:index_office"],
        output_required=False,
        description=(
            f"{city.settings['index_name_zh']} {city.settings['index_name_en']}: an immutable, numbered issue (期) "
            "with manifest, gate report and data files. It audits its own gate and publishes only what passed."
        ),
    )
    def issue(
        context: dg.AssetExecutionContext, city_resource: CityResource, config: PublicationConfig
    ) -> Iterator[dg.MaterializeResult]:  # type: ignore[type-arg]  # Dagster knows only the bare class
        from publication.issue import PublicationHeld, PublicationRefused, publish

        own_city, state = city_resource.load()
        withheld: list[str] = []
        held: list[str] = []
        records = []
        for period in run_months(context):
            if month_index(period) < month_index(own_city.first_issue):
                log.info("%s is before the first issue %s: nothing to publish", period, own_city.first_issue)
                continue
            try:
                result = publish(
                    state.candidate(period),
                    state,
                    own_city,
                    reason=config.reason or None,
                    now=datetime.now(ZoneInfo(own_city.time_zone)),
                    code_version=city_resource.code_version,
                )
            except PublicationHeld as holding:
                held.append(period)
                log.warning("%s", holding)
                context.log.warning(str(holding))
                continue
            except PublicationRefused as refusal:
                withheld.append(str(refusal))
                log.error("%s", refusal)
                continue
            records.append(
                dg.TableRecord(
                    {
                        "month": period,
                        "issue": result.issue_number,
                        "revision": result.revision,
                        "outcome": result.outcome,
                        "folder": str(result.folder),
                    }
                )
            )
        if withheld:
            raise dg.Failure(
                description=f"{len(withheld)} of {len(run_months(context))} months withheld.\n\n"
                + "\n\n".join(withheld[:5]),
                allow_retries=False,
            )
        columns = [dg.TableColumn(n) for n in ("month", "issue", "revision", "outcome", "folder")]
        metadata = {"issues": dg.MetadataValue.table(records, schema=dg.TableSchema(columns))} if records else {}
        if not held:
            yield dg.MaterializeResult(metadata=metadata)
            return
        for record in records:  # an output would mark every month of the run, the held ones too
            month = str(record.data["month"])
            context.log_event(dg.AssetMaterialization(context.asset_key, metadata=metadata, partition=month))

    return issue
