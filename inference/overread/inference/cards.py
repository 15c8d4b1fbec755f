"""Model cards: what a model is for, what it needs and gives, what was measured; and whether it suits a series.

A card is a TOML file in ``overread.resources/models``. Its schema is the classes below: unknown keys and wrong
types are refused by name. The card is held against a series before a job starts.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from overread.core.dicom.verdict import QUIET_CODES
from overread.core.errors import Exit, NotReadableError, OverreadError
from overread.core.geometry import Geometry
from overread.core.series import Permission, Series, VerdictKind
from overread.core.text import Sentence, millimetres, sentence, table

SCHEMA = 1
Positive = Annotated[float, Meta(gt=0)]
TextId = Annotated[str, Meta(min_length=1)]
Name = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9.-]{0,63}\Z")]


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of the tables of a card."""


class Needs(_Part, frozen=True):
    """What a series must be. Spacing is (in plane, in plane, between slices), whichever axis runs where."""

    modality: list[str]
    unit: str
    in_plane_mm: tuple[Positive, Positive]
    slice_step_mm: tuple[Positive, Positive]
    slice_step_warn_mm: Positive
    min_extent_mm: Positive
    min_slices: Annotated[int, Meta(ge=1)]
    body_part: list[str] = []
    """Body Part Examined is wrong in about 15 of 100 images (Gueld 2002, SPIE 4685): another one only warns."""
    refuse_image_type: list[str] = []
    warn_image_type: list[str] = []
    permission: Literal["models"] = "models"


class Gives(_Part, frozen=True):
    """What comes out. ``kinds`` are text ids; ``heatmap`` is the text id of its name, empty when there is none."""

    label: TextId
    kinds: list[TextId]
    heatmap: str = ""


class ScoreWord(_Part, frozen=True):
    """From this score on the list says this word (a text id)."""

    at: float
    word: TextId


class Score(_Part, frozen=True):
    """How a score is to be read: its name, whether it is a probability, the cut of the list, and its words."""

    name: TextId
    probability: bool
    cut: float
    list_from: float
    words: list[ScoreWord]


class Measured(_Part, frozen=True):
    """One row of the table of what was measured. Real, inserted and synthetic targets stand in separate rows."""

    targets: Literal["real", "inserted", "synthetic"]
    data: str
    scans: Annotated[int, Meta(ge=1)]
    n: Annotated[int, Meta(ge=0)]
    measure: str
    value: float
    low: float | None = None
    high: float | None = None
    note: str = ""


