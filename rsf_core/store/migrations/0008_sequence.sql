-- What came first is told by one sequence over jobs, their events, thresholds, curated sets and models: a clock can be set back.
-- Times are for showing. What was there before is numbered in the order it had.
CREATE SEQUENCE happened_seq;

ALTER TABLE jobs ADD COLUMN seq BIGINT;
ALTER TABLE models ADD COLUMN seq BIGINT;
ALTER TABLE curated_sets ADD COLUMN seq BIGINT;

-- Events and thresholds had a sequence of their own: within it they keep their order, whatever their times say.
CREATE TEMP TABLE happened AS
SELECT source, place, row_number() OVER (ORDER BY moment, own, source, place) AS seq
FROM (
    SELECT 'jobs' AS source, rowid AS place, created_at AS moment, 0 AS own FROM jobs
    UNION ALL SELECT 'models', rowid, created_at, 0 FROM models
    UNION ALL SELECT 'curated_sets', rowid, created_at, 0 FROM curated_sets
    UNION ALL SELECT 'thresholds', rowid, max(created_at) OVER (ORDER BY seq), seq FROM thresholds
    UNION ALL SELECT 'job_events', rowid, max(created_at) OVER (ORDER BY seq), seq FROM job_events
);
UPDATE jobs SET seq = happened.seq FROM happened WHERE source = 'jobs' AND place = jobs.rowid;
UPDATE models SET seq = happened.seq FROM happened WHERE source = 'models' AND place = models.rowid;
UPDATE curated_sets SET seq = happened.seq FROM happened WHERE source = 'curated_sets' AND place = curated_sets.rowid;
UPDATE thresholds SET seq = happened.seq FROM happened WHERE source = 'thresholds' AND place = thresholds.rowid;
UPDATE job_events SET seq = happened.seq FROM happened WHERE source = 'job_events' AND place = job_events.rowid;
SELECT max(nextval('happened_seq')) FROM happened; -- those numbers are taken
DROP TABLE happened;

ALTER TABLE jobs ALTER COLUMN seq SET DEFAULT nextval('happened_seq');
ALTER TABLE models ALTER COLUMN seq SET DEFAULT nextval('happened_seq');
ALTER TABLE curated_sets ALTER COLUMN seq SET DEFAULT nextval('happened_seq');
ALTER TABLE thresholds ALTER COLUMN seq SET DEFAULT nextval('happened_seq');
ALTER TABLE job_events ALTER COLUMN seq SET DEFAULT nextval('happened_seq');

-- Without the spec: it can be long, and whoever asks where a job stands does not need it.
CREATE OR REPLACE VIEW job_states AS
SELECT j.job_id, j.kind, j.round, j.follow, j.created_at, j.seq, e.state, e.message, e.started_at, e.changed_at, e.changed_seq
FROM jobs j
JOIN (SELECT job_id,
             arg_max(state, seq) AS state,
             arg_max(message, seq) AS message,
             arg_min(created_at, seq) FILTER (state = 'running') AS started_at,
             arg_max(created_at, seq) AS changed_at,
             max(seq) AS changed_seq
      FROM job_events GROUP BY job_id) e USING (job_id);
