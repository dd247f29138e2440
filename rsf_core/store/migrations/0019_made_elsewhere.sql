-- Candidates made elsewhere: completions of train prompts that no job of this project drew. There is no q of this project for
-- them, so they stand apart from `candidates`: what is told by P/q never sees them. `stated_log_q` (nats) is what their file
-- says of whatever law made them; it is kept and exported, and nothing is computed from it.
CREATE TABLE candidates_elsewhere (
    candidate_id VARCHAR NOT NULL,
    round INTEGER NOT NULL,
    prompt_id INTEGER NOT NULL,
    k INTEGER NOT NULL,
    completion VARCHAR NOT NULL,
    source VARCHAR NOT NULL CHECK (source <> ''),
    token_count INTEGER CHECK (token_count >= 0),
    stated_log_q DOUBLE CHECK (isfinite(stated_log_q)),
    author VARCHAR NOT NULL,
    created_at TIMESTAMP NOT NULL
);

-- All that a person may decide in a round, drawn or made elsewhere: for review, its search and its table.
CREATE VIEW every_candidate AS
SELECT candidate_id, round, prompt_id, k, completion, len(token_ids)::INTEGER AS token_count, finish = 'length' AS truncated, u,
       NULL::VARCHAR AS source
FROM candidates
UNION ALL
SELECT candidate_id, round, prompt_id, k, completion, token_count, FALSE, NULL, source FROM candidates_elsewhere;

-- Where a sample of a curated set was made, NULL where it was drawn.
ALTER TABLE curated_samples ADD COLUMN source VARCHAR;
