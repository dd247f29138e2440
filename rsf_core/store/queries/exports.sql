-- What is decided of every candidate of a round, without its text: `text` is a number that is equal for equal texts (those of
-- the accepted as edited).
-- name: export_decisions
SELECT d.candidate_id, d.prompt_id, d.k, d.finish, d.token_count, d.log_q, d.log_model, d.u, d.model_id, d.log_ratio,
       d.critical_log_m, d.log_m + d.offset_log_m AS log_m, d.acceptance_prob, d.decision, d.override, d.accepted,
       CASE WHEN d.override IS NOT NULL AND d.reviewer IN ('rule', 'random') THEN d.reviewer || ' (a person)'
            WHEN d.override IS NOT NULL THEN d.reviewer WHEN d.decision IS NOT NULL THEN 'rule' END AS decided_by,
       hash(CASE WHEN d.accepted THEN coalesce(a.edit, d.completion) ELSE d.completion END) AS text,
       a.edit, a.note, coalesce(a.flagged, FALSE) AS flagged, a.tags
FROM decisions d
LEFT JOIN (SELECT candidate_id, edit, note, flagged, tags FROM current_annotations WHERE round = $round) a
       ON a.candidate_id = d.candidate_id
WHERE d.round = $round
ORDER BY d.prompt_id, d.k;

-- name: export_score
SELECT (split_part(candidate_id, '.', 2)::BIGINT << 20) | split_part(candidate_id, '.', 3)::BIGINT AS place,
       arg_max(score, rowid) AS score
FROM scores WHERE round = $round AND scorer = $scorer GROUP BY candidate_id ORDER BY place;

-- Of the prompts from $low to $high: whole prompts at a time, so that a round of any size is read in small parts.
-- name: export_texts
SELECT prompt_id, k, completion, prompt_token_ids, token_ids, sampling FROM candidates
WHERE round = $round AND prompt_id BETWEEN $low AND $high ORDER BY prompt_id, k;

-- name: export_scores
SELECT s.candidate_id, s.scorer, arg_max(s.score, s.rowid) AS score
FROM scores s
WHERE s.round = $round AND s.candidate_id IN (SELECT candidate_id FROM candidates
                                              WHERE round = $round AND prompt_id BETWEEN $low AND $high)
GROUP BY s.candidate_id, s.scorer ORDER BY s.candidate_id, s.scorer;

-- name: export_opinions
SELECT candidate_id, reviewer, action, coalesce(final, FALSE) AS final, guide FROM opinions
WHERE round = $round AND action <> 'auto' ORDER BY candidate_id, reviewer;
