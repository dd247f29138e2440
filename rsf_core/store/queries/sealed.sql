-- name: sealed_opening
SELECT author, opened_at, round, model_id, control_id, evaluation_key, prompts FROM sealed_openings;

-- Those of $prompt_ids that completions were drawn for to compare models.
-- name: compared_on
SELECT DISTINCT prompt_id FROM evaluation_samples
WHERE prompt_id IN (SELECT unnest($prompt_ids::INTEGER[])) ORDER BY prompt_id;
