-- name: prompts
SELECT prompt_id, text, reference, split, system, earlier
FROM prompts
WHERE ($split IS NULL OR split = $split)
  AND ($retired OR prompt_id NOT IN (SELECT prompt_id FROM retired_prompts))
ORDER BY prompt_id;

-- name: prompt_entries
SELECT prompt_id, text, split, system, earlier, prompt_id IN (SELECT prompt_id FROM retired_prompts) AS former,
       md5_number_lower(reference) AS reference_key
FROM prompts ORDER BY prompt_id;

-- name: prompt_counts
SELECT split, count(*) AS count, count(reference) AS with_reference FROM prompts
WHERE prompt_id NOT IN (SELECT prompt_id FROM retired_prompts) GROUP BY split;

-- name: prompt_references
SELECT prompt_id, reference FROM prompts
WHERE split <> 'sealed' AND prompt_id NOT IN (SELECT prompt_id FROM retired_prompts) ORDER BY prompt_id;

-- name: next_prompt_id
SELECT coalesce(max(prompt_id) + 1, 1) AS prompt_id FROM prompts;

-- Texts are cut to what a list shows. Lengths are looked up only if they are a filter; see prompt_fit.
-- The total is in each row, and in a row without a prompt if the page is past the end.
-- name: prompt_page
WITH matching AS (
    SELECT p.prompt_id
    FROM shown_prompts p LEFT JOIN retired_prompts r USING (prompt_id)
    LEFT JOIN (
        SELECT prompt_id, arg_max({'tokens': tokens, 'refused': refused}, seq) AS length
        FROM prompt_lengths WHERE $fit IS NOT NULL AND model = $model GROUP BY prompt_id
    ) l USING (prompt_id)
    WHERE ($split IS NULL OR p.split = $split)
      AND ($retired IS NULL OR $retired = (r.prompt_id IS NOT NULL))
      AND ($fit IS NULL OR $fit = CASE WHEN length IS NULL THEN 'not_checked' WHEN length.refused IS NOT NULL THEN 'refused'
                WHEN length.tokens > $most THEN 'too_long' ELSE 'fits' END)
      AND ($text IS NULL OR p.prompt_id::VARCHAR = $text OR contains(nfc_normalize(lower(p.text)), nfc_normalize(lower($text)))
           OR contains(nfc_normalize(lower(concat_ws(' ', p.reference, array_to_string(p.earlier, ' ')))),
                       nfc_normalize(lower($text))))
), of_page AS (
    SELECT p.prompt_id, left(p.text, $shown) AS text, left(p.reference, $shown) AS reference, left(p.system, $shown) AS system,
           [left(turn, $shown) FOR turn IN p.earlier] AS earlier, p.split, p.source, p.created_at, r.action AS retired,
           r.replaced_by
    FROM (SELECT prompt_id FROM matching ORDER BY prompt_id LIMIT $limit OFFSET $offset)
    JOIN shown_prompts p USING (prompt_id) LEFT JOIN retired_prompts r USING (prompt_id)
)
SELECT total, of_page.* FROM (SELECT count(*) AS total FROM matching) LEFT JOIN of_page ON TRUE ORDER BY prompt_id;

-- name: prompt_state
SELECT p.prompt_id, p.text, p.reference, p.system, p.earlier, p.split, p.source, p.created_at, r.action AS retired, r.replaced_by
FROM prompts p LEFT JOIN retired_prompts r USING (prompt_id)
WHERE p.prompt_id IN (SELECT unnest($prompt_ids::INTEGER[]));

-- Prompts are only added and events only appended: two numbers show whether anything has changed.
-- name: prompts_version
SELECT (SELECT coalesce(max(prompt_id), 0) FROM prompts) AS prompt_id,
       (SELECT coalesce(max(seq), 0) FROM prompt_events) AS seq;

-- Of some prompts, without the lengths of sealed ones.
-- name: prompt_fit
SELECT prompt_id, CASE WHEN length IS NULL THEN 'not_checked' WHEN length.refused IS NOT NULL THEN 'refused'
            WHEN length.tokens > $most THEN 'too_long' ELSE 'fits' END AS fit,
       CASE WHEN p.split <> 'sealed' OR EXISTS (SELECT 1 FROM sealed_openings) THEN length.tokens END AS tokens
FROM prompts p JOIN (
    SELECT prompt_id, arg_max({'tokens': tokens, 'refused': refused}, seq) AS length
    FROM prompt_lengths WHERE model = $model AND prompt_id IN (SELECT unnest($prompt_ids::INTEGER[])) GROUP BY prompt_id
) l USING (prompt_id);

-- Of the prompts in use.
-- name: prompt_fits
SELECT CASE WHEN length IS NULL THEN 'not_checked' WHEN length.refused IS NOT NULL THEN 'refused'
            WHEN length.tokens > $most THEN 'too_long' ELSE 'fits' END AS fit, count(*) AS count
FROM prompts p
LEFT JOIN (
    SELECT prompt_id, arg_max({'tokens': tokens, 'refused': refused}, seq) AS length
    FROM prompt_lengths WHERE model = $model GROUP BY prompt_id
) l USING (prompt_id)
WHERE prompt_id NOT IN (SELECT prompt_id FROM retired_prompts) GROUP BY fit;

-- name: prompt_lengths_of
SELECT model, prompt_id, arg_max_null(tokens, seq) AS tokens, arg_max_null(refused, seq) AS refused
FROM prompt_lengths WHERE prompt_id IN (SELECT unnest($prompt_ids::INTEGER[])) GROUP BY model, prompt_id;

-- name: prompt_windows
SELECT model, name, most, prefix FROM prompt_windows ORDER BY seq DESC;

-- name: retired_prompt_ids
SELECT prompt_id FROM retired_prompts ORDER BY prompt_id;
