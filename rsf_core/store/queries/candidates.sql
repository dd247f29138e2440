-- name: next_k
SELECT prompt_id, max(k) + 1 AS k FROM candidates WHERE round = $round GROUP BY prompt_id;

-- name: sampling_laws
SELECT DISTINCT sampling FROM candidates WHERE round = $round ORDER BY sampling;

-- The missing scores of candidates under $scorers, without the pairs that were found to have no score, unless $again.
-- Candidates made elsewhere have no tokens of this model: for them only the missing scores under $elsewhere.
-- name: candidates_to_score
SELECT c.candidate_id, c.prompt_id, c.completion, c.finish, c.token_count, c.prompt_token_ids, c.token_ids, c.sampling,
       list_filter(c.required, lambda scorer: NOT list_contains(coalesce(s.scorers, []), scorer)) AS missing
FROM (SELECT candidate_id, prompt_id, k, completion, finish, len(token_ids) AS token_count, prompt_token_ids, token_ids,
             sampling, $scorers::VARCHAR[] AS required
      FROM candidates WHERE round = $round
      UNION ALL
      SELECT candidate_id, prompt_id, k, completion, 'eos', NULL, [], [], '{}', $elsewhere::VARCHAR[]
      FROM candidates_elsewhere WHERE round = $round) c
LEFT JOIN (SELECT candidate_id, list(DISTINCT scorer) AS scorers
           FROM (SELECT candidate_id, scorer FROM scores WHERE round = $round
                 UNION ALL SELECT candidate_id, scorer FROM no_scores WHERE round = $round AND NOT $again)
           WHERE scorer IN (SELECT unnest($scorers::VARCHAR[])) GROUP BY candidate_id) s
       ON s.candidate_id = c.candidate_id
WHERE c.prompt_id NOT IN (SELECT prompt_id FROM retired_prompts) AND len(missing) > 0
ORDER BY c.prompt_id, c.k;

-- name: siblings
SELECT candidate_id, prompt_id, k, completion FROM candidates
WHERE round = $round AND prompt_id IN (SELECT unnest($prompt_ids::INTEGER[])) ORDER BY prompt_id, k;

-- Without candidates that lack a score of any of $scorers and will get none: their prompt is retired, or there is no score.
-- name: round_scores
SELECT c.candidate_id, c.prompt_id, c.k, c.log_q, c.log_model, c.u, c.finish = 'length' AS truncated, s.scorer, s.score,
       coalesce(a.stage, 0) AS stage
FROM candidates c
LEFT JOIN adaptive_jobs a ON a.job_id = c.job_id
LEFT JOIN (SELECT candidate_id, scorer, arg_max(score, rowid) AS score FROM scores WHERE round = $round GROUP BY ALL) s
       ON s.candidate_id = c.candidate_id
WHERE c.round = $round AND NOT (c.prompt_id IN (SELECT prompt_id FROM retired_prompts) AND EXISTS (
    SELECT 1 FROM unnest($scorers) AS required(scorer)
    WHERE NOT EXISTS (SELECT 1 FROM scores t
                      WHERE t.round = $round AND t.candidate_id = c.candidate_id AND t.scorer = required.scorer)))
  AND c.candidate_id NOT IN (SELECT candidate_id FROM pairs_without_score
                             WHERE round = $round AND scorer IN (SELECT unnest($scorers::VARCHAR[])))
ORDER BY c.prompt_id, c.k;

-- name: pairs_without_score
SELECT p.candidate_id, p.scorer FROM pairs_without_score p JOIN candidates c ON c.candidate_id = p.candidate_id AND c.round = p.round
WHERE p.round = $round AND p.scorer IN (SELECT unnest($scorers::VARCHAR[]))
  AND c.prompt_id NOT IN (SELECT prompt_id FROM retired_prompts)
ORDER BY c.prompt_id, c.k, p.scorer;

-- name: count_scores
SELECT scorer, count(DISTINCT candidate_id) AS count FROM scores
WHERE round = $round AND scorer IN (SELECT unnest($scorers::VARCHAR[])) GROUP BY scorer ORDER BY scorer;

-- The candidates that a scorer can be asked for: not of retired prompts; those made elsewhere only if $elsewhere.
-- name: count_scored_by
SELECT count(*) AS candidates, count(s.candidate_id) AS scored,
       count(n.candidate_id) FILTER (s.candidate_id IS NULL) AS without_score
FROM (SELECT candidate_id, prompt_id FROM candidates WHERE round = $round
      UNION ALL SELECT candidate_id, prompt_id FROM candidates_elsewhere WHERE round = $round AND $elsewhere) c
