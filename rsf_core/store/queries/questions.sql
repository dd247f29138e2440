-- name: question_versions
SELECT body, version, author, created_at FROM question_versions ORDER BY seq;

-- name: answers_of_round
SELECT candidate_id, question, reviewer, version, value FROM current_answers
WHERE round = $round AND value IS NOT NULL
ORDER BY split_part(candidate_id, '.', 2)::INTEGER, split_part(candidate_id, '.', 3)::INTEGER, question, reviewer;

-- name: completion_lengths
SELECT candidate_id, length(completion) AS length FROM every_candidate WHERE candidate_id IN $keys;
