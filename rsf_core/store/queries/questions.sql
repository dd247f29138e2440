-- name: question_versions
SELECT body, version, author, created_at FROM question_versions ORDER BY seq;

-- name: answers_of_round
SELECT candidate_id, question, reviewer, version, value FROM current_answers
WHERE round = $round AND value IS NOT NULL
ORDER BY split_part(candidate_id, '.', 2)::INTEGER, split_part(candidate_id, '.', 3)::INTEGER, question, reviewer;

-- name: completion_lengths
SELECT candidate_id, length(completion) AS length FROM every_candidate WHERE candidate_id IN $keys;

-- Every reviewer's answers to a question, in all rounds, up to an answer.
-- name: answers_to_question
SELECT candidate_id, question, reviewer, arg_max(version, seq) AS version, arg_max_null(value, seq) AS value
FROM answers WHERE question = $question AND seq <= $last
GROUP BY candidate_id, question, reviewer HAVING arg_max_null(value, seq) IS NOT NULL
ORDER BY candidate_id, reviewer;

-- name: last_answer
SELECT coalesce(max(seq), 0) AS seq FROM answers WHERE question = $question;

-- name: answer_versions
SELECT version, question, question_version, last_answer, author, created_at FROM answer_versions ORDER BY seq;
