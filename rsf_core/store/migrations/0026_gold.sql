-- Gold items: candidates whose right decision the owner knows. Appended, never changed; 'none' takes the mark away. `guide` is the
-- version of the guide that the decision was given by, 0 before there was one. `seq` is of the words of reviewers, so that it tells
-- what was said before and after.
CREATE TABLE gold_marks (
    seq BIGINT NOT NULL DEFAULT nextval('override_seq'),
    candidate_id VARCHAR NOT NULL,
    round INTEGER NOT NULL,
    action VARCHAR NOT NULL CHECK (action IN ('accept', 'reject', 'none')),
    author VARCHAR NOT NULL,
    guide INTEGER NOT NULL,
    created_at TIMESTAMP NOT NULL
);

CREATE VIEW current_gold AS
SELECT candidate_id, round, arg_max(action, seq) AS action, arg_max(author, seq) AS author, arg_max(guide, seq) AS guide,
       max(seq) AS seq
FROM gold_marks GROUP BY candidate_id, round HAVING arg_max(action, seq) <> 'none';

-- Each reviewer's newest word on a candidate. Of a gold item its decision is the one word, and settles it: what reviewers answer
-- tells of them, and not of the candidate.
CREATE OR REPLACE VIEW opinions AS
SELECT candidate_id, round, reviewer, arg_max(action, seq) AS action, arg_max(final, seq) AS final,
       coalesce(arg_max_null(guide, seq), 0) AS guide, max(seq) AS seq
FROM overrides ANTI JOIN current_gold USING (candidate_id) GROUP BY ALL
UNION ALL
SELECT candidate_id, round, author, action, TRUE, guide, seq FROM current_gold;
