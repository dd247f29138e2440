-- The decision on every candidate of a round, drawn or made elsewhere, without its text: `text` is a number that is equal for
-- equal texts (of accepted candidates: as edited).
-- name: export_decisions
SELECT d.* EXCLUDE (reviewer, completion),
       CASE WHEN d.override IS NOT NULL AND d.reviewer IN ('rule', 'random') THEN d.reviewer || ' (a person)'
            WHEN d.override IS NOT NULL THEN d.reviewer WHEN d.decision IS NOT NULL THEN 'rule' END AS decided_by,
       hash(CASE WHEN d.accepted THEN coalesce(a.edit, d.completion) ELSE d.completion END) AS text,
       a.edit, a.note, coalesce(a.flagged, FALSE) AS flagged, a.tags
FROM (SELECT candidate_id, prompt_id, k, finish, token_count, log_q, log_model, u, model_id, log_ratio, critical_log_m,
             log_m + offset_log_m AS log_m, acceptance_prob, decision, override, accepted, NULL::VARCHAR AS source,
             NULL::DOUBLE AS stated_log_q, reviewer, completion
      FROM decisions WHERE round = $round
      UNION ALL
      SELECT e.candidate_id, e.prompt_id, e.k, NULL, e.token_count, NULL, NULL, NULL, NULL, NULL, NULL,
             NULL, NULL, NULL, nullif(o.action, 'auto'), coalesce(o.action = 'accept', FALSE), e.source,
             e.stated_log_q, o.reviewer, e.completion
      FROM candidates_elsewhere e LEFT JOIN current_overrides o ON o.candidate_id = e.candidate_id
      WHERE e.round = $round) d
LEFT JOIN (SELECT candidate_id, edit, note, flagged, tags FROM current_annotations WHERE round = $round) a
       ON a.candidate_id = d.candidate_id
ORDER BY d.prompt_id, d.k;

-- name: export_score
SELECT (split_part(candidate_id, '.', 2)::BIGINT << 20) | split_part(candidate_id, '.', 3)::BIGINT AS place,
       arg_max(score, rowid) AS score
FROM scores WHERE round = $round AND scorer = $scorer GROUP BY candidate_id ORDER BY place;

-- For the prompts from $low to $high: whole prompts at a time, so that a round of any size is read in small parts.
-- name: export_texts
SELECT prompt_id, k, completion, prompt_token_ids, token_ids, sampling FROM candidates
WHERE round = $round AND prompt_id BETWEEN $low AND $high
UNION ALL
SELECT prompt_id, k, completion, [], [], NULL FROM candidates_elsewhere
WHERE round = $round AND prompt_id BETWEEN $low AND $high
ORDER BY prompt_id, k;

-- name: export_scorers
SELECT DISTINCT scorer FROM scores WHERE round = $round ORDER BY scorer;

-- Includes reviewers' decisions on gold items, which look like any candidate that somebody has settled.
-- name: export_opinions
SELECT split_part(candidate_id, '.', 2)::INTEGER AS prompt_id, candidate_id, reviewer, action,
       coalesce(final, FALSE) AS final, guide FROM (
    SELECT candidate_id, round, reviewer, action, final, guide FROM opinions
    UNION ALL
    SELECT candidate_id, round, reviewer, arg_max(action, seq), FALSE, coalesce(arg_max_null(guide, seq), 0)
    FROM overrides o WHERE EXISTS (SELECT 1 FROM current_gold g WHERE g.candidate_id = o.candidate_id AND g.author <> o.reviewer)
    GROUP BY candidate_id, round, reviewer)
WHERE round = $round AND action <> 'auto' ORDER BY prompt_id, candidate_id, reviewer;

-- name: export_sample_counts
SELECT prompt_id, count(*) AS samples FROM curated_samples WHERE curated_id = $curated_id GROUP BY prompt_id ORDER BY prompt_id;

-- name: export_samples
SELECT candidate_id, prompt_id, prompt, system, earlier, completion, prompt_token_ids, token_ids, weight, decided_by,
       acceptance_prob
FROM curated_samples
WHERE curated_id = $curated_id AND prompt_id BETWEEN $low AND $high ORDER BY prompt_id, candidate_id;
