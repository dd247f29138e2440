-- What people answered to a question, as a scorer reads it: every version that somebody has put to use. It holds the answers to the
-- question, as it was asked in `question_version`, up to `last_answer`; `version` is told by their means.
CREATE SEQUENCE answer_version_seq;
CREATE TABLE answer_versions (
    seq BIGINT NOT NULL DEFAULT nextval('answer_version_seq'),
    version VARCHAR PRIMARY KEY,
    question VARCHAR NOT NULL,
    question_version INTEGER NOT NULL,
    last_answer BIGINT NOT NULL,
    author VARCHAR NOT NULL,
    created_at TIMESTAMP NOT NULL
);
