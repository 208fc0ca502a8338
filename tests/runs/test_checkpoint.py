"""Laws of checkpoints: a state comes back as it was, or the damage is named."""

import errno
import math
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neuroevo.files import CheckpointError, sha256
from neuroevo.runs.checkpoint import Best, load_checkpoint, save_checkpoint

dtypes = (torch.float32, torch.float64, torch.bfloat16, torch.int64, torch.uint8, torch.bool)
tensors = st.builds(
    lambda dtype, shape, value: torch.full(shape, value, dtype=dtype),
    st.sampled_from(dtypes),
    st.lists(st.integers(0, 3), max_size=3),
    st.integers(0, 1),
)
leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | tensors
finite_numbers = st.floats(allow_nan=False, allow_infinity=False)
keys = st.text() | st.sampled_from(["$tensor", "$dict", "$"]) | st.integers()
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3) | st.lists(inner, max_size=3).map(tuple) | st.dictionaries(keys, inner, max_size=3)
    ),
    max_leaves=8,
)
states = st.dictionaries(keys, values, max_size=4)

STATE: dict[str, object] = {
    "pool": [torch.arange(6.0).reshape(2, 3), (1, 2.5, "ä")],
    "next": 7,
    "best": {"fitness": -math.inf},
}


def same(one: object, other: object) -> bool:
    """Equality of type, value, and a dictionary's order, with NaN equal to itself."""
    if type(one) is not type(other):
        return False
    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        return one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, dict) and isinstance(other, dict):
        return same(list(one.items()), list(other.items()))
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return repr(one) == repr(other)


