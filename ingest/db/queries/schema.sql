-- name: view_columns
-- The columns of the documented views and their types, in order.
select table_name, column_name, data_type
from duckdb_columns()
where not internal and schema_name = 'main' and starts_with(table_name, 'v_')
order by table_name, column_index;
