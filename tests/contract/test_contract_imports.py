"""Each import contract holds, and each can fail: an import is planted in a copy of the tree and must be found."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("core", "inference", "viewer", "plugins", "resources")

PLANTED = {
    "layers": (
        "core/overread/core/planted.py",
        "import overread.viewer.tasks\n",
        "viewer over inference over plugins over core",
    ),
    "engine": (
        "viewer/overread/viewer/planted.py",
        "import overread.inference.engine.planted_target\n",
        "the viewer knows protocol, client and cards",
    ),
    "qt": ("core/overread/core/planted.py", "import PySide6\n", "Qt and VTK stay in the viewer"),
    "vtk": ("inference/overread/inference/planted.py", "import vtkmodules\n", "Qt and VTK stay in the viewer"),
    "torch": (
        "viewer/overread/viewer/planted.py",
        "def late() -> None:\n    import torch\n",
        "torch stays in the engine",
    ),
    "inside": (
        "viewer/overread/viewer/state/planted.py",
        "import overread.viewer.presenters.study\n",
        "widgets over tools over presenters over state",
    ),
    "render": (
        "viewer/overread/viewer/render/planted.py",
        "import overread.viewer.canvas.area\n",
        "render knows no widgets",
    ),
    "plugin-layer": (
        "plugins/overread/plugins/planted.py",
        "import overread.inference.protocol\n",
        "viewer over inference over plugins over core",
    ),
    "plugin-qt": (
        "plugins/overread/plugins/bundled/change/planted.py",
        "import PySide6\n",
        "Qt and VTK stay in the viewer",
    ),
    "plugin-door": (
        "plugins/overread/plugins/bundled/change/planted.py",
        "import overread.plugins.host\n",
        "a plugin imports the api and core only",
    ),
    "plugins-apart": (
        "plugins/overread/plugins/bundled/change/planted.py",
        "import overread.plugins.bundled.finding_sentence.plugin\n",
        "plugins know nothing of one another",
    ),
    "plugin-by-name": (
        "viewer/overread/viewer/planted.py",
        "import overread.plugins.bundled.change.plugin\n",
        "nothing imports a plugin by name",
    ),
}


def lint(root: Path) -> subprocess.CompletedProcess[str]:
    script = Path(sys.executable).with_name("lint-imports")
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(str(root / room) for room in ROOMS))
    return subprocess.run(
        [str(script), "--no-cache"],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("tree")
    for room in ROOMS:
        shutil.copytree(ROOT / room, root / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", root)
    target = root / "inference/overread/inference/engine/planted_target.py"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("")
    return root


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_import_breaks_its_contract(copied: Path, name: str) -> None:
    place, code, contract = PLANTED[name]
    file = copied / place
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(code)
    try:
        result = lint(copied)
    finally:
        file.unlink()
    broken = [line for line in result.stdout.splitlines() if "BROKEN" in line]
    assert result.returncode == 1, result.stdout + result.stderr
    assert any(contract in line for line in broken), result.stdout


def test_the_viewer_module_of_a_plugin_may_draw(copied: Path) -> None:
    file = copied / "plugins/overread/plugins/bundled/change/viewer.py"
    file.write_text("import PySide6\n")
    try:
        result = lint(copied)
    finally:
        file.unlink()
    assert result.returncode == 0, result.stdout


def modules_after(statement: str) -> set[str]:
    code = f"{statement}\nimport sys\nprint('\\n'.join(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    return set(result.stdout.split())


def test_the_window_does_not_load_torch() -> None:
    loaded = modules_after("import overread.viewer.app")
    assert "PySide6.QtWidgets" in loaded
    assert "torch" not in loaded


def test_the_engine_does_not_load_qt() -> None:
    loaded = modules_after("import overread.inference.engine.server, overread.inference.engine.worker")
    assert "overread.inference.engine.worker" in loaded
    assert not [module for module in loaded if module.startswith(("PySide6", "vtkmodules", "overread.viewer"))]


def test_plugins_that_run_without_a_window_do_not_load_qt() -> None:
    start = "from pathlib import Path; from overread.plugins.host import Host; "
    loaded = modules_after(start + "Host(Path('none'), frozenset(), print).start(window=False)")
    assert "overread.plugins.bundled.change.plugin" in loaded
    assert not [module for module in loaded if module.startswith(("PySide6", "vtkmodules", "torch"))]


@pytest.mark.parametrize("name", ["scan", "export", "plugins"])
def test_commands_without_a_window_do_not_load_qt(name: str) -> None:
    loaded = modules_after(f"from overread.viewer.cli.main import load; load({name!r})")
    assert f"overread.viewer.cli.{name}" in loaded
    assert not [module for module in loaded if module.startswith(("PySide6", "vtkmodules", "torch"))]


def test_render_and_presenters_import_no_widgets() -> None:
    # import-linter takes an outside package only whole, so Qt's widgets are looked for here.
    found = []
    for folder in ("render", "presenters", "state", "tools"):
        for path in (ROOT / "viewer/overread/viewer" / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                found += [f"{path.name}: {name}" for name in names if name == "PySide6.QtWidgets"]
                toolkit = folder in ("presenters", "state")
                found += [f"{path.name}: {name}" for name in names if toolkit and name.startswith("PySide6")]
    assert not found
