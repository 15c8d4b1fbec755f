"""Plugins: manifests without code, who may run, and what happens to one that fails."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path

import pytest

from finding_kit import finding
from overread.core.text import Sentence
from overread.plugins.api import FindingSubject
from overread.plugins.host import Host, Trust
from overread.plugins.manifest import BadManifestError, read_manifest

MANIFEST = """
schema = 1
id = "{id}"
version = "0.3"
api = [1, 2]
kinds = ["finding-text"]
licence = "MIT"
core = "code"
{more}
[name]
en = "Mine"
zh = "我的"
[intended-use]
en = "Trying."
zh = "试用。"
"""
CODE = """
import sys
from overread.plugins.api import Plugin
from . import words
sys.overread_plugin_ran = True
def register(plugin):
    plugin.add_finding_text(lambda subject, language: words.say(subject))
"""
SUBJECT = FindingSubject(finding("1", 3), 2, 7)


def write(
    folder: Path, plugin_id: str = "mine", more: str = "", says: str = "'number %d' % subject.finding.number"
) -> None:
    folder.mkdir(parents=True)
    (folder / "overread-plugin.toml").write_text(MANIFEST.format(id=plugin_id, more=more), encoding="utf-8")
    (folder / "code.py").write_text(CODE)
    (folder / "words.py").write_text(f"def say(subject):\n    return {says}\n")


class Desk:
    """A host without the shipped plugins' answers in the way."""

    def __init__(self, config: Path, *approved: str) -> None:
        self.told: list[Sentence] = []
        self.host = Host(config, frozenset(approved), self.told.append)

    def start(self, *, window: bool = False) -> Desk:
        self.host.start(window=window)
        self.host.found = [one for one in self.host.found if one.trust is not Trust.BUNDLED]
        return self

    @property
    def said(self) -> list[str]:
        return [one.say() for one in self.told]


def test_the_shipped_plugins_come_through_the_door(tmp_path: Path) -> None:
    host = Host(tmp_path, frozenset(), lambda _told: None)
    host.start(window=True)
    assert [(one.manifest.id, one.trust, one.plugin is not None) for one in host.found] == [
        ("change", Trust.BUNDLED, True),
        ("finding-sentence", Trust.BUNDLED, True),
    ]
    assert host.problems == []


def test_an_unknown_plugin_is_named_and_its_code_stays_unread(tmp_path: Path) -> None:
    write(tmp_path / "plugins" / "mine")
    desk = Desk(tmp_path).start()
    assert [one.trust for one in desk.host.found] == [Trust.UNKNOWN]
    assert desk.said == [
        "The plugin “mine” is not approved by your site and does not run. "
        "An administrator can name it under “plugins” in the site's settings file."
    ]
    assert not hasattr(sys, "overread_plugin_ran")
    assert desk.host.finding_text(SUBJECT, "en") is None


def test_an_approved_plugin_runs_with_its_own_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "overread_plugin_ran", False, raising=False)
    write(tmp_path / "plugins" / "mine")
    desk = Desk(tmp_path, "mine").start()
    assert [one.trust for one in desk.host.found] == [Trust.APPROVED]
    assert desk.host.finding_text(SUBJECT, "en") == "number 3"
    assert desk.said == []


@pytest.mark.parametrize("says", ["1 / 0", "12", "__import__('sys').exit(3)"])
def test_one_that_fails_is_switched_off_with_a_sentence(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, says: str
) -> None:
    monkeypatch.setattr(sys, "overread_plugin_ran", False, raising=False)
    write(tmp_path / "plugins" / "mine", says=says)
    desk = Desk(tmp_path, "mine").start()
    assert desk.host.finding_text(SUBJECT, "en") is None
    assert len(desk.said) == 1
    assert desk.said[0].startswith("The plugin “mine” failed (")
    assert desk.host.finding_text(SUBJECT, "en") is None
    assert len(desk.said) == 1
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    caplog.clear()


def test_one_that_cannot_be_loaded_is_switched_off(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(tmp_path / "plugins" / "mine")
    (tmp_path / "plugins" / "mine" / "code.py").write_text("import no_such_module_at_all\n")
    assert Desk(tmp_path, "mine").start().said == [
        "The plugin “mine” failed (ModuleNotFoundError) and is switched off until the program starts again. "
        "Nothing else has changed."
    ]
    caplog.clear()


def test_a_kind_that_the_manifest_does_not_name_is_refused(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(tmp_path / "plugins" / "mine")
    (tmp_path / "plugins" / "mine" / "code.py").write_text(
        "def register(plugin):\n    plugin.add_comparison(lambda pair: None)\n"
    )
    assert "(ValueError)" in Desk(tmp_path, "mine").start().said[0]
    caplog.clear()


def test_the_part_that_draws_is_loaded_in_the_window_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "overread_plugin_ran", False, raising=False)
    write(tmp_path / "plugins" / "mine", more='viewer = "drawing"')
    (tmp_path / "plugins" / "mine" / "drawing.py").write_text(
        "def register(plugin):\n    plugin.finding_texts.insert(0, lambda subject, language: 'drawn')\n"
    )
    assert Desk(tmp_path, "mine").start().host.finding_text(SUBJECT, "en") == "number 3"
    assert Desk(tmp_path, "mine").start(window=True).host.finding_text(SUBJECT, "en") == "drawn"


def test_no_plugin_takes_the_id_of_another(tmp_path: Path) -> None:
    write(tmp_path / "plugins" / "mine", "change")
    desk = Desk(tmp_path, "change").start()
    assert desk.host.found == []
    assert desk.said == ["The plugin id “change” is taken; the one in the folder “mine” was left out."]


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("schema = 1", "schema = 2", "schema"),
        ('id = "mine"', 'id = "../x"', "id"),
        ('core = "code"', 'core = "a.b"', "core"),
        ('licence = "MIT"', "", "licence"),
        ('licence = "MIT"', 'licence = "MIT"\ncolour = 1', "colour"),
        ('kinds = ["finding-text"]', 'kinds = ["panel"]', "panel"),
        ("api = [1, 2]", "api = [2, 3]", "versions 2 to 3 of the plugin interface; this is 1"),
        ('zh = "我的"', "", "zh"),
        ("schema = 1", "schema =", "line"),
    ],
)
def test_a_wrong_manifest_names_what_is_wrong(tmp_path: Path, old: str, new: str, why: str) -> None:
    write(tmp_path / "mine")
    file = tmp_path / "mine" / "overread-plugin.toml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(BadManifestError) as caught:
        read_manifest(tmp_path / "mine")
    assert why in str(caught.value)


def test_a_plugin_of_an_installed_package_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "overread_plugin_ran", False, raising=False)
    write(tmp_path / "site" / "their_plugin", "theirs")
    info = tmp_path / "site" / "their_plugin-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: their-plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[overread.plugins]\ntheirs = their_plugin\n")
    (info / "RECORD").write_text("their_plugin/overread-plugin.toml,,\ntheir_plugin/code.py,,\n")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    assert metadata.distribution("their-plugin").version == "1.0"
    desk = Desk(tmp_path, "theirs").start()
    assert [(one.manifest.id, one.trust) for one in desk.host.found] == [("theirs", Trust.APPROVED)]
    assert desk.host.finding_text(SUBJECT, "en") == "number 3"
