"""What job processes do, a module a kind of job. The only part of jobs that imports torch."""
