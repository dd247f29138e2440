-- A third split: prompts that nothing is drawn for until a person opens them, once. DuckDB changes no CHECK, so the table
-- is made anew.
CREATE TABLE prompts_of_three_splits (
    prompt_id INTEGER NOT NULL,
    text VARCHAR NOT NULL,
    system VARCHAR,
    reference VARCHAR,
    split VARCHAR NOT NULL CHECK (split IN ('train', 'held_out', 'sealed')),
    source VARCHAR NOT NULL,
    created_at TIMESTAMP NOT NULL
);
INSERT INTO prompts_of_three_splits SELECT prompt_id, text, system, reference, split, source, created_at
FROM prompts ORDER BY rowid;
DROP TABLE prompts;
ALTER TABLE prompts_of_three_splits RENAME TO prompts;

-- That the sealed prompts were opened: by whom, for which model, and what its completions are found under. One row,
-- the first.
CREATE TABLE sealed_openings (
    opening INTEGER PRIMARY KEY,
    author VARCHAR NOT NULL,
    opened_at TIMESTAMP NOT NULL,
    round INTEGER NOT NULL,
    model_id VARCHAR NOT NULL,
    control_id VARCHAR,
    evaluation_key VARCHAR NOT NULL,
    prompts INTEGER NOT NULL
);

-- Prompts as they may be shown: of a sealed one nothing before it was opened.
CREATE VIEW shown_prompts AS
SELECT prompt_id, CASE WHEN hidden THEN '(sealed)' ELSE text END AS text, CASE WHEN NOT hidden THEN reference END AS reference,
       CASE WHEN NOT hidden THEN system END AS system, split, source, created_at
FROM (SELECT *, split = 'sealed' AND NOT EXISTS (SELECT 1 FROM sealed_openings) AS hidden FROM prompts);
