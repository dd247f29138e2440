-- Candidates made elsewhere have no tokens and no features.
-- name: places_of_round
SELECT prompt_id, k FROM candidates WHERE round = $round AND len(token_ids) > 0 ORDER BY prompt_id, k;

-- Whole prompts at a time, so that a round of any size is read in small parts.
-- name: tokens_of_prompts
SELECT prompt_id, k, prompt_token_ids, token_ids FROM candidates
WHERE round = $round AND prompt_id BETWEEN $low AND $high ORDER BY prompt_id, k;
