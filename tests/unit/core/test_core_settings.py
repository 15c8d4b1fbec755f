"""Settings: defaults, what is wrong is named, what an administrator fixed stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from overread.core.errors import NotWrittenError
from overread.core.settings import SCHEMA, load_settings
from overread.core.text import table


def test_defaults_and_writing(tmp_path: Path) -> None:
    settings = load_settings(tmp_path / "s.toml")
    assert (settings.text("language"), settings.number("text-size")) == ("en", 100)
    settings.set("language", "zh")
    settings.set("reader", 'Dr. "A"\n王')
    again = load_settings(tmp_path / "s.toml")
    assert (again.text("language"), again.text("reader")) == ("zh", 'Dr. "A"\n王')
    assert again.complaints == ()


def test_what_is_unknown_or_wrong_is_named_and_left_out(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text('colour = "red"\ntext-size = 500\nlanguage = "zh"\n')
    settings = load_settings(tmp_path / "s.toml")
    assert settings.text("language") == "zh"
    assert settings.number("text-size") == 100
    told = [complaint.say() for complaint in settings.complaints]
    assert "“colour”, which is no setting" in told[0]
    assert "“text-size” a value that it cannot have" in told[1]


def test_a_damaged_file_is_told_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text("language = ")
    settings = load_settings(tmp_path / "s.toml")
    assert settings.text("language") == "en"
    assert "cannot be read" in settings.complaints[0].say()
    assert (tmp_path / "s.toml").read_text() == "language = "


def test_the_administrator_fixes_values(tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text('mouse = "pacs_b"\n')
    (tmp_path / "s.toml").write_text('mouse = "default"\n')
    settings = load_settings(tmp_path / "s.toml", tmp_path / "site.toml")
    assert settings.text("mouse") == "pacs_b"
    with pytest.raises(ValueError, match="mouse"):
        settings.set("mouse", "default")


def test_only_the_administrator_approves_plugins(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text('plugins = "mine"\n')
    settings = load_settings(tmp_path / "s.toml", tmp_path / "none.toml")
    assert settings.approved_plugins == frozenset()
    assert "only the administrator's file may" in settings.complaints[0].say()
    with pytest.raises(ValueError, match="plugins"):
        settings.set("plugins", "mine")
    (tmp_path / "site.toml").write_text('plugins = "mine, theirs"\n')
    (tmp_path / "s.toml").write_text("")
    settings = load_settings(tmp_path / "s.toml", tmp_path / "site.toml")
    assert settings.approved_plugins == {"mine", "theirs"}


def test_an_unwritable_place_is_said(tmp_path: Path) -> None:
    (tmp_path / "blocked").write_text("")
    settings = load_settings(tmp_path / "s.toml")
    settings.path = tmp_path / "blocked" / "s.toml"
    with pytest.raises(NotWrittenError, match="could not be written"):
        settings.set("language", "zh")
    assert settings.text("language") == "zh"


def test_every_setting_and_choice_has_words() -> None:
    for key in SCHEMA:
        assert key.text_id in table()
        for choice in key.choices:
            assert f"settings.{key.name}-{choice}" in table()
