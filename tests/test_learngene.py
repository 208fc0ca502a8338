"""Learngenes: files hold them whole, damage is always noticed, and a file never runs code."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from torch import Tensor

from neuroevo.backbones import MLP, ConvNet4
from neuroevo.files import CheckpointError
from neuroevo.learngene import Learngene

Kind = MLP | ConvNet4

WIDTHS = st.integers(1, 7)
BACKBONES = st.builds(
    MLP, widths=st.lists(WIDTHS, min_size=1, max_size=4).map(tuple), inputs=st.integers(1, 9)
) | st.builds(ConvNet4, widths=st.tuples(*[WIDTHS] * 4), channels=st.integers(1, 3))
SHARES = st.floats(0.05, 1)
SEEDS = st.integers(0, 2**32)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
NOTES = st.dictionaries(st.text(), JSON, max_size=3)

TINY = MLP(widths=(3, 2), inputs=2)
PARTS = ("indices", "slices", "provenance")


def tiny() -> Learngene:
    """Return a small learngene that is the same in every process."""
    return Learngene(
        TINY,
        {"hidden1": torch.tensor([0, 2]), "hidden2": torch.tensor([1])},
        {
            "hidden1.weight": torch.tensor([[0.5, -0.0], [-3e38, 1e-45]]),
            "hidden1.bias": torch.tensor([1.0, 2.0]),
            "hidden2.weight": torch.tensor([[3.0, 4.0]]),
            "hidden2.bias": torch.tensor([0.25]),
        },
        {"hidden1": torch.tensor([7, 3]), "hidden2": torch.tensor([2**62])},
        {"lineage": [1, 2], "dataset": "glyphs"},
    )


def forged(**changes: Any) -> Learngene:
    """Return the small learngene with parts changed without its checks."""
    learngene = tiny()
    for name, value in changes.items():
        object.__setattr__(learngene, name, value)
    return learngene


def assert_same(first: Learngene, second: Learngene) -> None:
    """Assert that two learngenes are equal bit for bit."""
    assert first.backbone == second.backbone
    assert first.notes == second.notes
    for part in PARTS:
        one, other = getattr(first, part), getattr(second, part)
        assert set(one) == set(other)
        for name, tensor in one.items():
            assert tensor.dtype == other[name].dtype
            assert tensor.shape == other[name].shape
            assert tensor.numpy().tobytes() == other[name].numpy().tobytes()


@given(backbone=BACKBONES, share=SHARES, seed=SEEDS, notes=NOTES)
def test_a_saved_learngene_comes_back(
    toys: ModuleType,
    backbone: Kind,
    share: float,
    seed: int,
    notes: dict[str, Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Indices, slices, ids, backbone and notes come back bit for bit, and saving again gives the same file."""
    learngene = toys.learngene(backbone, share=share, seed=seed).with_notes(**notes)
    path = tmp_path_factory.mktemp("learngene") / "best.safetensors"
    learngene.save(path)
    loaded = Learngene.load(path)
    assert_same(loaded, learngene)
    assert loaded.to_bytes() == learngene.to_bytes() == path.read_bytes()
    assert [*path.parent.iterdir()] == [path]
    Learngene.load(str(path)).save(str(path))
    assert path.read_bytes() == learngene.to_bytes()


@given(st.lists(st.integers(0, 2**32 - 1), min_size=4, max_size=4))
@example([0x80000000, 0x7F7FFFFF, 0xFF7FFFFF, 0x00000001])
@example([0x7FC00001, 0, 0, 0])
@example([0, 0, 0, 0xFF800000])
def test_every_number_survives_and_nothing_else(patterns: list[int]) -> None:
    """Signed zeros and subnormals come back as they were; infinities and NaN are refused by the slice's name."""
    weights = torch.tensor(patterns, dtype=torch.uint32).view(torch.float32).reshape(2, 2)
    learngene = tiny()
    learngene = replace(learngene, slices={**learngene.slices, "hidden1.weight": weights})
    if not bool(weights.isfinite().all()):
        assert refusal(learngene.to_bytes()) == "its slice hidden1.weight holds numbers that are not finite"
        return
    loaded = Learngene.from_bytes(learngene.to_bytes())
    assert loaded.slices["hidden1.weight"].view(torch.uint32).flatten().tolist() == patterns