class _File(_Part, frozen=True):
    """The whole file."""

    schema: Literal[1]
    name: Name
    version: str
    title: TextId
    purpose: TextId
    limits: list[TextId]
    licence: str
    parameters: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]+\.toml\Z")]
    trained_on: TextId
    needs: Needs
    gives: Gives
    score: Score
    measured: list[Measured] = []


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What a model is for, what it needs and gives, what was measured, under which licence.

    ``digest`` is the SHA-256 of everything that decides what the model answers and how that is meant: the card
    without its table of measurements, and the parameter file byte by byte. ``parameters`` is that file, parsed.
    Texts are ids of the translation table.
    """

    name: str
    version: str
    digest: str
    title: str
    purpose: str
    limits: tuple[str, ...]
    licence: str
    trained_on: str
    needs: Needs
    gives: Gives
    score: Score
    measured: tuple[Measured, ...]
    parameters: MappingProxyType[str, Any]

    def word(self, score: float) -> str:
        """The text id of the word for a score: the last bin that begins at or below it."""
        found = self.score.words[0].word
        for one in self.score.words:
            if score >= one.at:
                found = one.word
        return found


class BadCardError(NotReadableError):
    """A card that does not keep to the schema; the sentence names the key."""


class UnknownModelError(OverreadError):
    """There is no card of that name."""

    exit_code = Exit.WRONG_USE


class Fit(StrEnum):
    """How a card suits a series."""

    FITS = "fits"
    WARNINGS = "warnings"
    NO = "no"


@dataclass(frozen=True, slots=True)
class Suitability:
    """The answer of ``suits``. With NO the reasons say what is needed and what this is; warnings stay on findings."""

    kind: Fit
    reasons: tuple[Sentence, ...] = ()


@dataclass(frozen=True, slots=True)
class Installed:
    """The cards of a folder by name, and the files that are no card, each with what is wrong with it."""

    cards: Mapping[str, ModelCard]
    damaged: Mapping[str, BadCardError]


@cache
def installed() -> Installed:
    """What comes with the program."""
    return read_folder(resources.files("overread.resources") / "models")


def shipped() -> Mapping[str, ModelCard]:
    """The cards that come with the program, by name, without those that are damaged."""
    return installed().cards


def card(name: str) -> ModelCard:
    """The shipped card of that name. Raises UnknownModelError, BadCardError."""
    found = installed()
    if name in found.cards:
        return found.cards[name]
    if f"{name}.toml" in found.damaged:
        raise found.damaged[f"{name}.toml"]
    raise UnknownModelError(sentence("engine.no-model", name=name, known=", ".join(sorted(found.cards))))


def read_folder(folder: Traversable) -> Installed:
    """All cards of a folder; a damaged one takes none of the others along."""
    cards: dict[str, ModelCard] = {}
    damaged: dict[str, BadCardError] = {}
    try:
        files = sorted((one for one in folder.iterdir() if one.name.endswith(".toml")), key=lambda one: one.name)
    except OSError as error:
        files, why = [], error.strerror or type(error).__name__
        damaged[folder.name] = BadCardError(sentence("engine.bad-card", file=folder.name, why=why))
    for file in files:
        try:
            read = read_card(file, folder / "parameters")
        except BadCardError as error:
            damaged[file.name] = error
        else:
            cards[read.name] = read
    return Installed(MappingProxyType(cards), MappingProxyType(damaged))


def read_card(file: Traversable, parameter_folder: Traversable) -> ModelCard:
    """One card and its parameter file. Raises BadCardError, naming the file and the key that is wrong."""
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
        parsed = msgspec.convert(raw, _File)
        parameter_bytes = (parameter_folder / parsed.parameters).read_bytes()
        parameters = tomllib.loads(parameter_bytes.decode("utf-8"))
    except (OSError, ValueError) as error:
        # ValueError: TOML syntax, bytes that are no UTF-8, and msgspec's ValidationError, which names the key.
        why = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) else str(error)
        raise BadCardError(sentence("engine.bad-card", file=file.name, why=why)) from error
    _check(parsed, file.name)
    return ModelCard(
        name=parsed.name,
        version=parsed.version,
        digest=digest(raw, parameter_bytes),
        title=parsed.title,
        purpose=parsed.purpose,
        limits=tuple(parsed.limits),
        licence=parsed.licence,
        trained_on=parsed.trained_on,
        needs=parsed.needs,
        gives=parsed.gives,
        score=parsed.score,
        measured=tuple(parsed.measured),
        parameters=MappingProxyType(parameters),
    )


def digest(raw: dict[str, Any], parameter_bytes: bytes) -> str:
    """SHA-256, hex, of the card's JSON with sorted keys and without ``measured``, a zero byte, the parameters."""
    judged = {key: value for key, value in raw.items() if key != "measured"}
    return hashlib.sha256(msgspec.json.encode(judged, order="sorted") + b"\0" + parameter_bytes).hexdigest()


