{{ config(pre_hook="{{ delete_window('measures_from') }}") }}

-- Measures of every unit: its own records and those of all units below it, with how many of the lowest units reported.
-- Upper levels come from summed measures, never from a mean of values below (METHODS.md, section 1).
-- A lowest unit has only its own: 19 of 20 rows are not summed, and a sum in order costs a sort of each group.
select
    own_measures.unit_code,
    own_measures.period,
    own_measures.measure,
    own_measures.kind,
    own_measures.quantity,
    1::bigint as leaf_units_reported,
from {{ ref('own_measures') }} as own_measures
inner join {{ source('city', 'units') }} as units on own_measures.unit_code = units.unit_code
where units.is_leaf and {{ in_window('measures_from', 'own_measures.period') }}
union all
select
    members.unit_code,
    own_measures.period,
    own_measures.measure,
    own_measures.kind,
    sum(own_measures.quantity order by own_measures.unit_code) as quantity,
    count(*) filter (where members.member_is_leaf) as leaf_units_reported,
from {{ ref('own_measures') }} as own_measures
inner join {{ source('city', 'unit_members') }} as members on own_measures.unit_code = members.member_code
inner join {{ source('city', 'units') }} as units on members.unit_code = units.unit_code
where not units.is_leaf and {{ in_window('measures_from', 'own_measures.period') }}
group by all
