"""Where jobs run: the supervisor starts, watches and ends them through an Executor, and knows no processes itself."""

from rsf_core.jobs.executors.base import Executor
from rsf_core.jobs.executors.inline import InlineExecutor
from rsf_core.jobs.executors.local import LocalExecutor

__all__ = ["Executor", "InlineExecutor", "LocalExecutor"]
