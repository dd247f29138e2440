-- Questions that people are asked about a candidate beside its decision, every version of each: `body` is the question as JSON,
-- told by its name and numbered from 1.
CREATE SEQUENCE question_seq;
CREATE TABLE question_versions (
    seq BIGINT NOT NULL DEFAULT nextval('question_seq'),
    question VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    body VARCHAR NOT NULL,
    author VARCHAR NOT NULL,
    created_at TIMESTAMP NOT NULL
);

-- What each reviewer answered: appended, never changed; the newest of a reviewer, candidate and question holds. `value` is JSON,
-- NULL takes it back; `version` is that of the question it was given under.
CREATE SEQUENCE answer_seq;
CREATE TABLE answers (
    seq BIGINT NOT NULL DEFAULT nextval('answer_seq'),
    act VARCHAR NOT NULL,
    candidate_id VARCHAR NOT NULL,
    round INTEGER NOT NULL,
    question VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    value VARCHAR,
    reviewer VARCHAR NOT NULL,
    created_at TIMESTAMP NOT NULL
);

CREATE VIEW current_answers AS
SELECT candidate_id, round, question, reviewer, arg_max(version, seq) AS version, arg_max_null(value, seq) AS value, max(seq) AS seq
FROM answers GROUP BY candidate_id, round, question, reviewer;

-- An answer is an act too, undone like the others: the table is made anew, for a CHECK cannot be changed.
CREATE TABLE acts_of_before AS SELECT * FROM acts;
DROP TABLE acts;
CREATE TABLE acts (
    seq BIGINT NOT NULL DEFAULT nextval('act_seq'),
    act VARCHAR PRIMARY KEY,
    kind VARCHAR NOT NULL CHECK (kind IN ('decide', 'adjudicate', 'bulk', 'note', 'flag', 'tags', 'edit', 'answer', 'undo', 'redo')),
    round INTEGER NOT NULL,
    reviewer VARCHAR NOT NULL,
    target VARCHAR,
    created_at TIMESTAMP NOT NULL
);
INSERT INTO acts SELECT * FROM acts_of_before ORDER BY seq;
DROP TABLE acts_of_before;
