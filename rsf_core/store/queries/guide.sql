-- name: guide_versions
SELECT version, text, author, reason, created_at FROM guide_versions ORDER BY version DESC;

-- name: guide_version
SELECT coalesce(max(version), 0) AS version FROM guide_versions;

-- name: guide_read
SELECT coalesce(max(version), 0) AS version FROM guide_readings WHERE reviewer = $reviewer;
