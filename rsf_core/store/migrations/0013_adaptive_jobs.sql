-- Jobs that drew more for the prompts of which nothing was accepted yet: `stage` counts them within the round, from 1. Which
-- prompts they drew for depends on what was drawn before, so no rate of a prompt is estimated from what they drew.
CREATE TABLE adaptive_jobs (job_id VARCHAR PRIMARY KEY, round INTEGER NOT NULL, stage INTEGER NOT NULL);
