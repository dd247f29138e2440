-- name: overrides
SELECT uid, candidate_id, action, reviewer, undoes, created_at FROM overrides
WHERE ($round IS NULL OR round = $round) AND ($candidate_id IS NULL OR candidate_id = $candidate_id)
ORDER BY seq;

-- name: override_known
SELECT uid FROM overrides WHERE uid = $uid;

-- name: current_action
SELECT action FROM current_overrides WHERE candidate_id = $candidate_id;

-- name: last_undoable
SELECT o.uid, o.candidate_id, o.round, o.action FROM overrides o
WHERE o.reviewer = $reviewer AND o.round = $round AND o.undoes IS NULL
  AND NOT EXISTS (SELECT 1 FROM overrides x WHERE x.undoes = o.uid)
ORDER BY o.seq DESC LIMIT 1;

-- What holds once $uid is taken back: the last word of anybody that stands, a colleague's later one included.
-- name: action_without
SELECT o.action FROM overrides o, (SELECT candidate_id FROM overrides WHERE uid = $uid) undone
WHERE o.candidate_id = undone.candidate_id AND o.uid <> $uid
  AND o.undoes IS NULL AND NOT EXISTS (SELECT 1 FROM overrides x WHERE x.undoes = o.uid)
ORDER BY o.seq DESC LIMIT 1;

-- name: accepted_samples
SELECT d.candidate_id, d.prompt_id, p.text AS prompt, p.system, d.completion, c.prompt_token_ids, c.token_ids,
       CASE WHEN d.override IS NULL THEN 'rule' ELSE d.reviewer END AS decided_by,
       d.log_ratio, d.acceptance_prob, d.offset_log_m, d.finish
FROM decisions d
JOIN candidates c ON c.candidate_id = d.candidate_id AND c.round = d.round
JOIN prompts p ON p.prompt_id = d.prompt_id
WHERE d.round = $round AND d.accepted
ORDER BY d.prompt_id, d.k;

-- name: curated_sets
SELECT curated_id, round, target_id, log_m, scope, content_hash, summary, author, created_at
FROM curated_sets ORDER BY created_at, curated_id;

-- name: curated_samples
SELECT candidate_id, prompt_id, prompt, system, completion, prompt_token_ids, token_ids, weight, decided_by,
       log_ratio, acceptance_prob
FROM curated_samples WHERE curated_id = $curated_id ORDER BY prompt_id, candidate_id;
