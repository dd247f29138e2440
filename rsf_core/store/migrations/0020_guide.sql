-- The guide that people decide by: appended, never changed. A version without text says that there is none.
CREATE TABLE guide_versions (
    version INTEGER PRIMARY KEY,
    text VARCHAR NOT NULL,
    author VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    created_at TIMESTAMP NOT NULL
);

-- Who has read which version.
CREATE SEQUENCE guide_reading_seq;
CREATE TABLE guide_readings (
    seq BIGINT NOT NULL DEFAULT nextval('guide_reading_seq'),
    version INTEGER NOT NULL,
    reviewer VARCHAR NOT NULL,
    created_at TIMESTAMP NOT NULL
);

-- The version that a word was said by: 0 before there was one, NULL where it was not recorded yet. What an undo brings back is
-- of the version that it was first said by.
ALTER TABLE overrides ADD COLUMN guide INTEGER;

CREATE OR REPLACE VIEW opinions AS
SELECT candidate_id, round, reviewer, arg_max(action, seq) AS action, arg_max(final, seq) AS final,
       coalesce(arg_max_null(guide, seq), 0) AS guide, max(seq) AS seq
FROM overrides GROUP BY ALL;
