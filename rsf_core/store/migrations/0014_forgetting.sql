-- What tuning has cost: completions drawn from the base once for a set of prompts and a law (`gauge_key`), with their tokens, and
-- for each model judged on them `kl`, the sum over a completion's tokens of the KL from the base's law to the model's (nats).
CREATE TABLE gauge_samples (
    gauge_key VARCHAR NOT NULL,
    model_id VARCHAR NOT NULL,
    prompt_id INTEGER NOT NULL,
    prompt_token_ids INTEGER[] NOT NULL,
    token_ids INTEGER[] NOT NULL,
    token_count INTEGER NOT NULL,
    kl DOUBLE NOT NULL CHECK (kl >= 0 AND NOT isnan(kl)),
    job_id VARCHAR NOT NULL
);
