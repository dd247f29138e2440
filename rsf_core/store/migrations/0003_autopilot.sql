-- What the next round draws from, where a person or a guardrail has said so; the newest since the last round was opened.
CREATE SEQUENCE proposal_seq;
CREATE TABLE proposal_choices (
    seq BIGINT NOT NULL DEFAULT nextval('proposal_seq'),
    model_id VARCHAR NOT NULL,
    after_round INTEGER NOT NULL,
    author VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    created_at TIMESTAMP NOT NULL
);

-- Rounds that run by themselves: one flight is a row 'started' and what happened to it since; the newest row holds.
CREATE SEQUENCE flight_seq;
CREATE TABLE flight_events (
    seq BIGINT NOT NULL DEFAULT nextval('flight_seq'),
    flight INTEGER NOT NULL,
    event VARCHAR NOT NULL CHECK (event IN ('started', 'waiting', 'continued', 'stopped', 'finished')),
    round INTEGER NOT NULL,
    last_round INTEGER NOT NULL,
    pause BOOLEAN NOT NULL,
    author VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    created_at TIMESTAMP NOT NULL
);
