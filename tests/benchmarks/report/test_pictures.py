"""Which pictures a report has, whatever the order of strategies."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from neuroevo.benchmarks.analysis.results import read_run
from neuroevo.benchmarks.report.pictures import draw_all
from neuroevo.operators.circuits import whole_circuit
from neuroevo.operators.inheritance import extract

WriteRun = Callable[..., Path]


@pytest.mark.parametrize("place", range(3))
def test_kept_channels_do_not_depend_on_the_order(
    place: int,
    write_run: WriteRun,
    toys: ModuleType,
    tmp_path: Path,
    draw_only: Callable[[str], None],
) -> None:
    """A learngene of a narrow network is shown among the channels of the run's backbone, first or last."""
    draw_only("Channels")
    names = ["scratch", "gtl"]
    names.insert(place, "narrow-pretraining")
    run = write_run(tmp_path / "run", dict.fromkeys(names, (0.2, 0.3)))
    groups = toys.CONVNET.layout.groups
    narrow = toys.CONVNET.resized(dict.fromkeys(groups, 2))
    whole = whole_circuit(narrow.layout)
    learngene = extract(toys.network(narrow).state_dict(), whole, backbone=narrow, provenance=whole)
    for seed in range(2):
        learngene.save(run / "learngenes" / f"narrow-pretraining-seed{seed}.safetensors")
    pictures = draw_all(read_run(run))
    assert pictures.problems == []
    (channels,) = pictures.channels
    total = sum(groups.values())
    assert f"narrow-pretraining keeps 8 of {total} channels" in channels.alt
    assert f"of {total} channels" in channels.alt.partition("gtl keeps")[2]
