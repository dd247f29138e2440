"""Processes of tests that start warm: forked off a template that has imported what they need.

A job spends nearly all of its start importing torch and transformers, the app and a command importing Streamlit and DuckDB:
seconds of one core for work of milliseconds, some hundred times over the whole suite. A fork is a process of its own as they
are, with its own session, arguments, environment, log and end. Within `cold` they are started as a user's are.
"""

from tests.support.warm.client import RSF, Process, cold, run, shared, start, start_jobs_warm

__all__ = ["RSF", "Process", "cold", "run", "shared", "start", "start_jobs_warm"]