@settings(deadline=None)
@given(
    state=states,
    described=st.none() | states,
    best=st.none()
    | st.builds(Best, st.integers(0), st.lists(st.floats(allow_nan=False, allow_infinity=False)).map(tuple)),
    generation=st.integers(0, 10**7),
)
def test_a_state_comes_back_as_it_was(
    state: dict[str, object],
    described: dict[str, object] | None,
    best: Best | None,
    generation: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Types, values, order of keys, tensors and numbers that are not finite all come back."""
    folder = tmp_path_factory.mktemp("checkpoints")
    save_checkpoint(folder, generation, state, settings=described, best=best)
    loaded = load_checkpoint(folder)
    assert loaded is not None
    assert (loaded.generation, loaded.best) == (generation, best)
    assert same(loaded.state, state)
    assert same(loaded.settings, described)


def test_equal_states_give_equal_files(tmp_path: Path) -> None:
    """Two folders with the same state hold the same names and bytes."""
    for name in ("a", "b"):
        save_checkpoint(tmp_path / name, 3, STATE)
    files = [{p.name: p.read_bytes() for p in (tmp_path / name).iterdir()} for name in "ab"]
    assert files[0] == files[1]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_changed_byte_is_named(data: st.DataObject, tmp_path: Path) -> None:
    """Any other value of any byte of either file is a CheckpointError that names the file."""
    save_checkpoint(tmp_path, 1, STATE)
    path = data.draw(st.sampled_from(sorted(tmp_path.iterdir())))
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=path.name):
        load_checkpoint(tmp_path)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_cut_file_is_named(data: st.DataObject, tmp_path: Path) -> None:
    """Either file cut at any place is a CheckpointError."""
    save_checkpoint(tmp_path, 1, STATE)
    path = data.draw(st.sampled_from(sorted(tmp_path.iterdir())))
    content = path.read_bytes()
    path.write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
    with pytest.raises(CheckpointError, match=path.name):
        load_checkpoint(tmp_path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text.replace('"schema":2', '"schema":3'), "must have schema 1 or 2, but it has 3"),
        (lambda text: text.replace('"best":null', '"best":[1,["a"]]'), "is damaged"),
        (lambda text: text.replace('"settings":null', '"settings":[]'), "is damaged"),
        (lambda text: text.replace('"tensors":"', '"tensors":"../'), "is damaged"),
        (lambda text: text.replace('"generation":1', '"generation":2'), "is damaged"),
        (lambda text: text.replace('{"$tensor":"0"}', '{"$tensor":"9"}'), "is damaged"),
        (lambda text: text.replace('{"$tensor":"0"}', '{"$dict":[[[],1]]}'), "is damaged"),
        (lambda text: "[" * 100_000, "is damaged"),
        (lambda text: "[]", "is damaged"),
    ],
)
def test_a_file_made_to_deceive_is_named(change: Callable[[str], str], words: str, tmp_path: Path) -> None:
    """Where even the digest was made to fit, what does not make sense is still refused."""
    save_checkpoint(tmp_path, 1, STATE)
    path = tmp_path / "generation-000001.json"
    text = change(path.read_text())
    head, _, _ = text.partition(',"sha256":')
    path.write_text(f'{head},"sha256":"{sha256((head + "}").encode())}"}}')
    with pytest.raises(CheckpointError, match=words):
        load_checkpoint(tmp_path)


@pytest.mark.parametrize("schema", [1, 2])
def test_old_checkpoints_are_read(schema: int) -> None:
    """A checkpoint that an earlier version wrote is what it was; the first schema knew no settings and no best."""
    loaded = load_checkpoint(Path(__file__).parent / "checkpoints" / f"schema-{schema}")
    assert loaded is not None
    assert loaded.generation == 7
    assert same(loaded.state, STATE)
    assert loaded.settings == (None if schema == 1 else {"population": 6, "rates": [0.5, 0.25]})
    assert loaded.best == (None if schema == 1 else (5, (0.75,)))


def test_a_lost_file_of_tensors_is_named(tmp_path: Path) -> None:
    """Without its tensors a checkpoint is damaged."""
    save_checkpoint(tmp_path, 1, STATE)
    next(tmp_path.glob("*.safetensors")).unlink()
    with pytest.raises(CheckpointError, match="lacks its file"):
        load_checkpoint(tmp_path)


def test_nothing_saved_is_nothing_loaded(tmp_path: Path) -> None:
    """A folder without checkpoints, or none at all, gives None."""
    assert load_checkpoint(tmp_path) is None
    assert load_checkpoint(tmp_path / "missing") is None


def test_three_checkpoints_are_kept_and_the_newest_is_loaded(tmp_path: Path) -> None:
    """Older checkpoints and files that killed processes left go away."""
    (tmp_path / ".generation-000001.json.1234.tmp").write_bytes(b"")
    (tmp_path / "other.json").write_bytes(b"")
    for generation in (1, 2, 3, 4, 5, 5):
        save_checkpoint(tmp_path, generation, {**STATE, "at": torch.tensor(generation)})
    save_checkpoint(tmp_path, 5, STATE)
    names = sorted(path.name for path in tmp_path.iterdir())
    kept = [name[:17] for name in names if name.endswith("json") and name != "other.json"]
    assert kept == ["generation-000003", "generation-000004", "generation-000005"]
    assert len(names) == 7
    loaded = load_checkpoint(tmp_path)
    assert loaded is not None
    assert loaded[0] == 5
    assert same(loaded[1], STATE)


@pytest.mark.parametrize("survived", range(4))
def test_a_failed_save_leaves_the_last_checkpoint(
    survived: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever the disk fills up, the newest whole checkpoint loads."""
    save_checkpoint(tmp_path, 1, STATE)
    left = [survived]
    fsync = os.fsync

    def fill(handle: int) -> None:
        if not left[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        left[0] -= 1
        fsync(handle)

    monkeypatch.setattr(os, "fsync", fill)
    with pytest.raises(OSError, match="could not write"):
        save_checkpoint(tmp_path, 1, {"new": torch.ones(2)})
    loaded = load_checkpoint(tmp_path)
    assert loaded is not None
    # the last step only makes the new name durable
    assert same(loaded[1], {"new": torch.ones(2)} if survived == 3 else STATE)


def test_tensors_are_copied_from_wherever_they_are(tmp_path: Path) -> None:
    """Views, transposes, shared storage and parameters are saved by their values."""
    base = torch.arange(6.0).reshape(2, 3)
    state = {"a": base, "b": base.t(), "c": base[0], "d": torch.nn.Parameter(base)}
    save_checkpoint(tmp_path, 1, state)
    loaded = load_checkpoint(tmp_path)
    assert loaded is not None
    for key, tensor in state.items():
        assert torch.equal(loaded[1][key], tensor.detach())  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [object(), {1, 2}, b"bytes", 1j, torch.float32])
def test_what_cannot_be_saved_is_named(value: object, tmp_path: Path) -> None:
    """The error says where in the state the value is, and nothing is written."""
    with pytest.raises(TypeError, match=r"state\['a'\]\[1\] must be"):
        save_checkpoint(tmp_path, 1, {"a": [0, value]})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("generation", [-1, 2])
def test_an_older_generation_is_refused(generation: int, tmp_path: Path) -> None:
    """Saving behind the newest checkpoint would not be what the next load finds."""
    save_checkpoint(tmp_path, 3, STATE)
    with pytest.raises(ValueError, match="generation must be at least 3"):
        save_checkpoint(tmp_path, generation, STATE)


@pytest.mark.parametrize("harm", ["cut the document", "cut the tensors", "lose the tensors"])
@pytest.mark.parametrize("older", [True, False])
def test_the_advice_about_damage_leads_on(harm: str, older: bool, tmp_path: Path) -> None:
    """Removing what the sentence names is enough: an older checkpoint is loaded, or there is none."""
    for generation in (1, 2) if older else (2,):
        save_checkpoint(tmp_path, generation, {"place": torch.ones(3) * generation})
    pattern = "*2.json" if harm == "cut the document" else "*2-*.safetensors"
    (path,) = tmp_path.glob(pattern)
    if harm == "lose the tensors":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(CheckpointError) as caught:
        load_checkpoint(tmp_path)
    aim = "resume from an older checkpoint" if older else "begin again"
    match = re.search(rf"remove (\S+) to {aim}\.$", str(caught.value))
    assert match is not None, caught.value
    Path(match[1]).unlink()
    found = load_checkpoint(tmp_path)
    assert (None if found is None else found.generation) == (1 if older else None)
