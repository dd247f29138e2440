-- Append-only: rows are added and never changed; what holds now is a view over what was said.
-- No foreign keys and no secondary indexes; primary keys on small tables only. Times are UTC.

CREATE TABLE project (key VARCHAR PRIMARY KEY, value VARCHAR NOT NULL);

CREATE TABLE prompts (
    prompt_id INTEGER NOT NULL,
    text VARCHAR NOT NULL,
    system VARCHAR,
    reference VARCHAR,
    split VARCHAR NOT NULL CHECK (split IN ('train', 'held_out')),
    source VARCHAR NOT NULL,
    created_at TIMESTAMP NOT NULL
);

CREATE TABLE models (
    model_id VARCHAR PRIMARY KEY,
    name VARCHAR NOT NULL,
    folder VARCHAR NOT NULL,
    identity VARCHAR NOT NULL,
    parent_id VARCHAR,
    round INTEGER NOT NULL,
    curated_id VARCHAR,
    created_at TIMESTAMP NOT NULL
);

CREATE TABLE rounds (
    round INTEGER PRIMARY KEY,
    model_id VARCHAR NOT NULL,
    settings VARCHAR NOT NULL,
    created_at TIMESTAMP NOT NULL
);

CREATE TABLE jobs (
    job_id VARCHAR PRIMARY KEY,
    kind VARCHAR NOT NULL,
    round INTEGER NOT NULL,
    spec VARCHAR NOT NULL,
    follow VARCHAR NOT NULL,
    created_at TIMESTAMP NOT NULL
);

CREATE SEQUENCE event_seq;
CREATE TABLE job_events (
    seq BIGINT NOT NULL DEFAULT nextval('event_seq'),
    job_id VARCHAR NOT NULL,
    state VARCHAR NOT NULL,
    message VARCHAR NOT NULL,
    created_at TIMESTAMP NOT NULL
);

CREATE VIEW job_states AS
SELECT j.job_id, j.kind, j.round, j.spec, j.follow, j.created_at,
       arg_max(e.state, e.seq) AS state,
       arg_max(e.message, e.seq) AS message,
       min(e.created_at) FILTER (e.state = 'running') AS started_at,
       max(e.created_at) AS changed_at
FROM jobs j JOIN job_events e USING (job_id)
GROUP BY ALL;

-- The ledger of committed segments: a segment is in the database exactly once.
CREATE TABLE segments (
    sha256 VARCHAR PRIMARY KEY,
    job_id VARCHAR NOT NULL,
    unit INTEGER NOT NULL,
    row_count INTEGER NOT NULL,
    created_at TIMESTAMP NOT NULL
);

CREATE TABLE candidates (
    candidate_id VARCHAR NOT NULL,
    round INTEGER NOT NULL,
    prompt_id INTEGER NOT NULL,
    k INTEGER NOT NULL,
    completion VARCHAR NOT NULL,
    prompt_token_ids INTEGER[] NOT NULL,
    token_ids INTEGER[] NOT NULL,
    finish VARCHAR NOT NULL CHECK (finish IN ('eos', 'length')),
    log_q DOUBLE NOT NULL CHECK (isfinite(log_q)),
    log_model DOUBLE NOT NULL CHECK (isfinite(log_model)),
    u DOUBLE NOT NULL CHECK (u > 0 AND u <= 1),
    sampling VARCHAR NOT NULL,
    model_id VARCHAR NOT NULL,
    job_id VARCHAR NOT NULL
);

-- `scorer` is a scorer's name, or log_prob:<model_id> for the log-probability (nats) under a reference model.
CREATE TABLE scores (
    candidate_id VARCHAR NOT NULL,
    round INTEGER NOT NULL,
    scorer VARCHAR NOT NULL,
    score DOUBLE NOT NULL CHECK (isfinite(score)),
    job_id VARCHAR NOT NULL
);

CREATE TABLE targets (
    target_id INTEGER PRIMARY KEY,
    spec VARCHAR NOT NULL,
    created_at TIMESTAMP NOT NULL,
    author VARCHAR NOT NULL
);

-- Derived from candidates, scores and a target; replaced as a whole when any of them grows.
-- −∞ means that a constraint failed. NaN > x is true in SQL, so a NaN would always be accepted: refused here.
CREATE TABLE log_ratios (
    candidate_id VARCHAR NOT NULL,
    round INTEGER NOT NULL,
    target_id INTEGER NOT NULL,
    log_ratio DOUBLE NOT NULL CHECK (NOT isnan(log_ratio) AND log_ratio < 'infinity'),
    critical_log_m DOUBLE NOT NULL CHECK (NOT isnan(critical_log_m) AND critical_log_m < 'infinity'),
    scale DOUBLE NOT NULL CHECK (NOT isnan(scale) AND scale < 'infinity')
);

CREATE SEQUENCE threshold_seq;
CREATE TABLE thresholds (
    seq BIGINT NOT NULL DEFAULT nextval('threshold_seq'),
    round INTEGER NOT NULL,
    target_id INTEGER NOT NULL,
    log_m DOUBLE NOT NULL CHECK (isfinite(log_m)),
    scope VARCHAR NOT NULL CHECK (scope IN ('global', 'prompt')),
    author VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    created_at TIMESTAMP NOT NULL
);