LEFT JOIN (SELECT DISTINCT candidate_id FROM scores WHERE round = $round AND scorer = $scorer) s USING (candidate_id)
LEFT JOIN (SELECT DISTINCT candidate_id FROM no_scores WHERE round = $round AND scorer = $scorer) n USING (candidate_id)
WHERE c.prompt_id NOT IN (SELECT prompt_id FROM retired_prompts);

-- name: without_score
SELECT candidate_id, prompt_id, scorer, reason FROM without_score
WHERE round = $round ORDER BY prompt_id, k, scorer;

-- name: no_scores_of_prompts
SELECT candidate_id, scorer, reason FROM without_score
WHERE round = $round AND prompt_id IN (SELECT unnest($prompt_ids::INTEGER[])) ORDER BY candidate_id, scorer;

-- name: clear_log_ratios
DELETE FROM log_ratios WHERE round = $round AND target_id = $target_id;

-- name: clear_unscored
DELETE FROM unscored WHERE round = $round AND target_id = $target_id;

-- A row for each candidate that a person may decide in a round: the rule's decision and people's current one.
-- name: tally
SELECT prompt_id, k, FALSE AS elsewhere, finish = 'length' AS truncated, decision IS NOT NULL AS decided,
       coalesce(decision = 'accepted', FALSE) AS automatic,
       violated,
       candidate_id IN (SELECT candidate_id FROM without_score WHERE round = $round) AS unscored,
       candidate_id IN (SELECT candidate_id FROM candidates
                        WHERE round = $round AND job_id IN (SELECT job_id FROM adaptive_jobs)) AS further,
       coalesce(CASE override WHEN 'accept' THEN 1 WHEN 'reject' THEN -1 END, 0)::TINYINT AS vote
FROM decisions WHERE round = $round
UNION ALL
SELECT prompt_id, k, TRUE, FALSE, FALSE, FALSE, FALSE, FALSE, FALSE,
       coalesce(CASE o.action WHEN 'accept' THEN 1 WHEN 'reject' THEN -1 END, 0)::TINYINT
FROM candidates_elsewhere e LEFT JOIN current_overrides o ON o.candidate_id = e.candidate_id
WHERE e.round = $round;

-- name: last_spoken
SELECT greatest((SELECT coalesce(max(seq), 0) FROM overrides WHERE round = $round),
                (SELECT coalesce(max(seq), 0) FROM gold_marks WHERE round = $round)) AS seq;

-- The candidates of a round with a decision or a gold mark since $seq.
-- name: spoken_since
SELECT candidate_id, max(seq) AS seq
FROM (SELECT candidate_id, seq FROM overrides WHERE round = $round AND seq > $seq
      UNION ALL SELECT candidate_id, seq FROM gold_marks WHERE round = $round AND seq > $seq)
GROUP BY candidate_id ORDER BY seq;

-- name: current_overrides_of
SELECT candidate_id, action FROM current_overrides WHERE candidate_id IN $keys;

-- How many drawn candidates of a round have any score.
-- name: count_scored
SELECT count(DISTINCT candidate_id) AS scored FROM scores
WHERE round = $round AND candidate_id NOT IN (SELECT candidate_id FROM candidates_elsewhere WHERE round = $round);

-- name: starving_prompts
SELECT prompt_id FROM decisions
WHERE round = $round AND prompt_id NOT IN (SELECT prompt_id FROM retired_prompts)
GROUP BY prompt_id
HAVING count(*) FILTER (decision IS NULL
                        AND candidate_id NOT IN (SELECT candidate_id FROM without_score WHERE round = $round)) = 0
   AND count(*) FILTER (accepted) = 0
ORDER BY prompt_id;

-- name: candidates_of_prompt
SELECT d.candidate_id, d.round, d.prompt_id, d.k, d.completion, d.finish, d.token_count, d.log_q, d.log_model, d.u,
       d.model_id, d.log_ratio, d.critical_log_m, d.log_m, d.offset_log_m, d.acceptance_prob, d.decision, d.override,
       d.reviewer, d.accepted
FROM decisions d
WHERE d.round = $round AND d.prompt_id = $prompt_id
ORDER BY d.k;

-- name: scores_of_prompt
SELECT s.candidate_id, s.scorer, arg_max(s.score, s.rowid) AS score
FROM scores s JOIN candidates c ON c.candidate_id = s.candidate_id
WHERE s.round = $round AND c.round = $round AND c.prompt_id = $prompt_id
GROUP BY s.candidate_id, s.scorer;

-- name: candidate
SELECT candidate_id, round, prompt_id FROM every_candidate WHERE candidate_id = $candidate_id;

