"""Processes of tests that start warm: they are forked from a template that has imported what they need.

A job spends nearly all of its start on importing torch and transformers, the app and a command on importing Streamlit and
DuckDB: seconds of one core for milliseconds of work, some hundred times in the whole suite. A fork is a separate process all
the same, with its own session, arguments, environment, log and end. Within `cold`, processes start as a user's do.
"""

from tests.support.warm.client import RSF, Process, cold, run, shared, start, start_jobs_warm

__all__ = ["RSF", "Process", "cold", "run", "shared", "start", "start_jobs_warm"]
