{% macro roll_up(level, children) -%}
    {#- Scores of the nodes of one level from their children (METHODS.md, sections 3 and 4).

    Weights are renormalised over the children that have a score. Coverage is the effective leaf weight that has a
    score over the effective leaf weight that is applicable; under the minimum the node has no score and its leaves
    count as absent above. A child may lie more than one level below its parent: `children` are all relations deeper
    than this level. Sums are taken in the order of node codes, so that every run gives the same bits. -#}
with
children as (
    {% for child in children %}
    select * from {{ child }}
    where parent_level = {{ level }} and {{ in_window('index_from') }}
    {{ "union all" if not loop.last }}
    {% endfor %}
),

nodes as (
    select * from {{ source('city', 'framework') }}
    where level = {{ level }} and scoring = ''
),

rolled as (
    select
        children.period,
        children.version,
        children.unit_code,
        children.parent as node_code,
        sum(children.weight order by children.node_code) filter (where children.score is not null) as weight_scored,
        sum(children.weight * children.score order by children.node_code) as weighted_sum,
        -- greatest() passes over nulls: a missing child must not count as the floor
        sum(children.weight * ln(greatest(children.score, nodes.floor)) order by children.node_code)
            filter (where children.score is not null and nodes.aggregation = 'geometric') as weighted_logarithms,
        sum(children.weight / greatest(children.score, nodes.floor) order by children.node_code)
            filter (where children.score is not null and nodes.aggregation = 'harmonic') as weighted_reciprocals,
        sum(children.leaf_weight_scored order by children.node_code) as leaf_weight_scored,
        sum(children.leaf_weight_carried order by children.node_code) as leaf_weight_carried,
        sum(children.leaf_weight_applicable order by children.node_code) as leaf_weight_applicable,
        bool_and(children.status in ('measured', 'not_applicable')) as all_measured,
        bool_and(children.status in ('measured', 'not_applicable', 'carried_forward')) as all_present,
    from children
    inner join nodes on children.parent = nodes.code and children.version = nodes.version
    group by children.period, children.version, children.unit_code, children.parent
),

scored as (
    select
        rolled.*,
        nodes.parent,
        nodes.parent_level,
        nodes.weight,
        case when rolled.leaf_weight_applicable > 0
            then rolled.leaf_weight_scored / rolled.leaf_weight_applicable
        end as coverage,
        -- 1e-12 because a coverage of exactly the minimum may come out one bit under it
        case when coverage >= nodes.minimum_coverage - 1e-12 then
            case nodes.aggregation
                when 'geometric' then exp(rolled.weighted_logarithms / rolled.weight_scored)
                when 'harmonic' then rolled.weight_scored / rolled.weighted_reciprocals
                else rolled.weighted_sum / rolled.weight_scored
            end
        end as score,
    from rolled
    inner join nodes on rolled.node_code = nodes.code and rolled.version = nodes.version
)

select
    period,
    version,
    unit_code,
    node_code,
    {{ level }} as node_level,
    parent,
    parent_level,
    weight,
    score,
    coverage,
    case
        when leaf_weight_applicable = 0 then 'not_applicable'
        when score is null then 'missing'
        when all_measured then 'measured'
        when all_present then 'carried_forward'
        else 'partial'
    end as status,
    case when score is null then 0 else leaf_weight_scored end as leaf_weight_scored,
    case when score is null then 0 else leaf_weight_carried end as leaf_weight_carried,
    leaf_weight_applicable,
from scored
{%- endmacro %}
