-- Sources of which rows that are derived from facts were derived by another version of the program.
-- These rows are used until they are derived again, in the background.
create table outdated_rows (
    derivation varchar not null, -- as it is named in `derived_rows.py`
    source integer not null
);
