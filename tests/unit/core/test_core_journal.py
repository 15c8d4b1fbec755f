"""The journal keeps every edit: through a kill, a full disk, a newer version, a changed past."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from overread.core.edits import Measure, RemoveMeasure
from overread.core.errors import NotReadableError, NotWrittenError
from overread.core.finding import Measurement
from overread.core.journal import SCHEMA_VERSION, Entry, Journal


def measurement(uid: str, value: float = 12.5) -> Measurement:
    return Measurement(
        uid=uid, kind="length", points_lps_mm=((0, 0, 0), (value, 0, 0)), value=value, unit="mm", series_uid="1.2",
        plane="axial", slice_index=3, image_number=4,
    )  # fmt: skip


def entry(number: int, study: str = "1.9") -> Entry:
    return Entry(
        f"2.25.{number}", study, "2026-01-02T03:04:05.678+00:00", "reader", Measure(measurement(f"m{number}"))
    )


def test_entries_come_back_in_order_and_by_study(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.sqlite")
    for number in range(3):
        journal.append(entry(number))
    journal.append(entry(9, "1.8"))
    journal.close()
    again = Journal(tmp_path / "j.sqlite")
    assert [one.uid for one in again.entries("1.9")] == ["2.25.0", "2.25.1", "2.25.2"]
    assert again.entries("1.9")[1] == entry(1)
    assert again.studies() == {"1.9", "1.8"}
    assert again.verify() is None
    again.close()


@pytest.mark.parametrize(("column", "value"), [("who", "somebody else"), ("at", "2020"), ("body", "{}")])
def test_a_changed_row_shows(tmp_path: Path, column: str, value: str) -> None:
    journal = Journal(tmp_path / "j.sqlite")
    for number in range(3):
        journal.append(entry(number))
    journal.close()
    base = sqlite3.connect(tmp_path / "j.sqlite")
    base.execute(f"UPDATE entry SET {column} = ? WHERE seq = 2", (value,))
    base.commit()
    base.close()
    again = Journal(tmp_path / "j.sqlite")
    assert again.verify() == 2
    again.close()


def test_a_removed_row_shows(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.sqlite")
    for number in range(3):
        journal.append(entry(number))
    journal.close()
    base = sqlite3.connect(tmp_path / "j.sqlite")
    base.execute("DELETE FROM entry WHERE seq = 2")
    base.commit()
    base.close()
    again = Journal(tmp_path / "j.sqlite")
    assert again.verify() == 3
    again.close()


def test_a_newer_journal_is_refused_and_untouched(tmp_path: Path) -> None:
    base = sqlite3.connect(tmp_path / "j.sqlite")
    base.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    base.execute("CREATE TABLE future (x)")
    base.commit()
    base.close()
    before = (tmp_path / "j.sqlite").read_bytes()
    journal = Journal(tmp_path / "j.sqlite")
    with pytest.raises(NotReadableError, match="written by a newer version"):
        journal.entries("1.9")
    assert (tmp_path / "j.sqlite").read_bytes() == before


def test_a_damaged_row_is_named(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.sqlite")
    journal.append(entry(1))
    journal.close()
    base = sqlite3.connect(tmp_path / "j.sqlite")
    base.execute("UPDATE entry SET body = ?", (json.dumps({"type": "unknown"}),))
    base.commit()
    base.close()
    again = Journal(tmp_path / "j.sqlite")
    with pytest.raises(NotReadableError, match="holds a row that cannot be read"):
        again.entries("1.9")
    again.close()


def append_until_full(journal: Journal) -> int:
    """How many entries reached the disk before it was full; the next one waits."""
    for number in range(1, 200):
        try:
            journal.append(entry(number))
        except NotWrittenError:
            return number
    raise AssertionError("the disk never filled")


def test_a_full_disk_keeps_edits_in_order_until_there_is_room(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.sqlite")
    journal.append(entry(0))
    base = journal._open()
    pages = int(base.execute("PRAGMA page_count").fetchone()[0])
    base.execute(f"PRAGMA max_page_count = {pages}")
    written = append_until_full(journal)
    with pytest.raises(NotWrittenError, match="not on disk yet"):
        journal.append(entry(900))
    assert [one.uid for one in journal.waiting] == [f"2.25.{written}", "2.25.900"]
    assert journal.entries("1.9")[-1].uid == "2.25.900"
    journal.save_elsewhere(tmp_path / "rescued.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "rescued.jsonl").read_text().splitlines()]
    assert [line["uid"] for line in lines] == [f"2.25.{written}", "2.25.900"]
    base.execute("PRAGMA max_page_count = 100000")
    journal.append(entry(901))
    assert not journal.waiting
    assert [one.uid for one in journal.entries("1.9")][-3:] == [f"2.25.{written}", "2.25.900", "2.25.901"]
    assert journal.verify() is None
    journal.close()


def test_what_was_saved_elsewhere_is_taken_back_once(tmp_path: Path) -> None:
    (tmp_path / "blocked").write_text("")
    away = Journal(tmp_path / "blocked" / "j.sqlite")
    for number in (1, 2):
        with pytest.raises(NotWrittenError):
            away.append(entry(number))
    away.save_elsewhere(tmp_path / "kept.jsonl")
    journal = Journal(tmp_path / "j.sqlite")
    journal.append(entry(2))
    assert journal.take_back(tmp_path / "kept.jsonl") == 1
    assert journal.take_back(tmp_path / "kept.jsonl") == 0
    assert journal.entries("1.9") == (entry(2), entry(1))
    assert journal.verify() is None
    for wrong in ("[]", "{}", '{"uid": "1", "study_uid": "1", "at": "", "who": "", "edit": "{}"}', "no JSON"):
        (tmp_path / "wrong.jsonl").write_text(wrong, encoding="utf-8")
        with pytest.raises(NotReadableError, match=r"wrong\.jsonl holds no edits"):
            journal.take_back(tmp_path / "wrong.jsonl")
    assert len(journal.entries("1.9")) == 2
    journal.close()


def test_a_folder_that_cannot_be_is_said(tmp_path: Path) -> None:
    (tmp_path / "blocked").write_text("")
    journal = Journal(tmp_path / "blocked" / "j.sqlite")
    with pytest.raises(NotWrittenError, match="Your work stays in memory"):
        journal.append(entry(1))
    assert len(journal.waiting) == 1


WRITER = """
import sys
from pathlib import Path
from overread.core.edits import Measure
from overread.core.finding import Measurement
from overread.core.journal import Entry, Journal
journal = Journal(Path(sys.argv[1]))
for number in range(100000):
    measured = Measurement(uid=f"m{number}", kind="length", points_lps_mm=((0, 0, 0), (1, 0, 0)), value=1.0,
                           unit="mm", series_uid="1.2")
    journal.append(Entry(f"2.25.{number}", "1.9", "2026", "reader", Measure(measured)))
    print(number, flush=True)