def test_a_loaded_learngene_can_be_changed() -> None:
    """What was loaded lies in writable memory of its own."""
    data = tiny().to_bytes()
    first, second = Learngene.from_bytes(data), Learngene.from_bytes(data)
    first.slices["hidden1.bias"].add_(1)
    assert_same(second, tiny())
    assert data == tiny().to_bytes()


@given(st.permutations(range(4)), st.permutations(range(2)), st.permutations(range(2)))
def test_equal_learngenes_have_equal_bytes(slices: list[int], groups: list[int], notes: list[int]) -> None:
    """The order in which dicts were filled, and how tensors lie in memory, don't show in the file."""

    def reordered(mapping: Any, order: list[int]) -> dict[str, Any]:
        items = [*mapping.items()]
        return {items[i][0]: items[i][1] for i in order}

    learngene = tiny()
    transposed = {name: t.t().contiguous().t() if t.ndim == 2 else t for name, t in learngene.slices.items()}
    other = Learngene(
        TINY,
        reordered(learngene.indices, groups),
        reordered(transposed, slices),
        reordered(learngene.provenance, groups[::-1]),
        reordered(learngene.notes, notes),
    )
    assert other.to_bytes() == learngene.to_bytes()


def test_different_learngenes_have_different_bytes() -> None:
    """A change of any part shows in the file."""
    learngene = tiny()
    others = [
        learngene.with_notes(dataset="fashion-mnist"),
        learngene.with_notes(more=None),
        replace(learngene, provenance={**learngene.provenance, "hidden2": torch.tensor([3])}),
        replace(learngene, indices={**learngene.indices, "hidden2": torch.tensor([0])}),
        replace(learngene, slices={**learngene.slices, "hidden1.bias": torch.tensor([1.0, 2.0000002])}),
    ]
    assert len({other.to_bytes() for other in [learngene, *others]}) == 6


def test_all_processes_write_the_same_bytes(tmp_path: Path) -> None:
    """Hash seeds, which order sets and dicts of some kinds, make no difference to the file."""
    tiny().save(tmp_path / "here.safetensors")
    script = (
        "import sys; from neuroevo.learngene import Learngene; "
        "learngene = Learngene.load(sys.argv[1]); "
        "parts = [dict((name, part[name]) for name in set(part)) "
        "for part in (learngene.indices, learngene.slices, learngene.provenance, learngene.notes)]; "
        "Learngene(learngene.backbone, *parts).save(sys.argv[2])"
    )
    seed = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    paths = [str(tmp_path / f"{name}.safetensors") for name in ("here", "there")]
    subprocess.run([sys.executable, "-c", script, *paths], check=True, env=environment)
    assert Path(paths[1]).read_bytes() == Path(paths[0]).read_bytes() == tiny().to_bytes()


def test_tensors_that_share_memory_can_be_saved() -> None:
    """Views of one tensor, and one tensor in two roles, are written like copies."""
    learngene, kept = tiny(), {"hidden1": torch.tensor([0, 2]), "hidden2": torch.tensor([1])}
    memory = torch.arange(9.0)
    views = {"hidden1.bias": memory[2:4], "hidden2.bias": memory[3:4], "hidden2.weight": memory[None, 1:7:3]}
    shared = Learngene(TINY, kept, {**learngene.slices, **views}, kept)
    loaded = Learngene.from_bytes(shared.to_bytes())
    assert_same(loaded, shared)
    assert loaded.slices["hidden2.weight"].tolist() == [[1.0, 4.0]]


def refusal(data: bytes) -> str | None:
    """Return the message with which data are refused, None if they are read."""
    try:
        Learngene.from_bytes(data)
    except CheckpointError as error:
        return str(error)
    return None


