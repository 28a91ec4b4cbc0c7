{{ config(meta={'dagster': {'ref': {'name': 'contributions'}}}) }}

-- Gate B: for every month, unit and node above the indicators, the parts of a change sum to it within 1e-9: by
-- indicator (so by department and first level) and, in upper units, by member. No change, no parts. In no order: the
-- last bit of a sum decides nothing here, and sorting 3 million rows of 36 months takes longer than adding them.
with
changes as (
    select
        now.period,
        now.unit_code,
        now.node_code,
        now.node_level,
        comparisons.comparison,
        units.is_leaf,
        scores_now.score - scores_then.score as change,
        -- what the issue says is the difference of two scores rounded to 1e-9
        case when comparisons.comparison = 'month' then now.change_month else now.change_year end as change_told,
    from {{ ref('release_scores') }} as now
    cross join (values ('month'), ('year')) as comparisons (comparison)
    inner join {{ source('city', 'months') }} as months on now.period = months.period
    inner join {{ source('city', 'units') }} as units on now.unit_code = units.unit_code
    inner join {{ source('city', 'framework') }} as framework
        on months.version = framework.version and now.node_code = framework.code
    inner join {{ ref('node_scores') }} as scores_now
        on
            now.period = scores_now.period
            and now.unit_code = scores_now.unit_code
            and now.node_code = scores_now.node_code
    left join {{ ref('node_scores') }} as scores_then
        on
            scores_then.period = case comparisons.comparison
                when 'month' then months.month_before
                else months.year_before
            end
            and scores_then.period >= (select first_issue from {{ source('city', 'run_window') }})
            and now.unit_code = scores_then.unit_code
            and now.node_code = scores_then.node_code
    where {{ in_window('release_from', 'now.period') }} and framework.scoring = ''
),

parts as (
    select
        period,
        unit_code,
        comparison,
        node_code,
        'indicator' as by_what,
        sum(total) as total,
        sum(value_effect + weight_effect + availability_effect + method_effect + population_effect) as effects,
    from {{ ref('contributions') }}
    where {{ in_window('release_from') }}
    group by all
    union all
    select
        members.period,
        members.unit_code,
        members.comparison,
        changes.node_code,
        'member' as by_what,
        sum(members.total) as total,
        sum(
            members.value_effect
            + members.weight_effect
            + members.availability_effect
            + members.method_effect
            + members.population_effect
        ) as effects,
    from {{ ref('member_contributions') }} as members
    inner join changes
        on
            members.period = changes.period
            and members.unit_code = changes.unit_code
            and members.comparison = changes.comparison
            and changes.node_level = 0
    where {{ in_window('release_from', 'members.period') }}
    group by all
),

wanted as (
    select
        changes.*,
        ways.by_what,
    from changes
    inner join (values ('indicator'), ('member')) as ways (by_what)
        on ways.by_what = 'indicator' or (changes.node_level = 0 and not changes.is_leaf)
)

select
    coalesce(wanted.period, parts.period) as period,
    coalesce(wanted.unit_code, parts.unit_code) as unit_code,
    coalesce(wanted.node_code, parts.node_code) as node_code,
    coalesce(wanted.comparison, parts.comparison) as comparison,
    coalesce(wanted.by_what, parts.by_what) as by_what,
    wanted.change,
    wanted.change_told,
    parts.total,
    parts.effects,
from wanted
full join parts using (period, unit_code, comparison, node_code, by_what)
where
    (wanted.change is null and parts.total is not null)
    or abs(wanted.change - coalesce(parts.total, 0)) > 1e-9
    or abs(wanted.change - coalesce(parts.effects, 0)) > 1e-9
    or abs(wanted.change_told - coalesce(parts.total, 0)) > 2e-9
