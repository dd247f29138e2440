"""Work done outside the owner: `spool` is the file protocol between them, `supervisor` the owner's side, `worker` the
process's side, and one file for each kind of job. torch is imported in job processes only."""
