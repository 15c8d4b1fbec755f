"""The program with the models ``many`` and ``waits`` of ``asking_kit`` in place of the shipped ones."""

from __future__ import annotations

import sys
from functools import partial
from types import MappingProxyType

import pytest

import asking_kit
from overread.inference.cards import Installed
from overread.inference.client import EngineClient
from overread.viewer import asking
from overread.viewer.cli.main import main

if __name__ == "__main__":
    cards = MappingProxyType({name: asking_kit.CARDS[name] for name in ("many", "waits")})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asking, "EngineClient", partial(EngineClient, serve=asking_kit.serve))
        patch.setattr(asking, "installed", lambda: Installed(cards, {}))
        code = main(sys.argv[1:])
    sys.exit(code)
