-- name: target_versions
SELECT version, spec, accept, author, reason, created_at FROM target_versions ORDER BY version DESC;

-- One row a candidate, decided or not, by prompt and k.
-- name: drawn
SELECT d.candidate_id, d.prompt_id, d.log_q, d.log_model, d.u, d.finish = 'length' AS truncated,
       coalesce(a.stage, 0) AS stage, d.prompt_id IN (SELECT prompt_id FROM retired_prompts) AS retired,
       d.decision IS NOT NULL AS decided, d.accepted,
       coalesce(d.acceptance_prob, 'nan') AS chance,
       coalesce(CASE d.override WHEN 'accept' THEN 1 WHEN 'reject' THEN -1 END, 0)::TINYINT AS override
FROM decisions d
LEFT JOIN (SELECT c.candidate_id, j.stage FROM candidates c JOIN adaptive_jobs j USING (job_id) WHERE c.round = $round) a
       ON a.candidate_id = d.candidate_id
WHERE d.round = $round
ORDER BY d.prompt_id, d.k;
