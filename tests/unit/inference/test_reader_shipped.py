"""The shipped models: card, parameters and reader belong together."""

from __future__ import annotations

from overread.core.text import say
from overread.inference.cards import card, shipped
from overread.inference.engine.registry import find_reader


def test_lung_nodule_ships_with_its_reader() -> None:
    assert set(shipped()) == {"lung-nodule"}
    found = find_reader("lung-nodule")
    assert found is not None
    reader, model = found
    assert callable(reader)
    assert (model.name, model.version, model.licence) == ("lung-nodule", "0.2.0", "Apache-2.0")
    assert find_reader("ball") is None


def test_the_card_promises_no_probability_and_says_what_is_missed() -> None:
    model = card("lung-nodule")
    assert model.score.probability is False
    assert say(model.score.name) == "blob score"
    assert say(model.gives.heatmap) == "blobness"
    assert (model.score.cut, model.score.list_from) == (0.1, 0.01)
    assert model.parameters["regions"]["list_from"] == model.score.list_from
    limits = " ".join(say(one) for one in model.limits)
    for word in ("no probability", "ground glass at the pleura", "large vessels", "outside the lung mask"):
        assert word in limits
