"""Where the program keeps things on this computer (platformdirs); tests and administrators may move them all."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

HOME_VARIABLE = "OVERREAD_HOME"
"""When set, everything lies below this one folder: for tests, portable installs and shared machines."""


@dataclass(frozen=True, slots=True)
class Paths:
    """Folders of the program; none is created before something is written to it."""

    config: Path
    data: Path
    cache: Path
    log: Path
    results: Path

    @property
    def settings(self) -> Path:
        """The user's settings file."""
        return self.config / "settings.toml"

    @property
    def journal(self) -> Path:
        """The user's journal."""
        return self.data / "journal.sqlite"

    @property
    def inbox(self) -> Path:
        """The default folder that is watched for arrivals."""
        return self.data / "inbox"


def default_paths() -> Paths:
    """The folders of this user on this system, or below ``OVERREAD_HOME`` when that is set."""
    home = os.environ.get(HOME_VARIABLE)
    if home:
        root = Path(home)
        return Paths(root / "config", root / "data", root / "cache", root / "log", root / "results")
    documents = Path(platformdirs.user_documents_dir())
    return Paths(
        Path(platformdirs.user_config_dir("overread", appauthor=False)),
        Path(platformdirs.user_data_dir("overread", appauthor=False)),
        Path(platformdirs.user_cache_dir("overread", appauthor=False)),
        Path(platformdirs.user_log_dir("overread", appauthor=False)),
        documents / "Overread",
    )


def site_settings() -> Path:
    """The administrator's settings file: what stands in it cannot be changed by a user."""
    return Path(platformdirs.site_config_dir("overread", appauthor=False)) / "settings.toml"
