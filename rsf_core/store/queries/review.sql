-- name: overrides
SELECT uid, candidate_id, action, reviewer, undoes, created_at FROM overrides
WHERE ($round IS NULL OR round = $round) AND ($candidate_id IS NULL OR candidate_id = $candidate_id)
ORDER BY seq;

-- name: acts_known
SELECT act, seq, kind, round, target FROM acts WHERE act IN $keys;

-- name: acts_by_seq
SELECT seq, act FROM acts WHERE seq IN $keys;

-- name: candidates_of_few_prompts
SELECT candidate_id, round FROM every_candidate WHERE prompt_id IN $keys;

-- name: candidates_known
SELECT candidate_id, round FROM every_candidate
WHERE prompt_id IN (SELECT unnest($prompt_ids::INTEGER[]))
  AND candidate_id IN (SELECT unnest($candidate_ids::VARCHAR[]));

-- The new rows of a round in one query, so that they are of one moment: acts (0), overrides (1), annotations (2),
-- answers (3).
-- name: said_since
SELECT 0::TINYINT AS part, seq, act, kind, reviewer, NULL::BIGINT AS place, NULL::TINYINT AS vote, NULL::BOOLEAN AS final,
       NULL::INTEGER AS guide, NULL::VARCHAR AS value, NULL::VARCHAR AS question, NULL::INTEGER AS version
FROM acts WHERE seq > $acts AND round = $round
UNION ALL
SELECT 1, seq, act, NULL, reviewer, (split_part(candidate_id, '.', 2)::BIGINT << 20) | split_part(candidate_id, '.', 3)::BIGINT,
       CASE action WHEN 'accept' THEN 1 WHEN 'reject' THEN -1 ELSE 0 END, coalesce(final, FALSE),
       coalesce(guide, 0), NULL, NULL, NULL
FROM overrides WHERE seq > $overrides AND round = $round
UNION ALL
SELECT 2, seq, act, kind, NULL, (split_part(candidate_id, '.', 2)::BIGINT << 20) | split_part(candidate_id, '.', 3)::BIGINT,
       NULL, NULL, NULL, value, NULL, NULL
FROM annotations WHERE seq > $annotations AND round = $round
UNION ALL
SELECT 3, seq, act, NULL, reviewer, (split_part(candidate_id, '.', 2)::BIGINT << 20) | split_part(candidate_id, '.', 3)::BIGINT,
       NULL, NULL, NULL, value, question, version
FROM answers WHERE seq > $answers AND round = $round
ORDER BY part, seq;

-- name: annotation_values
SELECT seq, value FROM annotations WHERE seq IN $keys;

-- name: bulk_override
INSERT INTO overrides (uid, act, candidate_id, round, action, reviewer, final, guide, created_at)
SELECT $act || ' ' || c.candidate_id, $act, c.candidate_id, c.round, $action, $reviewer, FALSE, $guide, $now
FROM every_candidate c JOIN (SELECT unnest($prompt_ids::INTEGER[]) AS prompt_id, unnest($ks::INTEGER[]) AS k) chosen
  ON chosen.prompt_id = c.prompt_id AND chosen.k = c.k
WHERE c.round = $round;

-- name: review_table
SELECT c.prompt_id, c.k, coalesce(c.token_count, -1) AS token_count, c.truncated, coalesce(c.u, 'nan') AS u,
       coalesce(r.log_ratio, 'nan') AS log_ratio, coalesce(r.critical_log_m, 'nan') AS critical_log_m,
       coalesce(r.scale, 0) AS scale
FROM every_candidate c
LEFT JOIN log_ratios r ON r.candidate_id = c.candidate_id AND r.round = $round
     AND r.target_id = (SELECT target_id FROM current_thresholds WHERE round = $round)
WHERE c.round = $round
ORDER BY c.prompt_id, c.k;

-- name: count_candidates
SELECT count(*) AS count FROM every_candidate WHERE round = $round;

