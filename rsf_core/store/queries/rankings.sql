-- name: rankings_known
SELECT act, candidates FROM rankings WHERE act IN $keys;

-- name: rankings_since
SELECT seq, act, kind, prompt_id, candidates, places, reviewer, target, guide FROM rankings
WHERE round = $round AND seq > $seq ORDER BY seq;
