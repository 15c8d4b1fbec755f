"""``overread plugins list``: the plugins that are here, what they are for, and whether they may run."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from overread.core.errors import Exit
from overread.core.paths import default_paths, site_settings
from overread.core.settings import load_settings
from overread.core.text import say
from overread.plugins.host import Found, Host
from overread.viewer.cli.terminal import write_json

HELP = "List the plugins: where each comes from, what it is for, and whether it may run. None of their code is run."


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="list")
    listing = actions.add_parser("list", help="all plugins")
    listing.add_argument("--json", action="store_true", help="print one JSON document and nothing else")


def run(arguments: argparse.Namespace) -> int:
    """List. A plugin that had to be left out is named, and the exit code is 1."""
    paths = default_paths()
    approved = load_settings(paths.settings, site_settings()).approved_plugins
    host = Host(paths.config, approved, lambda told: None)
    host.discover()
    if arguments.json:
        problems = [{"en": one.say(), "zh": one.say("zh")} for one in host.problems]
        write_json({"plugins": [_as_json(one) for one in host.found], "problems": problems})
    else:
        sys.stdout.writelines(_as_text(one) for one in host.found)
        sys.stderr.writelines(f"{one}\n" for one in host.problems)
    return Exit.DONE_WITH_OMISSIONS if host.problems else Exit.DONE


def _as_json(one: Found) -> dict[str, Any]:
    manifest = one.manifest
    return {
        "id": manifest.id,
        "version": manifest.version,
        "name": {"en": manifest.name.en, "zh": manifest.name.zh},
        "intended_use": {"en": manifest.intended_use.en, "zh": manifest.intended_use.zh},
        "kinds": list(manifest.kinds),
        "licence": manifest.licence,
        "trust": str(one.trust),
        "may_run": one.may_run,
    }


def _as_text(one: Found) -> str:
    manifest = one.manifest
    trust = say(f"plugin-trust.{one.trust}")
    head = f"{manifest.id} {manifest.version} ({trust}; {manifest.licence}): {manifest.name.en}"
    return f"{head}\n    {manifest.intended_use.en}\n"
