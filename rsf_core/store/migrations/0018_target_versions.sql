-- Every target that the project has had, with the rule of M beside it (NULL: not recorded then): by whom, when and why. Appended,
-- never changed; going back is one more version. What rounds were decided by before there was such a history comes first.
CREATE TABLE target_versions (
    version INTEGER PRIMARY KEY,
    spec VARCHAR NOT NULL,
    accept VARCHAR,
    author VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    created_at TIMESTAMP NOT NULL
);
INSERT INTO target_versions
SELECT target_id, spec, NULL, author, 'a round was decided by it', created_at FROM targets ORDER BY target_id;
