-- name: gold_marks
SELECT seq, candidate_id, round, action, author, guide, created_at FROM gold_marks ORDER BY seq;

-- The decisions on some candidates of a round, one by one, with the kind of their acts.
-- name: gold_words
SELECT o.seq, o.candidate_id, o.reviewer, o.action, coalesce(o.guide, 0) AS guide, coalesce(a.kind, 'decide') AS kind
FROM overrides o LEFT JOIN acts a ON a.act = o.act
WHERE o.candidate_id IN (SELECT unnest($candidate_ids::VARCHAR[])) ORDER BY o.seq;