-- name: ratios_state
WITH in_force AS (SELECT target_id FROM current_thresholds WHERE round = $round)
SELECT coalesce((SELECT target_id FROM in_force), 0) AS target_id,
       count(*) AS ratios, coalesce(bit_xor(hash(critical_log_m)), 0) AS hash
FROM log_ratios WHERE round = $round AND target_id = (SELECT target_id FROM in_force);

-- name: opinions_of_round
SELECT split_part(candidate_id, '.', 2)::INTEGER AS prompt_id, split_part(candidate_id, '.', 3)::INTEGER AS k,
       reviewer, action, final, guide, seq
FROM opinions WHERE round = $round AND action <> 'auto' ORDER BY seq;

-- The newest decision that each reviewer who settled a candidate had made on it before, independently.
-- name: words_before_settling
SELECT split_part(candidate_id, '.', 2)::INTEGER AS prompt_id, split_part(candidate_id, '.', 3)::INTEGER AS k,
       reviewer, arg_max(action, seq) AS action, FALSE AS final, coalesce(arg_max_null(guide, seq), 0) AS guide, max(seq) AS seq
FROM overrides SEMI JOIN (SELECT candidate_id, reviewer FROM opinions WHERE round = $round AND final) USING (candidate_id, reviewer)
     ANTI JOIN current_gold USING (candidate_id)
WHERE round = $round AND NOT coalesce(final, FALSE)
GROUP BY candidate_id, reviewer HAVING arg_max(action, seq) <> 'auto' ORDER BY seq;

-- name: shown_of_round
SELECT split_part(candidate_id, '.', 2)::INTEGER AS prompt_id, split_part(candidate_id, '.', 3)::INTEGER AS k,
       reviewer, arg_max(shown_in, seq) AS shown_in, bool_or(as_audit) AS as_audit
FROM overrides WHERE round = $round AND shown_in IS NOT NULL
GROUP BY ALL ORDER BY prompt_id, k, reviewer;

-- name: annotations_of_round
SELECT split_part(candidate_id, '.', 2)::INTEGER AS prompt_id, split_part(candidate_id, '.', 3)::INTEGER AS k,
       note, flagged, tags, edit
FROM current_annotations WHERE round = $round ORDER BY prompt_id, k;

-- name: matching_text
SELECT c.prompt_id, c.k
FROM every_candidate c LEFT JOIN current_annotations a ON a.candidate_id = c.candidate_id
WHERE c.round = $round
  AND ($text IS NULL OR contains(lower(nfc_normalize(coalesce(a.edit, c.completion))), lower($text)))
  AND ($regex IS NULL OR regexp_matches(nfc_normalize(coalesce(a.edit, c.completion)), $regex))
ORDER BY c.prompt_id, c.k;

-- name: candidates_of_prompts
SELECT round, candidate_id, prompt_id, k, completion, token_count, source
FROM every_candidate WHERE prompt_id IN $keys ORDER BY prompt_id, k;

-- name: prompts_by_id
SELECT prompt_id, text, system, earlier, reference FROM prompts WHERE prompt_id IN $keys;

