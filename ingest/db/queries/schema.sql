-- name: view_columns
-- The columns of the documented views and their types, in order.
select table_name, column_name, data_type
from duckdb_columns()
where not internal and schema_name = 'main' and starts_with(table_name, 'v_')
order by table_name, column_index;

-- name: derived_by
-- The versions of the derivations that made the rows of derived tables.
select key as name, value as version from meta where key in ('session_rows', 'source_rows');

-- name: set_derived_by
insert or replace into meta values ($derived, $version);

-- name: derived_count
-- How many rows were derived, by derivation.
select 'session_rows' as name, count(*) as rows from session_rows
union all select 'source_rows', count(*) from usage_days
union all select 'source_rows', count(*) from turn_rows
union all select 'source_rows', count(*) from command_rows
union all select 'source_rows', count(*) from decision_rows
union all select 'source_rows', count(*) from kind_rows
union all select 'source_rows', count(*) from tag_rows;
