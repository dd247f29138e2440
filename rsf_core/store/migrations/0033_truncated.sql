-- The rule accepts no truncated candidate, so its chance is 0 and it violates no bound, as in every rate and figure at another M.
CREATE OR REPLACE VIEW decisions AS
SELECT c.candidate_id, c.round, c.prompt_id, c.k, c.completion, c.finish, len(c.token_ids) AS token_count,
       c.log_q, c.log_model, c.u, c.model_id,
       r.target_id, r.log_ratio, r.critical_log_m, r.scale, t.log_m, t.scope,
       CASE WHEN t.scope = 'global' THEN 0 WHEN r.scale = '-infinity' THEN 'infinity' ELSE r.scale END AS offset_log_m,
       CASE WHEN r.log_ratio IS NULL OR t.log_m IS NULL THEN NULL
            WHEN c.finish = 'length' OR r.log_ratio = '-infinity' THEN 0
            ELSE exp(least(0, r.log_ratio - offset_log_m - t.log_m)) END
           AS acceptance_prob,
       CASE WHEN t.log_m IS NULL OR r.log_ratio IS NULL THEN NULL
            WHEN c.finish = 'length' THEN 'truncated'
            WHEN r.log_ratio > '-infinity'
                 AND r.critical_log_m - offset_log_m > t.log_m THEN 'accepted'
            ELSE 'rejected' END AS decision,
       coalesce(c.finish <> 'length' AND r.log_ratio > '-infinity' AND r.log_ratio - offset_log_m > t.log_m, FALSE)
           AS violated,
       nullif(o.action, 'auto') AS override, o.reviewer,
       CASE nullif(o.action, 'auto') WHEN 'accept' THEN TRUE WHEN 'reject' THEN FALSE
            ELSE coalesce(c.finish <> 'length' AND r.log_ratio > '-infinity'
                 AND r.critical_log_m - offset_log_m > t.log_m, FALSE)
            END AS accepted
FROM candidates c
LEFT JOIN current_thresholds t ON t.round = c.round
LEFT JOIN log_ratios r ON r.candidate_id = c.candidate_id AND r.round = c.round AND r.target_id = t.target_id
LEFT JOIN current_overrides o ON o.candidate_id = c.candidate_id;
