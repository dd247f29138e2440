-- Blind comparisons: which of two models' completions of one held-out prompt a person prefers ('' where neither).
CREATE SEQUENCE vote_seq;
CREATE TABLE votes (
    seq BIGINT NOT NULL DEFAULT nextval('vote_seq'),
    first_id VARCHAR NOT NULL,
    second_id VARCHAR NOT NULL,
    prompt_id INTEGER NOT NULL,
    k INTEGER NOT NULL,
    preferred_id VARCHAR NOT NULL,
    reviewer VARCHAR NOT NULL,
    created_at TIMESTAMP NOT NULL
);

-- A model whose files were deleted; its record, its candidates and its held-out completions stay.
CREATE TABLE model_deletions (
    model_id VARCHAR PRIMARY KEY,
    author VARCHAR NOT NULL,
    created_at TIMESTAMP NOT NULL
);
