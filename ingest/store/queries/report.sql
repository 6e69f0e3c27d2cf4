-- name: add_sample
insert into samples by name
select
    $time::timestamp as time, $seconds::double as seconds, $version as version,
    $behind_bytes::bigint as behind_bytes, $stale_sources::integer as stale_sources,
    $database_bytes::bigint as database_bytes, $landings::integer as landings,
    $batches::integer as batches, $failures::integer as failures,
    $batch_seconds::double as batch_seconds, $slowest_seconds::double as slowest_seconds,
    $bytes_read::bigint as bytes_read, $bytes_new::bigint as bytes_new, $lines::bigint as lines,
    $facts::bigint as facts, $unchanged::bigint as unchanged,
    $nothing_new::bigint as nothing_new, $begun::bigint as begun, $appended::bigint as appended,
    $reread::bigint as reread, $rewritten::bigint as rewritten;
