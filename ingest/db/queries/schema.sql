-- name: columns
-- The columns of our tables and their types, in order.
select table_name, column_name, data_type
from duckdb_columns()
where not internal and schema_name = 'main'
order by table_name, column_index;
