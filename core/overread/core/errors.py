"""Errors that a person is told about: one sentence each, with the exit code the command line gives."""

from __future__ import annotations

from enum import IntEnum

from overread.core.text import Sentence


class Exit(IntEnum):
    """Exit codes of every command."""

    DONE = 0
    DONE_WITH_OMISSIONS = 1
    WRONG_USE = 2
    NOT_READABLE = 3
    DOES_NOT_FIT = 4
    ENGINE_FAILED = 5
    NOT_WRITTEN = 6
    INTERRUPTED = 130


class OverreadError(Exception):
    """Something that a person must be told: ``sentence`` says what happened and what to do.

    ``str(error)`` is the English sentence; the window says it in the reader's language.
    """

    exit_code = Exit.NOT_READABLE

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence)
        self.sentence = sentence

    def __str__(self) -> str:
        return self.sentence.say("en")


class NotReadableError(OverreadError):
    """A file or folder that cannot be read, or in which nothing was found."""


class WrongUseError(OverreadError):
    """A command was given something that it does not take."""

    exit_code = Exit.WRONG_USE


class DoesNotFitError(OverreadError):
    """A model's card does not allow this series."""

    exit_code = Exit.DOES_NOT_FIT


class EngineError(OverreadError):
    """The engine could not start, failed, or was killed."""

    exit_code = Exit.ENGINE_FAILED


class NotWrittenError(OverreadError):
    """Something could not be written; nothing half-written stays behind."""

    exit_code = Exit.NOT_WRITTEN
