-- A digest of the two completions that were read: other sampling settings give others, on which the vote says nothing.
-- NULL in votes from before.
ALTER TABLE votes ADD COLUMN texts VARCHAR;
