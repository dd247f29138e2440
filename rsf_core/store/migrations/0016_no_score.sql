-- Pairs of candidate and scorer that have no score, and why: the scorer failed on the candidate, or said that it has none.
-- `scorer` is what scores are kept by. A score that comes later goes before what stands here.
CREATE TABLE no_scores (
    candidate_id VARCHAR NOT NULL,
    round INTEGER NOT NULL,
    scorer VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    job_id VARCHAR NOT NULL
);

CREATE VIEW pairs_without_score AS
SELECT n.round, n.candidate_id, n.scorer, arg_max(n.reason, n.rowid) AS reason
FROM no_scores n
WHERE NOT EXISTS (SELECT 1 FROM scores s
                  WHERE s.round = n.round AND s.candidate_id = n.candidate_id AND s.scorer = n.scorer)
GROUP BY ALL;

-- Derived beside log_ratios, and replaced with them: the pairs that a target needs and lacks. These candidates have no log P,
-- so the rule decides nothing of them.
CREATE TABLE unscored (
    candidate_id VARCHAR NOT NULL,
    round INTEGER NOT NULL,
    target_id INTEGER NOT NULL,
    scorer VARCHAR NOT NULL
);

-- Those of the target in force, as long as no score has come.
CREATE VIEW without_score AS
SELECT u.round, c.prompt_id, c.k, u.candidate_id, p.scorer, p.reason
FROM unscored u
JOIN current_thresholds t ON t.round = u.round AND t.target_id = u.target_id
JOIN pairs_without_score p ON p.round = u.round AND p.candidate_id = u.candidate_id AND p.scorer = u.scorer
JOIN candidates c ON c.candidate_id = u.candidate_id AND c.round = u.round;
