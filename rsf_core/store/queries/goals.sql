-- name: review_goals
SELECT reviewer, arg_max_null(per_day, seq) AS per_day, arg_max_null(per_round, seq) AS per_round
FROM review_goals GROUP BY reviewer;

-- The decisions of a round since $seq, one by one, with the kind of their acts.
-- name: words_since
SELECT o.seq, o.act, o.reviewer, o.action, o.created_at, coalesce(a.kind, 'decide') AS kind,
       (split_part(o.candidate_id, '.', 2)::BIGINT << 20) | split_part(o.candidate_id, '.', 3)::BIGINT AS place
FROM overrides o LEFT JOIN acts a ON a.act = o.act
WHERE o.round = $round AND o.seq > $seq ORDER BY o.seq;
