-- How long prompts are for the base model: `tokens`, or why its template or tokenizer refuses them. Counted when they were
-- imported, or named by a job that left them out; the newest row of a prompt holds. A prompt never changes, so its number stands
-- for its text. `model` is the identity of the weights and config.
CREATE SEQUENCE prompt_length_seq;
CREATE TABLE prompt_lengths (
    seq BIGINT NOT NULL DEFAULT nextval('prompt_length_seq'),
    model VARCHAR NOT NULL,
    prompt_id INTEGER NOT NULL,
    tokens INTEGER CHECK (tokens >= 0),
    refused VARCHAR
);

-- The room of a model: `most` tokens of its context (NULL: it names no limit) and, in an encoder-decoder, `prefix` tokens before
-- a completion. `name` is what the settings call it; the newest row of a name holds.
CREATE TABLE prompt_windows (
    seq BIGINT NOT NULL DEFAULT nextval('prompt_length_seq'),
    model VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    most BIGINT,
    prefix INTEGER
);