-- name: prompts_in_round
SELECT d.prompt_id, any_value(p.text) AS text, count(*) AS candidates, count(*) FILTER (d.accepted) AS accepted,
       count(d.override) AS overridden, count(*) FILTER (d.finish = 'length') AS truncated
FROM decisions d JOIN prompts p USING (prompt_id)
WHERE d.round = $round
GROUP BY d.prompt_id
ORDER BY d.prompt_id;

-- name: ratios
SELECT d.candidate_id, prompt_id, log_ratio, critical_log_m, scale, finish = 'length' AS truncated, token_count, u, accepted,
       coalesce(CASE override WHEN 'accept' THEN 1 WHEN 'reject' THEN -1 END, 0)::TINYINT AS override,
       f.candidate_id IS NULL AS planned
FROM decisions d
LEFT JOIN (SELECT candidate_id FROM candidates
           WHERE round = $round AND job_id IN (SELECT job_id FROM adaptive_jobs)) f
       ON f.candidate_id = d.candidate_id
WHERE d.round = $round AND log_ratio IS NOT NULL
ORDER BY prompt_id, k;

-- name: score_column
SELECT coalesce(s.score, 'nan') AS score
FROM decisions d
LEFT JOIN (SELECT candidate_id, arg_max(score, rowid) AS score FROM scores
           WHERE round = $round AND scorer = $scorer GROUP BY candidate_id) s ON s.candidate_id = d.candidate_id
WHERE d.round = $round AND d.log_ratio IS NOT NULL
ORDER BY d.prompt_id, d.k;

-- name: score_column_everywhere
SELECT c.prompt_id, c.k, coalesce(s.score, 'nan') AS score
FROM candidates c
LEFT JOIN (SELECT candidate_id, arg_max(score, rowid) AS score FROM scores
           WHERE round = $round AND scorer = $scorer GROUP BY candidate_id) s ON s.candidate_id = c.candidate_id
WHERE c.round = $round
ORDER BY c.prompt_id, c.k;

-- name: candidates_to_try
SELECT c.candidate_id, p.text AS prompt, c.completion, p.reference
FROM candidates c JOIN prompts p USING (prompt_id)
WHERE c.round = $round
ORDER BY row_number() OVER (PARTITION BY c.prompt_id ORDER BY c.k), c.prompt_id LIMIT $limit;

-- name: texts_of
SELECT c.candidate_id, p.text AS prompt, c.completion
FROM (SELECT candidate_id, prompt_id, completion FROM candidates WHERE candidate_id IN $keys) c JOIN prompts p USING (prompt_id);

-- name: scorers_of_round
SELECT DISTINCT scorer FROM scores WHERE round = $round AND NOT regexp_matches(scorer, '^(tempered_)?log_prob:') ORDER BY scorer;

-- name: completions
SELECT candidate_id, completion FROM candidates
WHERE candidate_id IN (SELECT unnest($candidate_ids::VARCHAR[]));

-- name: generation_speed
SELECT count(*) AS candidates, coalesce(sum(len(token_ids)), 0) AS tokens,
       (SELECT coalesce(sum(epoch(changed_at - started_at)), 0) FROM job_states
        WHERE job_id IN (SELECT unnest($job_ids::VARCHAR[]))) AS seconds
FROM candidates WHERE job_id IN (SELECT unnest($job_ids::VARCHAR[]));

-- name: ratios_version
SELECT count(*) AS count, coalesce(bit_xor(hash(r.critical_log_m)), 0) AS hash,
       greatest((SELECT coalesce(max(seq), 0) FROM overrides WHERE round = $round),
                (SELECT coalesce(max(seq), 0) FROM gold_marks WHERE round = $round)) AS seq
FROM log_ratios r
WHERE r.round = $round AND r.target_id = (SELECT target_id FROM current_thresholds WHERE round = $round);

-- name: latest_completions
SELECT candidate_id, completion FROM candidates WHERE round = $round ORDER BY rowid DESC LIMIT $limit;

-- name: thresholds
SELECT round, target_id, log_m, scope, author, reason, created_at, chosen_by, seq
FROM thresholds WHERE round = $round ORDER BY seq DESC;

-- name: targets
SELECT target_id, spec, created_at, author FROM targets ORDER BY target_id;

-- name: accepted_by_prompt
SELECT c.prompt_id, count(*) AS drawn, count(*) FILTER (d.decision = 'accepted') AS accepted
FROM candidates c JOIN decisions d USING (candidate_id)
WHERE c.round = $round AND c.job_id IN (SELECT unnest($job_ids))
  AND NOT (d.decision IS NULL AND c.candidate_id IN (SELECT candidate_id FROM without_score WHERE round = $round))
GROUP BY c.prompt_id HAVING count(*) = count(d.decision);