def test_every_inverted_byte_is_noticed() -> None:
    """Wherever a byte of the file is inverted, reading raises CheckpointError and nothing else."""
    data = tiny().to_bytes()
    for position in range(len(data)):
        broken = bytearray(data)
        broken[position] ^= 0xFF
        assert refusal(bytes(broken)), position


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 255)), min_size=1, max_size=3))
def test_changed_bytes_never_change_a_learngene(changes: list[tuple[int, int]]) -> None:
    """Changed bytes are refused, or mean nothing: white space of the header may become other white space."""
    data = tiny().to_bytes()
    broken = bytearray(data)
    for position, flip in changes:
        broken[position % len(data)] ^= flip
    if not refusal(bytes(broken)):
        assert_same(Learngene.from_bytes(bytes(broken)), tiny())
        assert bytes(broken).split() == data.split()


@given(st.integers(0, 10**6), st.binary(max_size=20))
def test_truncated_and_extended_files_are_refused(length: int, more: bytes) -> None:
    """A file that ends too early or too late is no learngene."""
    data = tiny().to_bytes()
    assert refusal(data[: length % len(data)])
    if more:
        assert refusal(data + more)


def test_another_schema_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of a later version says so."""
    monkeypatch.setattr("neuroevo.learngene.SCHEMA", 2)
    data = tiny().to_bytes()
    monkeypatch.undo()
    with pytest.raises(CheckpointError, match="its schema is 2, and this version reads 1"):
        Learngene.from_bytes(data)


@pytest.mark.parametrize(
    "changes",
    [
        {"indices": {"hidden1": torch.tensor([0, 5]), "hidden2": torch.tensor([1])}},
        {"indices": {"hidden1": torch.tensor([0, 2])}},
        {"slices": {**tiny().slices, "hidden1.bias": torch.zeros(3)}},
        {"slices": {**tiny().slices, "hidden3.bias": torch.zeros(3)}},
        {"provenance": {"hidden1": torch.tensor([7.0, 3.0]), "hidden2": torch.tensor([5])}},
        {"backbone": MLP(widths=(3,), inputs=2)},
        {"backbone": ConvNet4()},
    ],
)
def test_a_right_checksum_is_not_enough(changes: dict[str, Any]) -> None:
    """An intact file without a closed circuit of its backbone is refused."""
    assert refusal(forged(**changes).to_bytes())


@pytest.mark.parametrize(
    "dtype", [torch.float16, torch.bfloat16, torch.float64, torch.int64, torch.complex64, torch.bool]
)
def test_slices_are_float32(dtype: torch.dtype) -> None:
    """Other types are refused by their names."""
    slices = {**tiny().slices, "hidden2.bias": torch.ones(1).to(dtype)}
    assert refusal(forged(slices=slices).to_bytes()) == (
        f"its slice hidden2.bias must be float32, but it is {str(dtype).removeprefix('torch.')}"
    )


class Described:
    """Stands for a backbone with a description that it never was made from."""

    def __init__(self, description: dict[str, Any]) -> None:
        self.description = description

    def describe(self) -> dict[str, Any]:
        """Return the description."""
        return self.description


@pytest.mark.parametrize(
    "description",
    [
        {"kind": "mlp", "inputs": 2, "widths": [1] * 2_000_000},
        {"kind": "mlp", "inputs": 2**62, "widths": [3, 2]},
        {"kind": "mlp", "inputs": 2, "widths": [3, 10**300]},
        {"kind": "mlp", "inputs": 2, "widths": [3]},
        {"kind": "mlp", "inputs": 2, "widths": 7},
        {"kind": "traced", "names": ["a", "b"], "widths": [3, 2], "steps": [[]] * 100_000},
    ],
    ids=["groups", "inputs", "width", "too few", "a number", "steps"],
)
def test_a_file_can_not_name_more_than_it_holds(description: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """It is refused before any backbone is made of its description."""

    def make(_: object) -> None:
        raise AssertionError("a backbone was made")

    monkeypatch.setattr("neuroevo.learngene.from_description", make)
    assert refusal(forged(backbone=Described(description)).to_bytes())


def test_a_backbone_of_ones_own_can_be_given() -> None:
    """Reading with a backbone skips the file's description, and checks against the one that is given."""
    loaded = Learngene.from_bytes(tiny().to_bytes(), backbone=TINY)
    assert loaded.backbone is TINY
    with pytest.raises(CheckpointError):
        Learngene.from_bytes(tiny().to_bytes(), backbone=MLP(widths=(3, 2), inputs=5))


