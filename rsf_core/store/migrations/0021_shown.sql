-- How its reviewer came to see a candidate: the order of the queue it stood in (NULL: chosen by hand, or not recorded then), and
-- whether it was one of the random audit there.
ALTER TABLE overrides ADD COLUMN shown_in VARCHAR;
ALTER TABLE overrides ADD COLUMN as_audit BOOLEAN;
