-- A prompt is retired and put back. An edited one is replaced by a prompt of its own, so that what was drawn for the earlier
-- one and compared on it keeps its text. Nothing is changed or deleted: the newest event holds.
CREATE SEQUENCE prompt_event_seq;
CREATE TABLE prompt_events (
    seq BIGINT NOT NULL DEFAULT nextval('prompt_event_seq'),
    prompt_id INTEGER NOT NULL,
    action VARCHAR NOT NULL CHECK (action IN ('retire', 'replace', 'restore')),
    replaced_by INTEGER,
    author VARCHAR NOT NULL,
    created_at TIMESTAMP NOT NULL
);

CREATE VIEW prompt_states AS
SELECT prompt_id, arg_max(action, seq) AS action, arg_max_null(replaced_by, seq) AS replaced_by,
       arg_max(author, seq) AS author, arg_max(created_at, seq) AS created_at
FROM prompt_events GROUP BY prompt_id;

-- Those that are not drawn, evaluated or waited for any more.
CREATE VIEW retired_prompts AS SELECT prompt_id, action, replaced_by FROM prompt_states WHERE action <> 'restore';
