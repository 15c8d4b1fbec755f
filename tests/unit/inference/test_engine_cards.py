"""Model cards: the schema refuses by name, the digest moves with what decides, a card is held against a series."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine_readers import CARD
from overread.core.geometry import Geometry
from overread.core.series import (
    Instance,
    Patient,
    Permission,
    PixelFormat,
    Reason,
    Series,
    Study,
    Verdict,
    VerdictKind,
)
from overread.core.text import sentence
from overread.inference.cards import (
    BadCardError,
    Fit,
    Installed,
    ModelCard,
    UnknownModelError,
    card,
    read_card,
    suits,
)

TEXT = (Path(__file__).resolve().parents[2] / "data" / "card.toml").read_text(encoding="utf-8")


def parse(folder: Path, text: str = TEXT, parameters: str = "step_mm = 1.0\n") -> ModelCard:
    (folder / "lung-nodule.toml").write_text(parameters, encoding="utf-8")
    file = folder / "card.toml"
    file.write_text(text, encoding="utf-8")
    return read_card(file, folder)


def make_series(
    *,
    modality: str = "CT",
    shape_kji: tuple[int, int, int] = (60, 128, 128),
    spacing_ijk_mm: tuple[float, float, float] = (0.7, 0.7, 1.0),
    verdict: Verdict | None = None,
    body_part: str = "CHEST",
    image_type: tuple[str, ...] = ("ORIGINAL", "PRIMARY", "AXIAL"),
) -> Series:
    one = Instance(
        Path("1.dcm"), "1.2.3", "1.2.840.10008.5.1.4.1.1.2", "1.2", PixelFormat(128, 128), image_type=image_type
    )
    return Series(
        uid="1.2.3.4",
        split="",
        patient=Patient(),
        study=Study("1.2"),
        modality=modality,
        number=1,
        description="",
        instances=(one,),
        verdict=verdict or Verdict(VerdictKind.VOLUME, (), frozenset(Permission)),
        geometry=Geometry(shape_kji, np.diag([*spacing_ijk_mm, 1.0])),
        body_part=body_part,
    )


def said(series: Series) -> tuple[Fit, list[str]]:
    answer = suits(CARD, series)
    return answer.kind, [one.say() for one in answer.reasons]


def test_shipped_card_keeps_to_the_schema(tmp_path: Path) -> None:
    model = parse(tmp_path)
    assert (model.name, model.licence, model.score.probability) == ("lung-nodule", "Apache-2.0", False)
    assert model.needs.slice_step_mm == (0.3, 5.0)
    assert model.parameters == {"step_mm": 1.0}


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("schema = 1", "schema = 1\ncolour = 3", "colour"),
        ("min_slices = 12", "min_slices = 12\nmin_slice = 3", "min_slice"),
        ("min_slices = 12", "min_slices = 'many'", "needs.min_slices"),
        ("schema = 1", "schema = 2", "schema"),
        ('licence = "Apache-2.0"', "", "licence"),
        ('"card.lung-nodule.title"', '"card.lung-nodule.tittle"', "card.lung-nodule.tittle"),
        ("in_plane_mm = [0.3, 1.5]", "in_plane_mm = [1.5, 0.3]", "needs.in_plane_mm"),
        ("at = 0.15", "at = 0.5", "score.words"),
        ('parameters = "lung-nodule.toml"', 'parameters = "../x.toml"', "parameters"),
        ("schema = 1", "schema = = 1", "line"),
    ],
)
def test_bad_card_is_refused_by_name(tmp_path: Path, old: str, new: str, named: str) -> None:
    assert old in TEXT
    with pytest.raises(BadCardError, match=r"card\.toml") as caught:
        parse(tmp_path, TEXT.replace(old, new, 1))
    assert named in str(caught.value)


def test_missing_parameter_file_is_told(tmp_path: Path) -> None:
    file = tmp_path / "card.toml"
    file.write_text(TEXT, encoding="utf-8")
    with pytest.raises(BadCardError, match="No such file"):
        read_card(file, tmp_path / "nowhere")


def test_digest_moves_with_parameters_and_needs_but_not_with_measurements(tmp_path: Path) -> None:
    measured = '\n[[measured]]\ntargets = "real"\ndata = "x"\nscans = 1\nn = 1\nmeasure = "Dice"\nvalue = 0.9\n'
    before = parse(tmp_path).digest
    assert len(before) == 64
    assert parse(tmp_path, TEXT + measured).digest == before
    assert parse(tmp_path, TEXT + measured).measured[0].value == 0.9
    assert parse(tmp_path, parameters="step_mm = 1.1\n").digest != before
    assert parse(tmp_path, TEXT.replace("min_slices = 12", "min_slices = 13")).digest != before


@pytest.mark.parametrize(("score", "word"), [(-1.0, "low"), (0.1, "low"), (0.35, "high"), (2.0, "high")])
def test_word_of_a_score(score: float, word: str) -> None:
    assert CARD.word(score) == f"card.word.{word}"


def test_unknown_model_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("overread.inference.cards.installed", lambda: Installed({"ball": CARD}, {}))
    with pytest.raises(UnknownModelError, match=r"There is no model “x”\. There is: ball\."):
        card("x")


def test_fitting_series_is_quiet() -> None:
    assert said(make_series()) == (Fit.FITS, [])
    assert said(make_series(body_part="")) == (Fit.FITS, [])


def test_wrong_modality_does_not_fit() -> None:
    assert said(make_series(modality="MR")) == (Fit.NO, ["The model needs CT; this series is MR."])


def test_verdict_without_permission_does_not_fit_and_says_why() -> None:
    why = Reason("missing-slices", sentence("engine.suit.slices", wanted=9, n=8))
    verdict = Verdict(VerdictKind.WARN, (why,), frozenset({Permission.PLANES}))
    assert said(make_series(verdict=verdict)) == (
        Fit.NO,
        [
            "The geometry of this series does not allow models.",
            "The model needs at least 9 slices; this series has 8.",
        ],
    )


def test_too_thick_and_too_few_slices_do_not_fit() -> None:
    assert said(make_series(spacing_ijk_mm=(0.7, 0.7, 6.0))) == (
        Fit.NO,
        ["The model needs slices 0.3 to 5 mm apart; this series has 6.00 mm."],
    )
    assert said(make_series(shape_kji=(11, 128, 128), spacing_ijk_mm=(0.7, 0.7, 5.0))) == (
        Fit.NO,
        ["The model needs at least 12 slices; this series has 11."],
    )


def test_coarse_pixels_and_a_small_extent_do_not_fit() -> None:
    kind, reasons = said(make_series(spacing_ijk_mm=(2.0, 0.7, 1.0), shape_kji=(30, 128, 128)))
    assert kind is Fit.NO
    assert reasons == [
        "The model needs pixels of 0.3 to 1.5 mm; this series has 2.00 mm.",
        "The model needs at least 40 mm of the body in each direction; this series has 30.0 mm.",
    ]


def test_localizer_does_not_fit() -> None:
    kind, reasons = said(make_series(image_type=("ORIGINAL", "PRIMARY", "LOCALIZER")))
    assert (kind, reasons) == (Fit.NO, ["The series is of the type LOCALIZER: it holds no original slices."])


def test_doubts_only_warn() -> None:
    series = make_series(spacing_ijk_mm=(0.7, 0.7, 4.0), body_part="HEAD", image_type=("DERIVED", "SECONDARY", "MPR"))
    assert said(series) == (
        Fit.WARNINGS,
        [
            "The slices are 4.00 mm apart; above 3 mm the model makes more false marks.",
            "The header names HEAD as the body part; the model is for CHEST.",
            "The series is of the type MPR: it was computed from other images.",
        ],
    )


def test_warning_of_the_verdict_stays_but_a_quiet_code_does_not() -> None:
    tilt = Reason("gantry-tilt", sentence("engine.suit.thick", limit="1", found="2"))
    quiet = Reason("padding", sentence("engine.suit.verdict"))
    verdict = Verdict(VerdictKind.WARN, (quiet, tilt), frozenset(Permission))
    assert suits(CARD, make_series(verdict=verdict)).reasons == (tilt.sentence,)
