"""TensorBoard, MLflow and Weights & Biases read what is logged."""

import importlib
import struct
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure

from neuroevo import evolve
from neuroevo.loggers import Logger, MLflowLogger, TensorBoardLogger, WandbLogger, scalars
from neuroevo.problems.function import RASTRIGIN
from neuroevo.strategies import SNES

# They warn about each other's packages.
slow = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
CURVE = {0: 0.25, 5: 0.5}
SETTINGS = {"sigma": 0.5, "nested": {"names": ["a", "b"]}, "missing": None}


def logged(logger: Logger) -> list[dict[str, float]]:
    """Log three generations and a figure; return their numbers."""
    found = []
    with logger:
        for generation in evolve(SNES(RASTRIGIN(3)), 3, callbacks=[logger]):
            found.append(scalars(generation))
        logger.log_figure("scores", Figure(figsize=(2, 1)))
        logger.log_curve("accuracy", CURVE, over="updates")
    return found


def written(path: Path, seconds: float = 60) -> list[Any]:
    """Return the records of a file, which its writer may finish a moment after the run has ended."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = [*records(path.read_bytes())]
        if any(record.WhichOneof("record_type") == "exit" for record in found):
            return found
        time.sleep(0.1)
    raise TimeoutError(f"{path} has no end.")


def records(content: bytes) -> Iterator[Any]:
    """Yield the records of a file of Weights & Biases: a log of LevelDB, blocks of 32 KiB with parts of records."""
    kind = importlib.import_module("wandb.proto.wandb_internal_pb2").Record
    place, whole = 7, b""
    while place + 7 <= len(content):
        if (left := 32768 - place % 32768) < 7:
            place += left
            continue
        _, length, part = struct.unpack("<IHB", content[place : place + 7])
        whole += content[place + 7 : place + 7 + length]
        place += 7 + length
        if part in (1, 4):  # a whole record, or the last part of one
            yield kind.FromString(whole)
            whole = b""


@pytest.mark.parametrize(
    ("package", "make"),
    [
        ("torch.utils.tensorboard", lambda folder: TensorBoardLogger(folder)),
        ("mlflow", lambda folder: MLflowLogger(f"sqlite:///{folder}/runs.db")),
        ("wandb", lambda folder: WandbLogger(folder)),
    ],
)
def test_a_missing_package_is_named(
    package: str, make: Callable[[Path], Logger], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sentence says what to install."""
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(RuntimeError, match=rf"needs the package .*{package.split('.')[-1]}: pip install"):
        make(tmp_path)


class TestTensorBoard:
    """Event files."""

    pytestmark = slow

    def read(self, folder: Path) -> Any:
        """Return what TensorBoard reads."""
        module = importlib.import_module("tensorboard.backend.event_processing.event_accumulator")
        found = module.EventAccumulator(str(folder), size_guidance={"scalars": 0})
        return found.Reload()

    def test_scalars_pictures_and_settings(self, tmp_path: Path) -> None:
        """All of them are read, step by step."""
        numbers = logged(TensorBoardLogger(tmp_path, hyperparameters=SETTINGS, metrics=("accuracy", "best_fitness")))
        found = self.read(tmp_path)
        assert {*found.Tags()["scalars"]} == {*numbers[0], "accuracy"}
        assert {one.step: one.value for one in found.Scalars("accuracy")} == CURVE
        for name in ("best_fitness", "diversity", "evaluations"):
            assert [one.step for one in found.Scalars(name)] == [0, 1, 2]
            read = [one.value for one in found.Scalars(name)]
            assert read == pytest.approx([one[name] for one in numbers])
        assert found.Images("scores")[0].width == 200
        session = found.summary_metadata["_hparams_/session_start_info"]
        assert b"nested.names" in session.plugin_data.content
        assert b"accuracy" in found.summary_metadata["_hparams_/experiment"].plugin_data.content

    def test_a_resumed_run_hides_what_is_run_again(self, tmp_path: Path) -> None:
        """Steps from the first one on that is logged are those of the later run."""
        for begin, end, value in ((0, 5, 1.0), (3, 6, 2.0)):
            with TensorBoardLogger(tmp_path) as logger:
                for step in range(begin, end):
                    logger.log({"best_fitness": value}, step=step)
        read = self.read(tmp_path).Scalars("best_fitness")
        assert [(one.step, one.value) for one in read] == [(0, 1), (1, 1), (2, 1), (3, 2), (4, 2), (5, 2)]


class TestMLflow:
    """A data base."""

    pytestmark = slow

    def test_scalars_pictures_and_settings(self, tmp_path: Path) -> None:
        """All of them are read, and a run is continued by its number."""
        address = f"sqlite:///{tmp_path / 'runs.db'}"
        logger = MLflowLogger(address, artifacts=(tmp_path / "pictures").as_uri(), hyperparameters=SETTINGS)
        numbers = logged(logger)
        client = importlib.import_module("mlflow").MlflowClient(tracking_uri=address)
        read = client.get_metric_history(logger.run_id, "best_fitness")
        assert [(one.step, one.value) for one in read] == [*enumerate(one["best_fitness"] for one in numbers)]
        curve = client.get_metric_history(logger.run_id, "accuracy")
        assert {one.step: one.value for one in curve} == CURVE
        run = client.get_run(logger.run_id)
        assert run.info.status == "FINISHED"
        assert run.data.params == {"sigma": "0.5", "nested.names": "['a', 'b']", "missing": "None"}
        assert [one.path for one in client.list_artifacts(logger.run_id)] == ["scores.png"]
        with MLflowLogger(address, run_id=logger.run_id) as again:
            again.log({"best_fitness": 5.0}, step=3)
        assert len(client.get_metric_history(logger.run_id, "best_fitness")) == 4
        assert len(client.search_runs([run.info.experiment_id])) == 1


class TestWandb:
    """Files for `wandb sync`."""

    pytestmark = slow

    def test_scalars_pictures_and_settings(self, tmp_path: Path) -> None:
        """All of them are in the file that would be sent."""
        logger = WandbLogger(tmp_path, mode="offline", name="mine", hyperparameters=SETTINGS)
        numbers = logged(logger)
        (path,) = tmp_path.glob("wandb/offline-run-*/*.wandb")
        best, settings, curve = [], set(), {}
        for record in written(path):
            items = {(item.key or "/".join(item.nested_key)): item.value_json for item in record.history.item}
            best += [float(items["best_fitness"])] if "best_fitness" in items else []
            curve |= {int(items["updates"]): float(items["accuracy"])} if "accuracy" in items else {}
            settings |= {item.key for item in record.run.config.update} | {item.key for item in record.config.update}
        assert best == pytest.approx([one["best_fitness"] for one in numbers])
        assert curve == CURVE
        assert SETTINGS.keys() <= settings
        assert [*tmp_path.glob("wandb/offline-run-*/files/media/images/scores*.png")]
