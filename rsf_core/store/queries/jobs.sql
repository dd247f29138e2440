-- name: jobs
SELECT job_id, kind, round, follow, created_at, state, message, started_at, changed_at, seq, changed_seq
FROM job_states
WHERE ($round IS NULL OR round = $round)
  AND ($job_id IS NULL OR job_id = $job_id)
  AND (NOT $active OR state IN ('queued', 'running'))
ORDER BY seq;

-- name: unfollowed_jobs
SELECT job_id FROM job_states
WHERE state NOT IN ('queued', 'running') AND changed_seq NOT IN (SELECT event FROM followed_events)
ORDER BY changed_seq;

-- name: add_followed
INSERT INTO followed_events VALUES ($event) ON CONFLICT DO NOTHING;

-- name: job_spec
SELECT kind, spec FROM jobs WHERE job_id = $job_id;

-- name: count_jobs
SELECT count(*) AS count FROM jobs WHERE round = $round AND kind = $kind;

-- name: count_adaptive_jobs
SELECT count(*) AS count FROM adaptive_jobs WHERE round = $round;

-- name: committed_units
SELECT unit, sha256 FROM segments WHERE job_id = $job_id ORDER BY unit;

-- name: segment_known
SELECT sha256 FROM segments WHERE sha256 = $sha256;

-- name: job_events
SELECT seq, job_id, state, message, created_at FROM job_events WHERE job_id = $job_id ORDER BY seq;

-- name: metrics
SELECT step, name, value FROM metrics WHERE job_id = $job_id ORDER BY step, name;

-- name: scorer_milliseconds
SELECT substr(name, length($prefix) + 1) AS scorer, arg_max(value, rowid) AS value
FROM metrics WHERE starts_with(name, $prefix) GROUP BY name;
