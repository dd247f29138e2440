-- name: project_values
SELECT key, value FROM project;

-- name: drop_values
DELETE FROM project WHERE starts_with(key, $beginning);

-- name: models
SELECT model_id, name, folder, identity, parent_id, round, curated_id, created_at, seq
FROM models ORDER BY seq;

-- name: rounds
SELECT round, model_id, settings, created_at FROM rounds ORDER BY round;

-- name: proposal_choice
SELECT model_id FROM proposal_choices WHERE after_round = $after_round ORDER BY seq DESC LIMIT 1;

-- name: last_autopilot_event
SELECT flight AS run, event, round, last_round, pause, author, reason, created_at FROM flight_events ORDER BY seq DESC LIMIT 1;

-- name: votes
SELECT prompt_id, k, preferred_id, reviewer, texts FROM votes
WHERE first_id = $first_id AND second_id = $second_id AND ($reviewer IS NULL OR reviewer = $reviewer)
ORDER BY seq;

-- name: deleted_models
SELECT model_id FROM model_deletions;

-- name: links
SELECT l.link_id, l.name, l.role, l.secret_sha256, l.created_by, l.created_at, l.expires_at, r.revoked_by, r.revoked_at
FROM links l LEFT JOIN link_revocations r USING (link_id) ORDER BY l.seq;
