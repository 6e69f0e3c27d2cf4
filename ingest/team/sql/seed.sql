-- name: remove
-- Delete the samples that this role stored.
delete from {table} where installation in (
    select id from tailboard.installations
    where machine = %(machine)s and member = current_user
);

-- name: remove_installations
delete from tailboard.installations where machine = %(machine)s and member = current_user;
