-- What models make of a prompt a person typed to compare them; prompt and models are in the job's spec.
CREATE TABLE trials (
    job_id VARCHAR NOT NULL,
    model_id VARCHAR NOT NULL,
    k INTEGER NOT NULL,
    completion VARCHAR NOT NULL,
    finish VARCHAR NOT NULL,
    token_count INTEGER NOT NULL
);
