-- name: elsewhere_of_round
SELECT candidate_id, round, prompt_id, k, completion, source, token_count, stated_log_q, author, created_at
FROM candidates_elsewhere WHERE round = $round ORDER BY prompt_id, k;

-- name: count_elsewhere
SELECT count(*) AS candidates, count(DISTINCT prompt_id) AS prompts,
       count(*) FILTER (o.action = 'accept') AS accepted, count(*) FILTER (o.action = 'reject') AS rejected
FROM candidates_elsewhere e LEFT JOIN current_overrides o ON o.candidate_id = e.candidate_id
WHERE e.round = $round;

-- name: sources_elsewhere
SELECT source, count(*) AS candidates FROM candidates_elsewhere WHERE round = $round GROUP BY source ORDER BY source;

-- The completions that each prompt already has in the round: equal ones are one candidate, wherever they were made.
-- name: completions_known
SELECT prompt_id, md5_number_upper(completion) AS upper, md5_number_lower(completion) AS lower
FROM every_candidate WHERE round = $round;

-- name: next_k_elsewhere
SELECT prompt_id, max(k) + 1 AS k FROM candidates_elsewhere WHERE round = $round GROUP BY prompt_id ORDER BY prompt_id;

-- Each row of `review_table`, in its order.
-- name: review_score
SELECT coalesce(s.score, 'nan') AS score
FROM every_candidate c
LEFT JOIN (SELECT candidate_id, arg_max(score, rowid) AS score FROM scores
           WHERE round = $round AND scorer = $scorer GROUP BY candidate_id) s ON s.candidate_id = c.candidate_id
WHERE c.round = $round
ORDER BY c.prompt_id, c.k;
