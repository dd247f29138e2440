"""Every error a person can act on. Each message says what is wrong, where, and what to do next.

RsfError
├── SettingsError          a value in project.toml, task.toml or on the command line is not allowed
├── NotAProjectError       the folder is not an RSF Studio project
├── ProjectLockedError     another process owns the project and cannot be reached
├── ProjectClosedError     a project was closed in another tab while this one shows it
├── ModelError             a model cannot be found, read or saved
│   └── PromptRefusedError the model's template or tokenizer does not accept this one prompt
├── PromptFileError        a prompt file cannot be read (rows that are merely broken are reported, not raised)
├── PromptError            a prompt cannot be edited, retired or put back
├── ScorerError            a scorer is unknown or returned something that is not a score
├── TargetError            a target does not fit the stored scores
├── StageError             a stage cannot start yet; says what is missing
├── JobError               a job failed or its spool is damaged
├── StoreError             the database refused; says what was being written
│   └── RefusedRowsError   a value among the rows is impossible, such as a log-probability that is not a number
├── AccessError            somebody may not do this, cannot come in, or has chosen a name that nobody can have
├── GuideError             a guide cannot be saved as it is written, or has no such version
├── QuestionError          a question or an answer to one is not valid, or there is no such question
├── ReplicateError         a procedure cannot be run again, or its results file is damaged
├── WorkspaceError         a workspace has no such project, cannot be read, or a name cannot be one of its projects
├── BackupError            a backup cannot be written, or is damaged
├── ExportError            an export was asked for that makes no sense, does not exist, or cannot be written
└── OutOfSpaceError        the disk is full; nothing already saved is touched
"""

from __future__ import annotations


class RsfError(Exception):
    """Base of all errors that are meant to be read by a person."""


class SettingsError(RsfError):
    pass


class NotAProjectError(RsfError):
    pass


class ProjectLockedError(RsfError):
    pass


class ProjectClosedError(RsfError):
    pass


class ModelError(RsfError):
    pass


class PromptRefusedError(ModelError):
    pass


class PromptFileError(RsfError):
    pass


class PromptError(RsfError):
    pass


class ScorerError(RsfError):
    pass


class TargetError(RsfError):
    pass


class StageError(RsfError):
    pass


class JobError(RsfError):
    pass


class StoreError(RsfError):
    pass


class RefusedRowsError(StoreError):
    pass


class AccessError(RsfError):
    pass


class GuideError(RsfError):
    pass


class QuestionError(RsfError):
    pass


class ReplicateError(RsfError):
    pass


class WorkspaceError(RsfError):
    pass


class BackupError(RsfError):
    pass


class ExportError(RsfError):
    pass


class OutOfSpaceError(RsfError):
    pass
