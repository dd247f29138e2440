-- name: evaluation_samples
SELECT prompt_id, k, completion, token_count, finish, log_q, log_base, log_reference, scores
FROM evaluation_samples WHERE evaluation_key = $evaluation_key AND model_id = $model_id
QUALIFY row_number() OVER (PARTITION BY prompt_id, k ORDER BY rowid) = 1
ORDER BY prompt_id, k;

-- name: evaluated_models
SELECT model_id, count(DISTINCT (prompt_id, k)) AS count FROM evaluation_samples WHERE evaluation_key = $evaluation_key GROUP BY model_id;

-- name: trials
SELECT t.job_id, t.model_id, t.completion FROM trials t JOIN jobs j USING (job_id)
ORDER BY j.seq DESC, t.model_id, t.k;

-- name: gauge_samples
SELECT gauge_key, model_id, prompt_id, prompt_token_ids, token_ids, token_count, kl, job_id
FROM gauge_samples WHERE job_id = $job_id AND gauge_key = $gauge_key AND model_id = $model_id ORDER BY prompt_id;

-- name: evaluated_prompts
SELECT DISTINCT prompt_id FROM evaluation_samples WHERE evaluation_key = $evaluation_key AND model_id = $model_id;
