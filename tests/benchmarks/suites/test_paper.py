"""The suite `paper`: one evolution for all questions, each of which changes one thing."""

from types import ModuleType
from typing import Any

from neuroevo.backbones import MLP, Backbone
from neuroevo.benchmarks.suites import paper
from neuroevo.benchmarks.suites.condition import check_conditions
from neuroevo.benchmarks.suites.protocol import Transfer
from neuroevo.benchmarks.suites.suite import Setup
from neuroevo.data.images import Dataset
from neuroevo.execution import Recipe


def setup_of(toys: ModuleType, *, shots: int = 10) -> Setup:
    """Return a setup whose backbones are perceptrons, and whose other data set has other images."""
    source = toys.dataset()

    def backbone(name: str, width: float = 1.0, /, *, dataset: Dataset | None = None) -> Backbone:
        del name, dataset
        return MLP(widths=(round(8 * width), 8), inputs=64)

    def dataset(name: str, data_root: object = None, /) -> Dataset:
        del name, data_root
        found: Dataset = toys.dataset(seed=1)
        return found

    protocol = Transfer(
        dataset=source,
        backbone=backbone("mlp"),
        descendant=Recipe(updates=60),
        ways=4,
        shots=shots,
        names={"dataset": "toys", "backbone": "mlp"},
    )
    return Setup(protocol=protocol, backbone=backbone, dataset=dataset)


def test_each_question_changes_one_thing(toys: ModuleType) -> None:
    """The first condition is the protocol; every other one differs from it in one factor, and no two are the same."""
    found = paper.conditions(setup_of(toys), heirs=("mlp:1", "mlp:0.5", "mlp:2"))
    check_conditions(found)
    first, *others = [one.values for one in found]
    assert first == {"dataset": "toys", "backbone": "mlp", "shots": 10, "updates": 60}

    def changed(values: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in values.items() if value != first[name]}

    assert [changed(one) for one in others] == [
        *({"shots": shots} for shots in (1, 5, 20)),
        *({"updates": updates} for updates in (0, 1, 5, 10)),
        *({"backbone": heir} for heir in ("mlp:0.5", "mlp:2")),
        {"dataset": "colour-glyphs"},
    ]


def test_a_protocol_with_other_images_keeps_them(toys: ModuleType) -> None:
    """It is asked with its own number, too."""
    found = paper.conditions(setup_of(toys, shots=3), heirs=("mlp:0.5",))
    assert [one.values["shots"] for one in found] == [3, 1, 5, 10, 20, 3, 3, 3, 3, 3, 3]
