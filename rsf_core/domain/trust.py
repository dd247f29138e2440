"""Whether code of a project may run here: a person on this machine allows it for one project folder.

The permission is stored outside the project, in the user's configuration, and must match a token in the project's folder. So
a project that was received, copied or put in the place of another is not trusted, and its code does not run.
"""

from __future__ import annotations

import hmac
import os
import secrets
from pathlib import Path

import platformdirs

from rsf_core.domain.errors import ScorerError
from rsf_core.domain.files import read_json, writable, write_json, write_whole

TOKEN = ".trust"
_NAME = "trusted_projects.json"


def is_trusted(folder: Path) -> bool:
    """Whether this user has allowed code of the project in `folder` to run here."""
    try:
        token = (folder / TOKEN).read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return False
    digest = _known().get(os.path.realpath(folder))
    return bool(token) and isinstance(digest, str) and hmac.compare_digest(digest.encode(), token.encode())


def check(folder: Path) -> None:
    """Raises ScorerError if code of the project may not run here."""
    if not is_trusted(folder):
        raise ScorerError(
            f"code of the project {folder} may not run here: nobody has allowed it on this machine. Read its scorers "
            f"in {folder / 'scorers'}, then say `rsf trust {folder}`, or allow it on the Scorers page"
        )


def trust(folder: Path) -> None:
    """Allow its code to run here, in jobs, with the rights of the user who runs this app."""
    token = secrets.token_hex(16)
    with writable(folder):
        write_whole(folder / TOKEN, lambda path: path.write_text(token, encoding="utf-8"))
    _write(_known() | {os.path.realpath(folder): token})


def distrust(folder: Path) -> None:
    """Withdraw the permission."""
    path = os.path.realpath(folder)
    _write({name: token for name, token in _known().items() if name != path})


def config() -> Path:
    """The folder with this user's permissions on this machine, for all projects."""
    return Path(os.environ.get("RSF_CONFIG") or platformdirs.user_config_dir("rsf-studio"))


def _known() -> dict[str, object]:
    """The tokens by real path; empty if the file is damaged, so that the person is asked again."""
    try:
        trusted = read_json(config() / _NAME)
    except (OSError, ValueError, RecursionError):
        return {}
    return trusted if isinstance(trusted, dict) else {}


def _write(known: dict[str, object]) -> None:
    folder = config()
    with writable(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_json(folder / _NAME, known)