def test_notes_must_be_json() -> None:
    """What JSON can't hold is refused when the learngene is written."""
    with pytest.raises(TypeError):
        tiny().with_notes(path=Path()).to_bytes()
    with pytest.raises(ValueError, match="JSON"):
        tiny().with_notes(score=float("nan")).to_bytes()


@pytest.mark.parametrize(
    ("part", "entry", "value", "message"),
    [
        ("indices", "hidden1", None, "indices must have the entries"),
        ("provenance", "hidden2", None, "provenance must have the entries"),
        ("slices", "head.weight", torch.zeros(2), "slices must be of one or more of .*, but they are of .*head.weight"),
        ("indices", "hidden1", torch.tensor([2, 0]), "indices of hidden1 must rise from 0 to at most 2"),
        ("indices", "hidden1", torch.tensor([0, 0]), "indices of hidden1 must rise"),
        ("indices", "hidden1", torch.tensor([1, 3]), "indices of hidden1 must rise"),
        ("indices", "hidden1", torch.tensor([-1, 2]), "indices of hidden1 must rise"),
        ("indices", "hidden1", torch.tensor([0.0, 2.0]), "indices of hidden1 must be a non-empty int64 vector"),
        ("indices", "hidden1", torch.tensor([[0, 2]]), "indices of hidden1 must be a non-empty int64 vector"),
        ("indices", "hidden1", torch.tensor([], dtype=torch.int64), "indices of hidden1 must be a non-empty"),
        ("indices", "hidden1", torch.tensor([0, 1, 2]), "provenance of hidden1 must be one int64 id for each of 3"),
        ("provenance", "hidden1", torch.tensor([7]), "provenance of hidden1 must be one int64 id for each of 2"),
        ("provenance", "hidden1", torch.tensor([7.0, 3.0]), "provenance of hidden1 must be one int64 id"),
        (
            "slices",
            "hidden1.weight",
            torch.zeros(2, 3),
            r"hidden1.weight must have the shape \(2, 2\), but .* \(2, 3\)",
        ),
        ("slices", "hidden2.weight", torch.zeros(1, 3), r"hidden2.weight must have the shape \(1, 2\)"),
        ("slices", "hidden2.bias", torch.tensor(1.0), r"hidden2.bias must have the shape \(1,\), but it has \(\)"),
    ],
)
def test_parts_must_fit_together(part: str, entry: str, value: Tensor | None, message: str) -> None:
    """Missing or foreign entries, impossible index sets and wrong shapes are named in one sentence."""
    mapping = {**getattr(tiny(), part)}
    if value is None:
        del mapping[entry]
    else:
        mapping[entry] = value
    with pytest.raises(ValueError, match=message) as caught:
        replace(tiny(), **{part: mapping})
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


def test_a_learngene_holds_something() -> None:
    """A learngene without any slice is refused in a sentence."""
    with pytest.raises(ValueError, match=r"^slices must be of one or more of .*, but they are of none\.$"):
        replace(tiny(), slices={})


def test_notes_are_added_to_a_copy() -> None:
    """New notes join the old ones or replace them, in the copy only."""
    learngene = tiny()
    noted = learngene.with_notes(dataset="fashion-mnist", score=0.5)
    assert noted.notes == {"lineage": [1, 2], "dataset": "fashion-mnist", "score": 0.5}
    assert learngene.notes == tiny().notes
    assert_same(replace(noted, notes=learngene.notes), learngene)


def test_the_file_has_one_metadata_entry() -> None:
    """Several entries would be written in changing order."""
    text = tiny().to_bytes()[8:].partition(b'},"indices/')[0].decode()
    assert text.startswith('{"__metadata__":{"neuroevo":"')
    assert text.count('":"') == 1
