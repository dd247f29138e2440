"""The commands by name, with JSON in and JSON out, in modules by subject. Each is a line or two: a method of `Project` does
the work. Importing a module registers its commands."""

from rsf_core.project.commands import files, people, prompts, review, rounds, scoring, settings
from rsf_core.project.commands.table import COMMANDS, execute, plain

__all__ = ["COMMANDS", "execute", "files", "people", "plain", "prompts", "review", "rounds", "scoring", "settings"]
