-- A prompt may be a conversation: `earlier` are the turns before its text, by turns the user's and the assistant's, beginning with
-- the user's; NULL of a plain prompt. A curated sample keeps those of its prompt, as it keeps the text.
DROP VIEW shown_prompts;
ALTER TABLE prompts ADD COLUMN earlier VARCHAR[];
ALTER TABLE curated_samples ADD COLUMN earlier VARCHAR[];

-- Prompts as they may be shown: of a sealed one nothing before it was opened.
CREATE VIEW shown_prompts AS
SELECT prompt_id, CASE WHEN hidden THEN '(sealed)' ELSE text END AS text, CASE WHEN NOT hidden THEN reference END AS reference,
       CASE WHEN NOT hidden THEN system END AS system, CASE WHEN NOT hidden THEN earlier END AS earlier,
       split, source, created_at
FROM (SELECT *, split = 'sealed' AND NOT EXISTS (SELECT 1 FROM sealed_openings) AS hidden FROM prompts);
