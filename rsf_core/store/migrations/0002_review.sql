-- Review by several people: everything said is an act, so that any of it can be undone and redone, bulk as one step.

ALTER TABLE overrides ADD COLUMN act VARCHAR;
ALTER TABLE overrides ADD COLUMN final BOOLEAN DEFAULT FALSE;
UPDATE overrides SET act = uid, final = FALSE;

-- `target` is the act that an undo or a redo is about.
CREATE SEQUENCE act_seq;
CREATE TABLE acts (
    seq BIGINT NOT NULL DEFAULT nextval('act_seq'),
    act VARCHAR PRIMARY KEY,
    kind VARCHAR NOT NULL CHECK (kind IN ('decide', 'adjudicate', 'bulk', 'note', 'flag', 'tags', 'edit', 'undo', 'redo')),
    round INTEGER NOT NULL,
    reviewer VARCHAR NOT NULL,
    target VARCHAR,
    created_at TIMESTAMP NOT NULL
);
INSERT INTO acts (act, kind, round, reviewer, target, created_at)
SELECT uid, CASE WHEN undoes IS NULL THEN 'decide' ELSE 'undo' END, round, reviewer, undoes, created_at
FROM overrides ORDER BY seq;

-- What was said of a candidate beside its decision; the newest holds, and a NULL takes it back.
CREATE SEQUENCE annotation_seq;
CREATE TABLE annotations (
    seq BIGINT NOT NULL DEFAULT nextval('annotation_seq'),
    act VARCHAR NOT NULL,
    candidate_id VARCHAR NOT NULL,
    round INTEGER NOT NULL,
    kind VARCHAR NOT NULL CHECK (kind IN ('note', 'flag', 'tags', 'edit')),
    value VARCHAR,
    reviewer VARCHAR NOT NULL,
    created_at TIMESTAMP NOT NULL
);

CREATE VIEW current_annotations AS
SELECT candidate_id, round,
       max(value) FILTER (kind = 'note') AS note,
       max(value) FILTER (kind = 'flag') IS NOT NULL AS flagged,
       max(value) FILTER (kind = 'tags') AS tags,
       max(value) FILTER (kind = 'edit') AS edit
FROM (SELECT candidate_id, round, kind, arg_max_null(value, seq) AS value FROM annotations GROUP BY ALL)
GROUP BY candidate_id, round;

-- Each reviewer's newest word on a candidate.
CREATE VIEW opinions AS
SELECT candidate_id, round, reviewer, arg_max(action, seq) AS action, arg_max(final, seq) AS final, max(seq) AS seq
FROM overrides GROUP BY ALL;

-- The override in force: the adjudicator's word; else what most reviewers say; else, where they are even, the newest word.
CREATE OR REPLACE VIEW current_overrides AS
SELECT candidate_id,
       CASE WHEN count(*) FILTER (final AND action <> 'auto') > 0 THEN arg_max(action, seq) FILTER (final AND action <> 'auto')
            WHEN count(*) FILTER (action = 'accept') > count(*) FILTER (action = 'reject') THEN 'accept'
            WHEN count(*) FILTER (action = 'reject') > count(*) FILTER (action = 'accept') THEN 'reject'
            ELSE coalesce(arg_max(action, seq) FILTER (action <> 'auto'), 'auto') END AS action,
       CASE WHEN count(*) FILTER (final AND action <> 'auto') > 0 THEN arg_max(reviewer, seq) FILTER (final AND action <> 'auto')
            ELSE coalesce(string_agg(reviewer, ', ' ORDER BY seq) FILTER (action <> 'auto'), arg_max(reviewer, seq)) END
           AS reviewer,
       max(seq) AS seq
FROM opinions GROUP BY candidate_id;

-- An edited completion has no token ids of its own yet: the fine-tune job makes them from the text.
ALTER TABLE curated_samples ADD COLUMN edited BOOLEAN DEFAULT FALSE;
