"""What a plugin says of itself (``overread-plugin.toml``), read without importing any of its code."""

from __future__ import annotations

import tomllib
from importlib.resources.abc import Traversable
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from overread.core.errors import NotReadableError
from overread.core.text import Language, sentence
from overread.plugins.api import API_VERSION, Kind

FILE = "overread-plugin.toml"
MOST_BYTES = 65_536
"""A manifest is a page of text; more is none."""

Words = Annotated[str, Meta(min_length=1, max_length=500)]
ModuleName = Annotated[str, Meta(pattern=r"^[a-z_][a-z0-9_]*\Z")]


class BothLanguages(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A text in both languages."""

    en: Words
    zh: Words

    def say(self, language: Language) -> str:
        """The text in a language."""
        return self.zh if language == "zh" else self.en


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """The whole file.

    ``api`` is the lowest and the highest version of the façade that the plugin knows. ``core`` names the module of
    its folder that runs without a screen; ``viewer``, where there is one, the module that may draw and is loaded in
    the window only.
    """

    schema: Literal[1]
    id: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{1,39}\Z")]
    version: Words
    api: tuple[int, int]
    kinds: Annotated[tuple[Kind, ...], Meta(min_length=1)]
    licence: Words
    name: BothLanguages
    intended_use: BothLanguages
    core: ModuleName
    viewer: ModuleName | None = None


class BadManifestError(NotReadableError):
    """A manifest that does not keep to the schema, or is of a plugin for another version of the program."""


def read_manifest(folder: Traversable) -> Manifest:
    """The manifest of a plugin's folder. Raises BadManifestError; the sentence names the folder and the key."""
    try:
        raw = (folder / FILE).read_bytes()
        if len(raw) > MOST_BYTES:
            raise ValueError(f"more than {MOST_BYTES} bytes")
        manifest = msgspec.convert(tomllib.loads(raw.decode("utf-8")), Manifest)
    except (OSError, ValueError) as error:
        # ValueError: TOML syntax, bytes that are no UTF-8, and msgspec's ValidationError, which names the key.
        why = (error.strerror or "") if isinstance(error, OSError) else str(error)
        raise BadManifestError(sentence("plugin.bad-manifest", folder=folder.name, why=why)) from error
    low, high = manifest.api
    if not low <= API_VERSION <= high:
        raise BadManifestError(sentence("plugin.other-api", id=manifest.id, low=low, high=high, version=API_VERSION))
    return manifest
