-- What people said of two candidates of a prompt: which is better, or a tie. Appended, never changed; an undo names the act that
-- it takes back as its `target`. `guide` is the version of the guide that it was said by, 0 before there was one.
CREATE SEQUENCE comparison_seq;
CREATE TABLE comparisons (
    seq BIGINT NOT NULL DEFAULT nextval('comparison_seq'),
    act VARCHAR PRIMARY KEY,
    kind VARCHAR NOT NULL CHECK (kind IN ('compare', 'undo')),
    round INTEGER NOT NULL,
    left_id VARCHAR NOT NULL,
    right_id VARCHAR NOT NULL,
    verdict VARCHAR NOT NULL CHECK (verdict IN ('left', 'right', 'tie')),
    reviewer VARCHAR NOT NULL,
    target VARCHAR,
    guide INTEGER NOT NULL,
    created_at TIMESTAMP NOT NULL
);

-- How many candidates a reviewer means to decide, a day and in the round; the newest holds, NULL is none.
CREATE SEQUENCE review_goal_seq;
CREATE TABLE review_goals (
    seq BIGINT NOT NULL DEFAULT nextval('review_goal_seq'),
    reviewer VARCHAR NOT NULL,
    per_day INTEGER,
    per_round INTEGER,
    author VARCHAR NOT NULL,
    created_at TIMESTAMP NOT NULL
);
