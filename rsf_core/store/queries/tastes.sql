-- name: tastes
SELECT version, body, author, created_at FROM tastes ORDER BY seq;

-- People's effective decisions, of all rounds, if somebody made them for this candidate alone and not in bulk (and has not taken
-- that back), and for the text as it was drawn. `audit`: it was shown as part of the random audit, and is not gold. `rule` orders
-- candidates as the current rule does.
-- name: decided_by_people
WITH walked AS (SELECT target, arg_max(kind, seq) AS kind FROM acts WHERE kind IN ('undo', 'redo') GROUP BY target),
audited AS (SELECT DISTINCT candidate_id FROM overrides WHERE as_audit  -- gold items were chosen, not drawn
              AND candidate_id NOT IN (SELECT candidate_id FROM current_gold)),
said AS (SELECT o.candidate_id, o.action FROM current_overrides o
              WHERE o.action IN ('accept', 'reject')
                AND (o.candidate_id IN (SELECT candidate_id FROM current_gold)
                     OR EXISTS (SELECT 1 FROM overrides x JOIN acts a ON a.act = x.act
                                WHERE x.candidate_id = o.candidate_id AND x.action = o.action
                                  AND a.kind IN ('decide', 'adjudicate')
                                  AND a.act NOT IN (SELECT target FROM walked WHERE kind = 'undo' AND target IS NOT NULL)))
                AND NOT EXISTS (SELECT 1 FROM current_annotations e
                                WHERE e.candidate_id = o.candidate_id AND e.edit IS NOT NULL))
SELECT d.candidate_id, d.round, d.prompt_id, d.k, c.prompt_token_ids, c.token_ids, d.finish = 'eos' AS ended,
       said.action = 'accept' AS accepted, d.candidate_id IN (SELECT candidate_id FROM audited) AS audit,
       CASE WHEN d.decision IS NULL THEN 'nan'::DOUBLE
            WHEN d.decision = 'truncated' OR d.log_ratio = '-infinity' THEN -1e9
            ELSE greatest(-1e9, d.log_ratio - d.offset_log_m) END AS rule
FROM said
JOIN decisions d ON d.candidate_id = said.candidate_id
JOIN candidates c ON c.candidate_id = d.candidate_id AND c.round = d.round
WHERE len(c.token_ids) > 0
ORDER BY d.round, d.prompt_id, d.k;

-- name: scores_of_candidates
SELECT candidate_id, scorer, arg_max(score, rowid) AS score FROM scores
WHERE candidate_id IN (SELECT unnest($candidate_ids::VARCHAR[])) AND scorer IN (SELECT unnest($scorers::VARCHAR[]))
GROUP BY ALL;

-- The columns that the learn job reads of candidates that people have compared, of all rounds.
-- name: candidates_to_learn_from
SELECT c.candidate_id, c.round, c.prompt_id, c.k, c.prompt_token_ids, c.token_ids, c.finish = 'eos' AS ended
FROM candidates c
WHERE c.candidate_id IN (SELECT unnest($candidate_ids::VARCHAR[])) AND len(c.token_ids) > 0
ORDER BY c.round, c.prompt_id, c.k;
