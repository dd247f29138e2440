-- Who chose an M is a kind of its own: a person may be called "rule", and "undo" is a word that anybody may give as a
-- reason. Before, what the rule chose never had one of the reasons that are given for a person.
ALTER TABLE thresholds ADD COLUMN chosen_by VARCHAR;
UPDATE thresholds SET chosen_by =
    CASE WHEN reason = 'undo' THEN 'undo'
         WHEN author = 'rule' AND reason NOT IN ('by hand', 'agrees best with the overrides') THEN 'rule'
         ELSE 'person' END;

-- Links by which people come in: of the secret in a link only its digest is here, so a copy of the database opens nothing.
CREATE SEQUENCE link_seq;
CREATE TABLE links (
    seq BIGINT NOT NULL DEFAULT nextval('link_seq'),
    link_id VARCHAR PRIMARY KEY,
    name VARCHAR NOT NULL,
    role VARCHAR NOT NULL CHECK (role IN ('owner', 'reviewer')),
    secret_sha256 VARCHAR NOT NULL,
    created_by VARCHAR NOT NULL,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL
);
CREATE TABLE link_revocations (
    link_id VARCHAR PRIMARY KEY,
    revoked_by VARCHAR NOT NULL,
    revoked_at TIMESTAMP NOT NULL
);
