-- name: kept_prompts
-- How many prompts are stored that their file no longer holds, by source.
select source, count(*) as prompts from prompts where byte < 0 group by source;