"""


def test_a_killed_process_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path / "j.sqlite")], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    last = -1
    while last < 20:
        last = int(process.stdout.readline())
    process.send_signal(signal.SIGKILL)
    rest = process.stdout.read().split()
    process.stdout.close()
    process.wait(timeout=30)
    acknowledged = int(rest[-1]) if rest else last
    journal = Journal(tmp_path / "j.sqlite")
    kept = [one.uid for one in journal.entries("1.9")]
    assert kept[: acknowledged + 1] == [f"2.25.{number}" for number in range(acknowledged + 1)]
    assert journal.verify() is None
    journal.close()


def test_places_are_kept_and_replaced(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.sqlite")
    assert journal.place("1.9") is None
    journal.remember_place("1.9", {"ijk": [1, 2, 3]})
    journal.remember_place("1.9", {"ijk": [4, 5, 6]})
    assert journal.place("1.9") == {"ijk": [4, 5, 6]}
    journal.close()


def test_removing_is_an_edit_of_its_own(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.sqlite")
    journal.append(Entry("2.25.1", "1.9", "2026", "reader", RemoveMeasure("m1")))
    assert journal.entries("1.9")[0].edit == RemoveMeasure("m1")
    journal.close()


def test_damaged_pages_are_told_in_every_way_of_reading(tmp_path: Path) -> None:
    file = tmp_path / "j.sqlite"
    journal = Journal(file)
    for number in range(40):
        journal.append(entry(number))
    journal.remember_place("1.9", {"ijk": [1, 2, 3]})
    journal.close()
    data = bytearray(file.read_bytes())
    data[4096:] = b"\xa5" * (len(data) - 4096)
    file.write_bytes(bytes(data))
    again = Journal(file)
    for read in (
        lambda: again.entries("1.9"), lambda: again.place("1.9"), again.studies, again.saved_studies, again.verify
    ):  # fmt: skip
        with pytest.raises(NotReadableError, match="cannot be read"):
            read()
    again.close()


def test_a_place_that_is_no_json_is_told(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.sqlite")
    journal.remember_place("1.9", {"ijk": [1, 2, 3]})
    base = sqlite3.connect(tmp_path / "j.sqlite")
    base.execute("UPDATE place SET body = '{oops'")
    base.commit()
    base.close()
    with pytest.raises(NotReadableError, match="cannot be read"):
        journal.place("1.9")
    journal.close()
