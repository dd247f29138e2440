-- name: comparisons_known
SELECT act, left_id, right_id FROM comparisons WHERE act IN $keys;

-- name: comparisons_since
SELECT seq, act, kind, left_id, right_id, verdict, reviewer, target, guide FROM comparisons
WHERE round = $round AND seq > $seq ORDER BY seq;
