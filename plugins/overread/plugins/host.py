"""Finds plugins, loads those that may run, calls them, and switches off the one that raises.

Shipped plugins come through the same door as anybody's. There is no sandbox: a plugin that runs can do what the
program can do. So trust is shown, and what did not come with the program runs only where the administrator's
settings file names it.
"""

from __future__ import annotations

import importlib
import logging
import sys
import tomllib
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from importlib import metadata, resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import ParamSpec, TypeVar

import msgspec

from overread.core.text import Language, Sentence, sentence
from overread.plugins.api import Comparison, FindingSubject, Pair, Plugin, Texts
from overread.plugins.manifest import FILE, BadManifestError, Manifest, read_manifest

BUNDLED = "overread.plugins.bundled"
GROUP = "overread.plugins"
"""Entry points of this group name a package that holds a manifest."""
USER_PACKAGE = "overread_user_plugin"
TEXTS = "texts.toml"
_LOG = logging.getLogger(__name__)
P = ParamSpec("P")
T = TypeVar("T")


class Trust(StrEnum):
    """Where a plugin comes from."""

    BUNDLED = "bundled"
    APPROVED = "approved"
    UNKNOWN = "unknown"


@dataclass(slots=True)
class Found:
    """A plugin whose manifest was read. ``package`` is what its modules are imported from."""

    manifest: Manifest
    trust: Trust
    folder: Traversable
    package: str
    plugin: Plugin | None = None
    """What it registered; None while it does not run."""

    @property
    def may_run(self) -> bool:
        """True when it came with the program or the site approved it."""
        return self.trust is not Trust.UNKNOWN


@dataclass(frozen=True, slots=True)
class Answer:
    """What one plugin made, and which it was."""

    manifest: Manifest
    comparison: Comparison


@dataclass(slots=True)
class Host:
    """All plugins of this program. ``tell`` says on the message line what went wrong with one.

    ``config`` is the user's configuration folder: plugins lie in ``plugins/<folder>``, own copies of their data
    files in ``plugin-files/<id>/<file>``. ``approved`` are the ids that the administrator's file names.
    """

    config: Path
    approved: frozenset[str]
    tell: Callable[[Sentence], None]
    found: list[Found] = field(default_factory=list)
    problems: list[Sentence] = field(default_factory=list)

    def discover(self) -> None:
        """Read every manifest, bundled ones first. No code of a plugin runs."""
        self.found, self.problems = [], []
        for folder, package, bundled in self._folders():
            try:
                manifest = read_manifest(folder)
            except BadManifestError as error:
                self.problems.append(error.sentence)
                continue
            if any(one.manifest.id == manifest.id for one in self.found):
                self.problems.append(sentence("plugin.same-id", id=manifest.id, folder=folder.name))
                continue
            approved = Trust.APPROVED if manifest.id in self.approved else Trust.UNKNOWN
            self.found.append(Found(manifest, Trust.BUNDLED if bundled else approved, folder, package))

    def _folders(self) -> Iterator[tuple[Traversable, str, bool]]:
        bundled = resources.files(BUNDLED)
        for folder in sorted(bundled.iterdir(), key=lambda one: one.name):
            if (folder / FILE).is_file():
                yield folder, f"{BUNDLED}.{folder.name}", True
        own = self.config / "plugins"
        if own.is_dir():
            for place in sorted(own.iterdir()):
                if (place / FILE).is_file():
                    yield place, f"{USER_PACKAGE}_{sha256(str(place).encode()).hexdigest()[:16]}", False
        for entry in sorted(metadata.entry_points(group=GROUP), key=lambda one: one.name):
            for file in (entry.dist.files or ()) if entry.dist is not None else ():
                if file.name == FILE and file.parent.parts == tuple(entry.value.split(".")):
                    yield Path(str(file.locate())).parent, entry.value, False

    def start(self, *, window: bool) -> None:
        """Discover, then load and register everything that may run; ``window`` loads the parts that draw too."""
        self.discover()
        for problem in self.problems:
            self.tell(problem)
        for one in self.found:
            if one.may_run:
                self._load(one, window)
            else:
                self.tell(sentence("plugin.not-approved", id=one.manifest.id))

    def _load(self, one: Found, window: bool) -> None:
        manifest = one.manifest
        parts = [manifest.core] + ([manifest.viewer] if window and manifest.viewer is not None else [])
        try:
            if one.package.startswith(USER_PACKAGE):
                _make_package(one.package, Path(str(one.folder)))
            plugin = Plugin(
                manifest.id,
                frozenset(manifest.kinds),
                Texts(_texts(one.folder)),
                lambda name: self._files(one, name),
                self.tell,
            )
            for part in parts:
                importlib.import_module(f"{one.package}.{part}").register(plugin)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a stranger's code may raise anything
            self._switch_off(one, error)
        else:
            one.plugin = plugin

    def _files(self, one: Found, name: str) -> tuple[str, str | None]:
        own = self.config / "plugin-files" / one.manifest.id / name
        try:
            copy = own.read_text(encoding="utf-8")
        except FileNotFoundError:
            copy = None
        except (OSError, UnicodeDecodeError) as error:
            self.tell(sentence("plugin.own-file", id=one.manifest.id, file=name, why=type(error).__name__))
            copy = None
        return (one.folder / name).read_text(encoding="utf-8"), copy

    def _switch_off(self, one: Found, error: BaseException) -> None:
        one.plugin = None
        _LOG.error("plugin %s switched off", one.manifest.id, exc_info=error)
        self.tell(sentence("plugin.switched-off", id=one.manifest.id, error=type(error).__name__))

    def finding_text(self, subject: FindingSubject, language: Language) -> str | None:
        """The text of a finding, from the first plugin that makes one; None when none does."""
        for one in self.found:
            for make in one.plugin.finding_texts if one.plugin is not None else ():
                text = self._call(one, str, make, subject, language)
                if text:
                    return text
        return None

    def compare(self, pair: Pair) -> tuple[Answer, ...]:
        """What every comparison says of a finding and its prior."""
        answers = []
        for one in self.found:
            for compare in one.plugin.comparisons if one.plugin is not None else ():
                found = self._call(one, Comparison, compare, pair)
                if found is not None:
                    answers.append(Answer(one.manifest, found))
        return tuple(answers)

    def _call(self, one: Found, kind: type[T], call: Callable[P, T], *given: P.args, **named: P.kwargs) -> T | None:
        """The answer of a plugin; one that raises, or answers something else, is switched off."""
        try:
            answer = call(*given, **named)
            if not isinstance(answer, kind):
                raise TypeError(f"the answer is no {kind.__name__}")
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a stranger's code may raise anything
            self._switch_off(one, error)
            return None
        return answer


def _make_package(name: str, folder: Path) -> None:
    """A package whose modules are the files of a folder, so that a plugin can import its own modules."""
    package = types.ModuleType(name)
    package.__path__ = [str(folder)]
    sys.modules[name] = package


def _texts(folder: Traversable) -> dict[str, dict[str, str]]:
    """The texts of a plugin; a plugin need not have any. Raises ValueError when the file is wrong."""
    file = folder / TEXTS
    if not file.is_file():
        return {}
    return msgspec.convert(tomllib.loads(file.read_text(encoding="utf-8")), dict[str, dict[str, str]])
