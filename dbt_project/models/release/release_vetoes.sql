-- Events that cap a unit's colour, each in its own row: which measure, how many, where, and the cap.
with
rules as (
    select * from {{ source('city', 'vetoes') }}
),

events as (
    select
        months.period,
        months.version,
        rules.veto,
        own.unit_code as from_unit,
        sum(own.quantity order by own.period) as events,
    from {{ source('city', 'months') }} as months
    inner join rules on months.version = rules.version
    inner join {{ ref('own_measures') }} as own on rules.measure = own.measure
    inner join {{ source('city', 'months') }} as own_months
        on
            own.period = own_months.period
            and own_months.month_index > months.month_index - rules.window_months
            and own_months.month_index <= months.month_index
    where {{ in_window('release_from', 'months.period') }}
    group by all
)

select
    events.period,
    members.unit_code,
    rules.measure,
    events.events,
    rules.cap,
    rules.cap_position,
    events.from_unit,
from events
inner join rules on events.version = rules.version and events.veto = rules.veto
inner join {{ source('city', 'unit_members') }} as members on events.from_unit = members.member_code
inner join {{ source('city', 'units') }} as units on members.unit_code = units.unit_code
-- a unit that was dissolved within the window is no row of this month; what happened there still rises
inner join {{ source('city', 'unit_months') }} as unit_months
    on members.unit_code = unit_months.unit_code and events.period = unit_months.period
where
    events.events >= rules.at_least
    and (units.is_leaf or list_contains(rules.rises_to, units.level))
-- several rules may count one measure (one event caps at orange, three at red): the severest is told
qualify
    row_number() over (
        partition by events.period, members.unit_code, rules.measure, events.from_unit
        order by rules.cap_position desc, rules.veto asc
    ) = 1
