-- How people ranked some candidates of a prompt: `candidates` and their `places`, 1 is the best and equal places are ties. Appended,
-- never changed; an undo names the act that it takes back as its `target`. `seq` is of the comparisons, so that it tells which
-- word on a pair is the newer one. `guide` is the version of the guide that it was said by, 0 before there was one.
CREATE TABLE rankings (
    seq BIGINT NOT NULL DEFAULT nextval('comparison_seq'),
    act VARCHAR PRIMARY KEY,
    kind VARCHAR NOT NULL CHECK (kind IN ('rank', 'undo')),
    round INTEGER NOT NULL,
    prompt_id INTEGER NOT NULL,
    candidates VARCHAR[] NOT NULL,
    places INTEGER[] NOT NULL,
    reviewer VARCHAR NOT NULL,
    target VARCHAR,
    guide INTEGER NOT NULL,
    created_at TIMESTAMP NOT NULL
);