-- The rule does not decide candidates made elsewhere: they are accepted if people accept them. The fine-tune job makes
-- their tokens, as for edited ones.
-- name: accepted_samples
SELECT * EXCLUDE (k) FROM (
    SELECT d.candidate_id, d.prompt_id, p.text AS prompt, p.system, p.earlier, coalesce(a.edit, d.completion) AS completion,
           c.prompt_token_ids, CASE WHEN a.edit IS NULL THEN c.token_ids ELSE [] END AS token_ids,
           CASE WHEN d.override IS NULL THEN 'rule'  -- the next line: a person with that name in an earlier version
                WHEN d.reviewer IN ('rule', 'random') THEN d.reviewer || ' (a person)' ELSE d.reviewer END AS decided_by,
           d.log_ratio, d.acceptance_prob, d.offset_log_m, d.finish, a.edit IS NOT NULL AS edited, NULL::VARCHAR AS source, d.k
    FROM decisions d
    JOIN candidates c ON c.candidate_id = d.candidate_id AND c.round = d.round
    JOIN prompts p ON p.prompt_id = d.prompt_id
    LEFT JOIN current_annotations a ON a.candidate_id = d.candidate_id
    WHERE d.round = $round AND d.accepted
    UNION ALL
    SELECT e.candidate_id, e.prompt_id, p.text, p.system, p.earlier, coalesce(a.edit, e.completion), [], [],
           CASE WHEN o.reviewer IN ('rule', 'random') THEN o.reviewer || ' (a person)' ELSE o.reviewer END,
           NULL, NULL, NULL, 'eos', a.edit IS NOT NULL, e.source, e.k
    FROM candidates_elsewhere e
    JOIN current_overrides o ON o.candidate_id = e.candidate_id AND o.action = 'accept'
    JOIN prompts p ON p.prompt_id = e.prompt_id
    LEFT JOIN current_annotations a ON a.candidate_id = e.candidate_id
    WHERE e.round = $round)
ORDER BY prompt_id, k;

-- name: samples_of
SELECT d.candidate_id, d.prompt_id, p.text AS prompt, p.system, p.earlier, d.completion, c.prompt_token_ids, c.token_ids,
       'random' AS decided_by, d.log_ratio, d.acceptance_prob, d.offset_log_m, d.finish, FALSE AS edited,
       NULL::VARCHAR AS source
FROM decisions d
JOIN candidates c ON c.candidate_id = d.candidate_id AND c.round = d.round
JOIN prompts p ON p.prompt_id = d.prompt_id
WHERE d.round = $round AND d.candidate_id IN (SELECT unnest($candidate_ids::VARCHAR[]))
ORDER BY d.prompt_id, d.k;

-- Counted here, because a page needs it: the samples themselves are only read when a control is frozen.
-- name: count_to_choose_from
SELECT count(*) AS samples, count(DISTINCT (c.prompt_id, c.token_ids)) AS different, count(DISTINCT c.prompt_id) AS prompts
FROM candidates c
JOIN log_ratios r ON r.candidate_id = c.candidate_id AND r.round = c.round
     AND r.target_id = (SELECT target_id FROM current_thresholds WHERE round = $round)
WHERE c.round = $round AND c.prompt_id NOT IN (SELECT unnest($without::INTEGER[]))
  AND NOT ($constraints AND (r.log_ratio = '-infinity' OR c.finish = 'length'));

-- name: curated_sets
SELECT curated_id, round, target_id, log_m, scope, content_hash, summary, author, created_at, seq
FROM curated_sets ORDER BY seq;

-- name: curated_samples
SELECT s.candidate_id, s.prompt_id, s.prompt, s.system, s.earlier, s.completion, s.prompt_token_ids, s.token_ids, s.weight,
       s.decided_by, s.log_ratio, s.acceptance_prob, s.edited, CASE WHEN s.edited THEN NULL ELSE c.log_q END AS log_q, s.source
FROM curated_samples s LEFT JOIN candidates c ON c.candidate_id = s.candidate_id
WHERE s.curated_id = $curated_id ORDER BY s.prompt_id, s.candidate_id;

-- People's current decisions on the candidates of every round that a scorer has scored.
-- name: scores_and_opinions
SELECT c.candidate_id, c.prompt_id, s.score, o.action = 'accept' AS accepted
FROM current_overrides o
JOIN candidates c USING (candidate_id)
JOIN (SELECT candidate_id, arg_max(score, rowid) AS score FROM scores WHERE scorer = $scorer GROUP BY candidate_id) s
  USING (candidate_id)
WHERE o.action <> 'auto' AND s.score IS NOT NULL
ORDER BY c.round, c.prompt_id, c.k;
