"""The engine in real processes: jobs run, and every way in which one can end leaves the viewer well."""

from __future__ import annotations

import os
import queue
import signal
from collections.abc import Callable, Iterator
from multiprocessing.resource_tracker import ensure_running
from pathlib import Path

import numpy as np
import psutil
import pytest

import engine_readers
from overread.core.geometry import Geometry
from overread.core.shared import PREFIX, SharedBlock
from overread.core.volume import Volume
from overread.inference.client import Answer, EngineClient, Event, Request
from overread.inference.protocol import DeviceReport, Failure, Progress, Started

WAIT_S = 120


def phantom() -> Volume:
    """Air, and a bright box of 3 x 2 x 4 voxels (k, j, i) whose first voxel is (5, 6, 7)."""
    voxels = np.full((20, 24, 28), -1000, dtype=np.int16)
    voxels[5:8, 6:8, 7:11] = 1000
    affine = np.diag([0.5, 0.5, 2.0, 1.0])
    affine[:3, 3] = (-10.0, -20.0, 30.0)
    return Volume(voxels, Geometry((20, 24, 28), affine, "1.2.3"), "1.2.3.4")


class Listener:
    """Events of a client, in the order in which they came."""

    def __init__(self, make: Callable[[Callable[[Event], None]], EngineClient]) -> None:
        self.events: queue.Queue[Event] = queue.Queue()
        self.client = make(self.events.put)

    def submit(self, model: str) -> str:
        return self.client.submit(Request(model, phantom(), device="cpu"))

    def until(self, kind: type[Event], uid: str) -> Event:
        """The next event of that kind and job; everything before it is passed over."""
        while True:
            event = self.events.get(timeout=WAIT_S)
            if isinstance(event, kind) and event.job_uid == uid:
                return event
            if event.job_uid == uid:
                assert not isinstance(event, Failure), event

    def failure(self, uid: str) -> Failure:
        found = self.until(Failure, uid)
        assert isinstance(found, Failure)
        return found

    def answer(self, uid: str) -> Answer:
        found = self.until(Answer, uid)
        assert isinstance(found, Answer)
        return found

    def started(self, uid: str) -> Started:
        found = self.until(Started, uid)
        assert isinstance(found, Started)
        return found


def own_blocks() -> list[str]:
    return [path.name for path in Path("/dev/shm").glob(f"{PREFIX}{os.getpid()}-*")]


def engine_children() -> list[psutil.Process]:
    """Children of this process but for the resource tracker of multiprocessing, which ends with the process."""
    found = psutil.Process().children(recursive=True)
    return [one for one in found if "resource_tracker" not in " ".join(one.cmdline())]


@pytest.fixture(scope="module", autouse=True)
def resource_tracker() -> None:
    """The helper process of multiprocessing stays until this process ends: it is no leftover of a test."""
    ensure_running()


@pytest.fixture
def engine() -> Iterator[Listener]:
    listener = Listener(lambda hear: EngineClient(hear, serve=engine_readers.serve))
    listener.client.start()
    yield listener
    listener.client.close()
    assert own_blocks() == []
    assert engine_children() == []


def test_job_gives_mask_place_score_and_heatmap(engine: Listener) -> None:
    uid = engine.submit("ball")
    progress = engine.until(Progress, uid)
    assert isinstance(progress, Progress)
    assert (progress.stage, progress.total) == ("engine.starting", 2)
    answer = engine.answer(uid)
    (one,) = answer.proposals.findings
    assert one.box_kji == ((5, 8), (6, 8), (7, 11))
    assert one.region().voxels == 24
    # Mean index (i, j, k) = (8.5, 6.5, 6): -10 + 4.25, -20 + 3.25, 30 + 12.
    assert one.centre_lps_mm == pytest.approx((-5.75, -16.75, 42.0))
    assert one.measures["volume_mm3"] == pytest.approx(24 * 0.5)
    assert one.score_name == "card.lung-nodule.score"
    assert answer.heatmap is not None
    assert answer.heatmap_geometry is not None
    assert int((answer.heatmap == 255).sum()) == 24
    assert answer.heatmap_geometry.lps_from_ijk((7, 6, 5)) == pytest.approx((-6.5, -17.0, 40.0))
    assert own_blocks() == []


def test_volume_in_shared_memory_is_read_in_place(engine: Listener) -> None:
    source = phantom()
    with SharedBlock.create(source.voxels.nbytes) as block:
        array = block.array(source.voxels.shape, np.int16)
        array[:] = source.voxels
        volume = Volume(array, source.geometry, "1.2.3.4")  # type: ignore[arg-type]
        answer = engine.answer(engine.client.submit(Request("ball", volume, block, "cpu", heatmap=False)))
        assert answer.heatmap is None
        assert answer.proposals.findings[0].region().voxels == 24
        assert own_blocks() == [block.name]
        del array, volume


def test_two_jobs_in_a_row_use_one_worker(engine: Listener) -> None:
    first, second = engine.submit("ball"), engine.submit("ball")
    workers = {engine.started(first).worker_pid}
    engine.answer(first)
    workers.add(engine.started(second).worker_pid)
    engine.answer(second)
    assert len(workers) == 1


def test_killed_worker_fails_its_job_and_the_next_one_works(engine: Listener) -> None:
    uid = engine.submit("waits")
    pid = engine.started(uid).worker_pid
    engine.until(Progress, uid)
    os.kill(pid, signal.SIGKILL)
    failure = engine.failure(uid)
    assert failure.told.sentence().say("en") == (
        "The engine's worker ended unexpectedly (SIGKILL). The images and your work are untouched. Run the job again."
    )
    assert failure.retryable
    assert not failure.cancelled
    assert own_blocks() == []
    after = engine.submit("ball")
    assert engine.started(after).worker_pid != pid
    engine.answer(after)


