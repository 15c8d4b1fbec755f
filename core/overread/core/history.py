"""Undo: a cursor over the edits of a reading, rebuilt by replay, so that it survives a restart."""

from __future__ import annotations

from dataclasses import dataclass, field

from overread.core.edits import (
    CannotApplyError,
    Change,
    DeclareOwnRead,
    Edit,
    Propose,
    Redo,
    Save,
    Undo,
    WayBack,
    apply,
    describe,
    take_fact,
)
from overread.core.reading import Reading
from overread.core.text import Sentence

MOST_STEPS = 200
"""Steps that can be taken back. Older ones stay in the journal; at least 20 are promised."""


@dataclass(frozen=True, slots=True)
class Step:
    """One edit that can be taken back or done again."""

    entry_uid: str
    edit: Change
    back: WayBack
    words: Sentence


@dataclass(slots=True)
class History:
    """A reading and the steps that led to it. ``take`` is the only way in."""

    reading: Reading
    done: list[Step] = field(default_factory=list)
    undone: list[Step] = field(default_factory=list)

    def take(self, entry_uid: str, edit: Edit) -> Reading:
        """Apply one entry of the journal; the new reading. Raises CannotApplyError and then changes nothing."""
        if isinstance(edit, Undo):
            step = self._expected(self.done, edit.entry_uid)
            self.reading = step.back(self.reading)
            self.undone.append(self.done.pop())
        elif isinstance(edit, Redo):
            step = self._expected(self.undone, edit.entry_uid)
            self.reading, _back = apply(self.reading, step.edit)
            self.done.append(self.undone.pop())
        elif isinstance(edit, Propose | DeclareOwnRead | Save):
            self.reading = take_fact(self.reading, edit)
        else:
            words = describe(edit, self.reading)
            self.reading, back = apply(self.reading, edit)
            self.done.append(Step(entry_uid, edit, back, words))
            del self.done[:-MOST_STEPS]
            self.undone.clear()
        return self.reading

    @staticmethod
    def _expected(steps: list[Step], entry_uid: str) -> Step:
        if not steps or steps[-1].entry_uid != entry_uid:
            raise CannotApplyError("this is not the newest step")
        return steps[-1]
