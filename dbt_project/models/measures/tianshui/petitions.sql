with
petition as (
    select
        unit_code,
        period,
        count(*) as petitions,
        sum(persons) filter (
            where form = 'visit' and lodged_at in ('city', 'province', 'national')
        ) as above_county_petition_visitors,
        count(*) filter (where is_repeat) as petitions_repeated,
    from {{ source('landing', 'petitions__petition') }}
    group by unit_code, period
),

petition_item as (
    select
        unit_code,
        period,
        count(*) as petition_items_due,
        count(*) filter (where closed_at <= due_at) as petition_items_closed_on_time,
    from {{ source('landing', 'petitions__petition_item') }}
    group by unit_code, period
),

petition_backlog as (
    select
        unit_code,
        period,
        count(*) as petition_backlog_items,
        count(*) filter (where resolved) as petition_backlog_items_resolved,
    from {{ source('landing', 'petitions__petition_backlog') }}
    group by unit_code, period
)

select
    spine.unit_code,
    spine.period,
    {{ reported('petitions__petition', 'petition.petitions') }} as petitions,
    {{ reported('petitions__petition', 'petition.above_county_petition_visitors') }}
        as above_county_petition_visitors,
    {{ reported('petitions__petition', 'petition.petitions_repeated') }} as petitions_repeated,
    {{ reported('petitions__petition_item', 'petition_item.petition_items_due') }} as petition_items_due,
    {{ reported('petitions__petition_item', 'petition_item.petition_items_closed_on_time') }}
        as petition_items_closed_on_time,
    {{ reported('petitions__petition_backlog', 'petition_backlog.petition_backlog_items') }}
        as petition_backlog_items,
    {{ reported('petitions__petition_backlog', 'petition_backlog.petition_backlog_items_resolved') }}
        as petition_backlog_items_resolved,
from {{ ref('measure_spine') }} as spine
left join petition using (unit_code, period)
left join petition_item using (unit_code, period)
left join petition_backlog using (unit_code, period)