def test_killed_engine_fails_its_job_takes_its_workers_along_and_the_next_one_works(engine: Listener) -> None:
    uid = engine.submit("deaf")
    worker = psutil.Process(engine.started(uid).worker_pid)
    waiting = engine.submit("ball")
    engine.until(Progress, uid)
    parent = worker.parent()
    assert parent is not None
    os.kill(parent.pid, signal.SIGKILL)
    failure = engine.failure(uid)
    assert failure.told.sentence().say("en").startswith("The engine was killed (SIGKILL).")
    engine.answer(waiting)
    assert psutil.wait_procs([worker], timeout=WAIT_S)[1] == []


def test_job_that_listens_is_cancelled_and_keeps_its_worker(engine: Listener) -> None:
    uid = engine.submit("waits")
    pid = engine.started(uid).worker_pid
    engine.until(Progress, uid)
    engine.client.cancel(uid)
    failure = engine.failure(uid)
    assert failure.cancelled
    assert failure.told.sentence().say("zh") == "任务已取消。未作任何更改。"
    after = engine.submit("ball")
    assert engine.started(after).worker_pid == pid
    engine.answer(after)


def test_job_that_does_not_listen_is_killed_when_cancelled(engine: Listener) -> None:
    uid = engine.submit("deaf")
    pid = engine.started(uid).worker_pid
    engine.until(Progress, uid)
    engine.client.cancel(uid)
    assert engine.failure(uid).cancelled
    after = engine.submit("ball")
    assert engine.started(after).worker_pid != pid
    engine.answer(after)


def test_waiting_job_is_cancelled_without_touching_the_running_one(engine: Listener) -> None:
    running, waiting = engine.submit("waits"), engine.submit("ball")
    engine.until(Progress, running)
    engine.client.cancel(waiting)
    assert engine.failure(waiting).cancelled
    engine.client.cancel(running)
    assert engine.failure(running).cancelled


def test_fault_of_a_reader_is_told_with_its_place_and_without_its_text(engine: Listener) -> None:
    failure = engine.failure(engine.submit("breaks"))
    assert failure.told.values == {"model": "breaks", "error": "ZeroDivisionError"}
    assert failure.where.startswith("engine_readers.py:")
    assert "patient" not in repr(failure)


def test_sentence_of_a_reader_arrives_as_it_is(engine: Listener) -> None:
    failure = engine.failure(engine.submit("empty-handed"))
    assert failure.told.sentence().say("en") == "The model needs at least 12 slices; this series has 3."
    assert not failure.retryable


def test_worker_that_dies_by_itself_is_told(engine: Listener) -> None:
    assert engine.failure(engine.submit("dies")).told.values == {"signal": "SIGKILL"}


def test_unknown_model_and_missing_device_are_told(engine: Listener) -> None:
    assert engine.failure(engine.submit("nothing")).told.id == "engine.no-reader"
    uid = engine.client.submit(Request("ball", phantom(), device="cuda:99"))
    assert engine.failure(uid).told.sentence().say("en").startswith("There is no device “cuda:99”")


def test_volume_closed_before_the_job_is_told(engine: Listener) -> None:
    block = SharedBlock.create(phantom().voxels.nbytes)
    block.close()
    uid = engine.client.submit(Request("ball", phantom(), block, "cpu"))
    assert engine.failure(uid).told.id == "engine.no-volume"


def test_self_test_computes_on_the_processor(engine: Listener) -> None:
    uid = engine.client.self_test()
    report = engine.until(DeviceReport, uid)
    assert isinstance(report, DeviceReport)
    assert report.devices[0]["device"] == "cpu"
    assert report.devices[0]["works"] is True


def test_close_with_a_job_under_way_fails_it_and_later_jobs() -> None:
    listener = Listener(lambda hear: EngineClient(hear, serve=engine_readers.serve))
    uid = listener.submit("deaf")
    listener.until(Progress, uid)
    listener.client.close()
    assert listener.failure(uid).told.id == "engine.closed"
    assert listener.failure(listener.submit("ball")).told.id == "engine.closed"
    assert own_blocks() == []
    assert engine_children() == []


@pytest.mark.parametrize(
    ("serve", "text_id", "values"),
    [
        (engine_readers.serve_nothing, "engine.not-started", {"why": "exit code 7"}),
        (engine_readers.serve_rubbish, "engine.bad-message", {}),
        (engine_readers.serve_silence, "engine.silent", {"seconds": "0.2"}),
    ],
)
def test_engine_that_is_no_engine_fails_the_job(
    serve: Callable[..., None], text_id: str, values: dict[str, str]
) -> None:
    listener = Listener(lambda hear: EngineClient(hear, serve=serve, silence_s=0.2))
    failure = listener.failure(listener.submit("ball"))
    listener.client.close()
    assert failure.told.id == text_id
    assert failure.told.values == values
    assert own_blocks() == []
    assert engine_children() == []


def test_listener_with_a_fault_does_not_end_the_client(caplog: pytest.LogCaptureFixture) -> None:
    heard: queue.Queue[Event] = queue.Queue()

    def hear(event: Event) -> None:
        heard.put(event)
        raise RuntimeError("fault")

    client = EngineClient(hear, serve=engine_readers.serve)
    uid = client.submit(Request("ball", phantom(), device="cpu"))
    while not isinstance(heard.get(timeout=WAIT_S), Answer):
        pass
    client.close()
    assert uid
    assert "a listener of the engine failed" in caplog.text
