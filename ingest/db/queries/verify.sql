-- name: kept_prompts
-- Number of stored prompts that their file no longer contains, by source.
select source, count(*) as prompts from prompts where byte < 0 group by source;
