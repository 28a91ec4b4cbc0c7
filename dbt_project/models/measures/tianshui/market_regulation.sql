with
special_equipment as (
    select
        unit_code,
        period,
        count(*) as special_equipment_due,
        count(*) filter (where inspection_due >= as_of) as special_equipment_in_date,
    from {{ source('landing', 'market_regulation__special_equipment') }}
    where in_use
    group by unit_code, period
),

equipment_accident as (
    select
        unit_code,
        period,
        count(*) as special_equipment_accidents,
    from {{ source('landing', 'market_regulation__special_equipment_accident') }}
    group by unit_code, period
),

food_sample as (
    select
        unit_code,
        period,
        count(*) as food_samples,
        count(*) filter (where passed) as food_samples_passed,
    from {{ source('landing', 'market_regulation__food_sample') }}
    group by unit_code, period
),

food_incident as (
    select
        unit_code,
        period,
        count(*) as food_incidents,
        count(*) filter (where grade != 'general') as food_incidents_larger,
    from {{ source('landing', 'market_regulation__food_incident') }}
    group by unit_code, period
),

drug_sample as (
    select
        unit_code,
        period,
        count(*) as drug_samples,
        count(*) filter (where passed) as drug_samples_passed,
    from {{ source('landing', 'market_regulation__drug_sample') }}
    group by unit_code, period
),

drug_reaction as (
    select
        unit_code,
        period,
        count(*) as adr_reports,
    from {{ source('landing', 'market_regulation__drug_reaction') }}
    group by unit_code, period
),

drug_lead as (
    select
        unit_code,
        period,
        count(*) as drug_leads_due,
        count(*) filter (where closed_at <= due_at) as drug_leads_closed_on_time,
    from {{ source('landing', 'market_regulation__drug_lead') }}
    group by unit_code, period
),

consumer_complaint as (
    select
        unit_code,
        period,
        count(*) as consumer_complaints,
        count(*) filter (where category = 'food') as food_complaints,
    from {{ source('landing', 'market_regulation__consumer_complaint') }}
    group by unit_code, period
),

complaint_due as (
    select
        unit_code,
        period,
        count(*) as consumer_complaints_due,
        count(*) filter (where closed_at <= due_at) as consumer_complaints_closed_on_time,
    from {{ source('landing', 'market_regulation__consumer_complaint_due') }}
    group by unit_code, period
)

select
    spine.unit_code,
    spine.period,
    {{ reported('market_regulation__special_equipment', 'special_equipment.special_equipment_due') }}
        as special_equipment_due,
    {{ reported('market_regulation__special_equipment', 'special_equipment.special_equipment_in_date') }}
        as special_equipment_in_date,
    {{ reported('market_regulation__special_equipment_accident', 'equipment_accident.special_equipment_accidents') }}
        as special_equipment_accidents,
    {{ reported('market_regulation__food_sample', 'food_sample.food_samples') }} as food_samples,
    {{ reported('market_regulation__food_sample', 'food_sample.food_samples_passed') }}
        as food_samples_passed,
    {{ reported('market_regulation__food_incident', 'food_incident.food_incidents') }}
        as food_incidents,
    {{ reported('market_regulation__food_incident', 'food_incident.food_incidents_larger') }}
        as food_incidents_larger,
    {{ reported('market_regulation__drug_sample', 'drug_sample.drug_samples') }} as drug_samples,
    {{ reported('market_regulation__drug_sample', 'drug_sample.drug_samples_passed') }}
        as drug_samples_passed,
    {{ reported('market_regulation__drug_reaction', 'drug_reaction.adr_reports') }} as adr_reports,
    {{ reported('market_regulation__drug_lead', 'drug_lead.drug_leads_due') }} as drug_leads_due,
    {{ reported('market_regulation__drug_lead', 'drug_lead.drug_leads_closed_on_time') }}
        as drug_leads_closed_on_time,
    {{ reported('market_regulation__consumer_complaint', 'consumer_complaint.consumer_complaints') }}
        as consumer_complaints,
    {{ reported('market_regulation__consumer_complaint', 'consumer_complaint.food_complaints') }}
        as food_complaints,
    {{ reported('market_regulation__consumer_complaint_due', 'complaint_due.consumer_complaints_due') }}
        as consumer_complaints_due,
    {{ reported('market_regulation__consumer_complaint_due', 'complaint_due.consumer_complaints_closed_on_time') }}
        as consumer_complaints_closed_on_time,
from {{ ref('measure_spine') }} as spine
left join special_equipment using (unit_code, period)
left join equipment_accident using (unit_code, period)
left join food_sample using (unit_code, period)
left join food_incident using (unit_code, period)
left join drug_sample using (unit_code, period)
left join drug_reaction using (unit_code, period)
left join drug_lead using (unit_code, period)
left join consumer_complaint using (unit_code, period)
left join complaint_due using (unit_code, period)
