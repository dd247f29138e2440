"""Whether a setting names a model that there can be, as far as this machine can tell without a job and without the network: an
id of the Hugging Face hub is looked up only when something is computed."""

from __future__ import annotations

import re
from collections.abc import Collection

from rsf_core.acceptance.target import BASE, PROPOSAL
from rsf_core.domain import settings_file
from rsf_core.domain.errors import ModelError, SettingsError
from rsf_core.models import library

REFERENCE = "target.reference"
_TUNED = re.compile(r"m\d+-\d+(-\w+)?")  # how the models that a project has tuned are called
KINDS = f"the embedded {library.DEFAULT_MODEL}, the folder of a model, or an id of the Hugging Face hub"


def check_model(key: str, name: str) -> None:
    """Raises SettingsError, which names the setting `key`, unless `name` is the embedded model, a folder with a model, or
    could be an id of the hub."""
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils._validators import validate_repo_id

    try:
        if library.folder_of(name) is None:
            validate_repo_id(name)
    except ModelError as error:
        raise SettingsError(f"{key}: {error}") from error
    except HFValidationError as error:
        raise SettingsError(f"{key}: {name[:80]!r} names no model: give {KINDS}") from error


def check_reference(name: str, tuned: Collection[str], deleted: Collection[str]) -> None:
    """The same for target.reference, which may also be `base`, `proposal` or the id of a model in `tuned` whose files are not
    `deleted`."""
    key, ids = REFERENCE, [BASE, PROPOSAL, *(one for one in tuned if one != BASE and one not in deleted)]
    if name in ids:
        return
    if name in deleted:
        raise SettingsError(f"{key}: the files of {name} were deleted, so nothing can be scored by it: give {_or(ids)}")
    if name.lower() in (BASE, PROPOSAL):
        raise SettingsError(f"{key}: {name!r} is written {name.lower()!r}")
    if _TUNED.fullmatch(name) and library.folder_of(name) is None:
        raise SettingsError(
            f"{key}: this project has no model {name}: give {_or(ids)}, or another model by its folder or id"
        )
    check_model(key, name)


def kept(key: str, name: str) -> str:
    """`name` as the setting `key` keeps it: the absolute path of a folder of a model, since jobs and the app may start in
    another one; any other value as it is."""
    return settings_file.model_name(name) if key == "model" else reference_name(name) if key == REFERENCE else name


def reference_name(name: str) -> str:
    """The same for target.reference. What names a model of the project never means a folder."""
    is_own = name in (BASE, PROPOSAL) or _TUNED.fullmatch(name)
    return name if is_own else settings_file.model_name(name)


def _or(ids: list[str]) -> str:
    return f"{', '.join(ids[:-1])} or {ids[-1]}"
