-- What was learned from people's decisions, every version: numbers and figures as JSON. `version` is told by the decisions, the
-- model and the scores that it was learned from; learned again from the same it is the same.
CREATE SEQUENCE taste_seq;
CREATE TABLE tastes (
    seq BIGINT NOT NULL DEFAULT nextval('taste_seq'),
    version VARCHAR PRIMARY KEY,
    body VARCHAR NOT NULL,
    author VARCHAR NOT NULL,
    created_at TIMESTAMP NOT NULL
);