CREATE VIEW current_thresholds AS
SELECT round, arg_max(target_id, seq) AS target_id, arg_max(log_m, seq) AS log_m, arg_max(scope, seq) AS scope,
       arg_max(author, seq) AS author, arg_max(reason, seq) AS reason, max(created_at) AS created_at
FROM thresholds GROUP BY round;

CREATE SEQUENCE override_seq;
CREATE TABLE overrides (
    seq BIGINT NOT NULL DEFAULT nextval('override_seq'),
    uid VARCHAR PRIMARY KEY,
    candidate_id VARCHAR NOT NULL,
    round INTEGER NOT NULL,
    action VARCHAR NOT NULL CHECK (action IN ('accept', 'reject', 'auto')),
    reviewer VARCHAR NOT NULL,
    undoes VARCHAR,
    created_at TIMESTAMP NOT NULL
);

CREATE VIEW current_overrides AS
SELECT candidate_id, arg_max(action, seq) AS action, arg_max(reviewer, seq) AS reviewer, max(seq) AS seq
FROM overrides GROUP BY candidate_id;

-- The decision is derived, never stored: u and log_ratio give critical_log_m, and M does the rest.
CREATE VIEW decisions AS
SELECT c.candidate_id, c.round, c.prompt_id, c.k, c.completion, c.finish, len(c.token_ids) AS token_count,
       c.log_q, c.log_model, c.u, c.model_id,
       r.target_id, r.log_ratio, r.critical_log_m, r.scale, t.log_m, t.scope,
       CASE t.scope WHEN 'prompt' THEN r.scale ELSE 0 END AS offset_log_m,
       CASE WHEN r.log_ratio IS NULL OR t.log_m IS NULL THEN NULL WHEN r.log_ratio = '-infinity' THEN 0
            ELSE exp(least(0, r.log_ratio - CASE t.scope WHEN 'prompt' THEN r.scale ELSE 0 END - t.log_m)) END
           AS acceptance_prob,
       CASE WHEN t.log_m IS NULL OR r.log_ratio IS NULL THEN NULL
            WHEN c.finish = 'length' THEN 'truncated'
            WHEN r.log_ratio > '-infinity'
                 AND r.critical_log_m - CASE t.scope WHEN 'prompt' THEN r.scale ELSE 0 END > t.log_m THEN 'accepted'
            ELSE 'rejected' END AS decision,
       nullif(o.action, 'auto') AS override, o.reviewer,
       CASE nullif(o.action, 'auto') WHEN 'accept' THEN TRUE WHEN 'reject' THEN FALSE
            ELSE coalesce(c.finish <> 'length' AND r.log_ratio > '-infinity'
                 AND r.critical_log_m - CASE t.scope WHEN 'prompt' THEN r.scale ELSE 0 END > t.log_m, FALSE)
            END AS accepted
FROM candidates c
LEFT JOIN current_thresholds t ON t.round = c.round
LEFT JOIN log_ratios r ON r.candidate_id = c.candidate_id AND r.round = c.round AND r.target_id = t.target_id
LEFT JOIN current_overrides o ON o.candidate_id = c.candidate_id;

CREATE TABLE curated_sets (
    curated_id VARCHAR PRIMARY KEY,
    round INTEGER NOT NULL,
    target_id INTEGER NOT NULL,
    log_m DOUBLE NOT NULL,
    scope VARCHAR NOT NULL,
    content_hash VARCHAR NOT NULL,
    summary VARCHAR NOT NULL,
    author VARCHAR NOT NULL,
    created_at TIMESTAMP NOT NULL
);

CREATE TABLE curated_samples (
    curated_id VARCHAR NOT NULL,
    candidate_id VARCHAR NOT NULL,
    prompt_id INTEGER NOT NULL,
    prompt VARCHAR NOT NULL,
    system VARCHAR,
    completion VARCHAR NOT NULL,
    prompt_token_ids INTEGER[] NOT NULL,
    token_ids INTEGER[] NOT NULL,
    weight DOUBLE NOT NULL CHECK (isfinite(weight) AND weight > 0),
    decided_by VARCHAR NOT NULL,
    log_ratio DOUBLE,
    acceptance_prob DOUBLE
);

CREATE TABLE metrics (
    job_id VARCHAR NOT NULL,
    step INTEGER NOT NULL,
    name VARCHAR NOT NULL,
    value DOUBLE NOT NULL
);

-- One held-out completion of a model; `scores` is a map of scorer to score.
CREATE TABLE evaluation_samples (
    evaluation_key VARCHAR NOT NULL,
    model_id VARCHAR NOT NULL,
    prompt_id INTEGER NOT NULL,
    k INTEGER NOT NULL,
    completion VARCHAR NOT NULL,
    token_count INTEGER NOT NULL,
    finish VARCHAR NOT NULL,
    log_q DOUBLE NOT NULL CHECK (isfinite(log_q)),
    log_base DOUBLE NOT NULL CHECK (isfinite(log_base)),
    log_reference DOUBLE NOT NULL CHECK (isfinite(log_reference)),
    scores MAP(VARCHAR, DOUBLE) NOT NULL,
    job_id VARCHAR NOT NULL
);