def _check(parsed: _File, file: str) -> None:
    """What the types do not say: every text id exists, bins rise, ranges run upwards."""
    ids = [parsed.title, parsed.purpose, parsed.trained_on, parsed.score.name, parsed.gives.label]
    ids += [*parsed.limits, *parsed.gives.kinds, *(one.word for one in parsed.score.words)]
    ids += [parsed.gives.heatmap] if parsed.gives.heatmap else []
    wrong = [f"unknown text id `{text_id}`" for text_id in ids if text_id not in table()]
    starts = [one.at for one in parsed.score.words]
    if not starts or starts != sorted(set(starts)):
        wrong.append("`score.words` must rise")
    for key in ("in_plane_mm", "slice_step_mm"):
        low, high = getattr(parsed.needs, key)
        if low > high:
            wrong.append(f"`needs.{key}` must rise")
    if wrong:
        raise BadCardError(sentence("engine.bad-card", file=file, why="; ".join(wrong)))


def suits(card: ModelCard, series: Series) -> Suitability:
    """Hold a card against a series, from its header and verdict alone, before anything is computed.

    Geometry from positions is trusted, names of body parts are not (they warn). Slice step is the distance of
    planes, never Slice Thickness.
    """
    needs = card.needs
    refused: list[Sentence] = []
    if series.modality not in needs.modality:
        wanted = ", ".join(needs.modality)
        refused.append(sentence("engine.suit.modality", wanted=wanted, found=series.modality or "?"))
    if Permission.MODELS not in series.verdict.may or series.geometry is None:
        refused.append(sentence("engine.suit.verdict"))
        refused += [reason.sentence for reason in series.verdict.reasons if reason.code not in QUIET_CODES]
    else:
        refused += _grid_refusals(needs, series.geometry)
    types = _image_types(series)
    refused += [sentence("engine.suit.image-type", type=one) for one in needs.refuse_image_type if one in types]
    if refused:
        return Suitability(Fit.NO, tuple(refused))
    warnings = _warnings(needs, series, types)
    return Suitability(Fit.WARNINGS if warnings else Fit.FITS, tuple(warnings))


def _grid_refusals(needs: Needs, geometry: Geometry) -> list[Sentence]:
    refused = []
    along_i, along_j, step = geometry.spacing_ijk_mm
    low, high = needs.in_plane_mm
    for spacing in sorted({along_i, along_j}):
        if not low <= spacing <= high:
            values = {"low": f"{low:g}", "high": f"{high:g}", "found": f"{spacing:.2f}"}
            refused.append(sentence("engine.suit.in-plane", **values))
    low, high = needs.slice_step_mm
    if not low <= step <= high:
        refused.append(sentence("engine.suit.slice-step", low=f"{low:g}", high=f"{high:g}", found=f"{step:.2f}"))
    slices = geometry.shape_kji[0]
    if slices < needs.min_slices:
        refused.append(sentence("engine.suit.slices", wanted=needs.min_slices, n=slices))
    pairs = zip(geometry.spacing_ijk_mm, geometry.shape_ijk, strict=True)
    smallest = min(spacing * count for spacing, count in pairs)
    if smallest < needs.min_extent_mm:
        wanted, found = f"{needs.min_extent_mm:g}", millimetres(smallest)
        refused.append(sentence("engine.suit.extent", wanted=wanted, found=found))
    return refused


def _warnings(needs: Needs, series: Series, types: frozenset[str]) -> list[Sentence]:
    warnings = []
    if series.verdict.kind is VerdictKind.WARN:
        warnings += [reason.sentence for reason in series.verdict.reasons if reason.code not in QUIET_CODES]
    step = series.geometry.spacing_ijk_mm[2] if series.geometry else 0.0
    if step > needs.slice_step_warn_mm:
        limit = f"{needs.slice_step_warn_mm:g}"
        warnings.append(sentence("engine.suit.thick", limit=limit, found=f"{step:.2f}"))
    part = series.body_part.upper()
    if part and needs.body_part and part not in needs.body_part:
        warnings.append(sentence("engine.suit.body-part", wanted=", ".join(needs.body_part), found=part))
    warnings += [sentence("engine.suit.image-type-warn", type=one) for one in needs.warn_image_type if one in types]
    return warnings


def _image_types(series: Series) -> frozenset[str]:
    return frozenset(value.upper() for one in series.instances for value in one.image_type)
