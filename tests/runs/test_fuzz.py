"""Damaged and hostile files by the thousand: each is refused by a CheckpointError, or is a whole file."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from safetensors.torch import load, save

from neuroevo.files import CheckpointError, sha256
from neuroevo.learngene import Learngene
from neuroevo.runs.checkpoint import Best, load_checkpoint, save_checkpoint
from neuroevo.runs.records import read_records
from neuroevo.sealed import METADATA_KEY, _digest

FEW, MANY = 800, 40_000
"""Inputs for each of the three kinds of files, in the default run and in the slow one."""

Mutant = Callable[[random.Random, bytes], bytes]
NUMBERS = (0, -1, 1, 2**31, 2**63, 10**30, 0.5, 1e308, float("inf"), float("nan"))
WORDS = ("", "kind", "mlp", "../../x", "\x00", "convnet4", "F32", "__metadata__", "\ud800")


def flipped(source: random.Random, data: bytes) -> bytes:
    """Change some bits."""
    changed = bytearray(data)
    for _ in range(source.choice((1, 1, 2, 8))):
        changed[source.randrange(len(changed))] ^= 1 << source.randrange(8)
    return bytes(changed)


def cut(source: random.Random, data: bytes) -> bytes:
    """Leave out a part: the end, the beginning or the middle."""
    first, last = sorted(source.randrange(len(data) + 1) for _ in range(2))
    return source.choice((data[:first], data[last:], data[:first] + data[last:]))


def stuffed(source: random.Random, data: bytes) -> bytes:
    """Put in a part of the same file, zeros or noise."""
    place, size = source.randrange(len(data) + 1), source.choice((1, 8, 100))
    start = source.randrange(len(data))
    part = source.choice((data[start : start + size], bytes(size), source.randbytes(size)))
    return data[:place] + part + data[place:]


def announced(source: random.Random, data: bytes) -> bytes:
    """Announce another length of the header, as safetensors does in its first bytes."""
    return source.choice(NUMBERS[:5]).__index__().to_bytes(16, "little", signed=True)[:8] + data[8:]


def forged_tree(source: random.Random, value: Any) -> Any:
    """Change one place of a JSON value: another number, word or container, or less or more of it."""
    if isinstance(value, dict) and value and source.random() < 0.85:
        key = source.choice([*value])
        action = source.random()
        if action < 0.1:
            return {other: item for other, item in value.items() if other != key}
        if action < 0.15:
            return {**value, source.choice(WORDS): value[key]}
        return {**value, key: forged_tree(source, value[key])}
    if isinstance(value, list) and value and source.random() < 0.85:
        place = source.randrange(len(value))
        changed = [forged_tree(source, value[place])] if source.random() < 0.8 else []
        return [*value[:place], *changed, *value[place + 1 :]]
    return source.choice([*NUMBERS, *WORDS, None, True, [], {}, [[]], {"$tensor": "0"}, {"$dict": [[[], 1]]}, [1] * 50])


def forged_tensors(source: random.Random, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Give one tensor another type, shape, value or name, or leave it out."""
    name = source.choice([*tensors])
    tensor, rest = tensors[name], {other: tensors[other] for other in tensors if other != name}
    changed = source.choice(
        (
            tensor.to(source.choice((torch.float16, torch.int64, torch.uint8, torch.bool))),
            tensor.reshape(-1),
            tensor[:0],
            tensor.reshape(1, *tensor.shape).repeat(2, *[1] * tensor.ndim),
            torch.full_like(tensor, source.choice((0, -1, 2**20))),
            torch.tensor(float("nan")),
        )
    )
    return rest | {source.choice((name, name, name, "x", "slices/x", "indices/hidden1")): changed}


def forged_learngene(source: random.Random, data: bytes) -> bytes:
    """Change header or tensors and make the checksum fit again."""
    length = int.from_bytes(data[:8], "little")
    header = json.loads(json.loads(data[8 : 8 + length])["__metadata__"][METADATA_KEY])
    tensors = load(data)
    header.pop("sha256")
    if source.random() < 0.5:
        tensors = forged_tensors(source, tensors)
    else:
        header = forged_tree(source, header)
    text = json.dumps({**header, "sha256": digest_of(tensors, header)} if isinstance(header, dict) else header)
    return save({name: tensor.contiguous() for name, tensor in tensors.items()}, metadata={METADATA_KEY: text})


def digest_of(tensors: dict[str, torch.Tensor], header: dict[str, Any]) -> str:
    """Return the checksum that a file with this content has, if it can have one."""
    try:
        return _digest(tensors, header)
    except (TypeError, ValueError):
        return ""


def forged_checkpoint(source: random.Random, data: bytes) -> bytes:
    """Change the document of a checkpoint and make its checksum fit again."""
    document = json.loads(data)
    document.pop("sha256")
    document = forged_tree(source, document)
    if not isinstance(document, dict):
        return json.dumps(document).encode()
    text = json.dumps(document, separators=(",", ":")).encode()
    return json.dumps({**document, "sha256": sha256(text)}, separators=(",", ":")).encode()


DAMAGES: tuple[Mutant, ...] = (flipped, cut, stuffed)


def outcome(read: Callable[[bytes], object], mutant: bytes) -> str:
    """Return whether a mutant was read or refused; an exception of any other kind passes, with the mutant."""
    try:
        read(mutant)
    except CheckpointError as error:
        return "in more than one line" if "\n" in str(error) else "refused"
    except BaseException as error:
        error.add_note(f"the input: {mutant!r}")
        raise
    return "read"


def outcomes(
    count: int, seed: int, mutants: tuple[Mutant, ...], data: bytes, read: Callable[[bytes], object]
) -> Counter[str]:
    """Feed mutants to a reader, and count how many it read and refused; whatever else it raises passes."""
    source, found = random.Random(seed), Counter[str]()
    for _ in range(count):
        mutant = source.choice(mutants)(source, data)
        if source.random() < 0.1:
            mutant = source.choice(DAMAGES)(source, mutant or b"0")
        found[outcome(read, mutant)] += 1
    return found


counts = pytest.mark.parametrize("count", [FEW, pytest.param(MANY, marks=pytest.mark.slow)])


@counts
def test_mutants_of_learngenes(count: int, toys: ModuleType) -> None:
    """Damaged bytes, and forged content under a fitting checksum."""
    data = toys.learngene(toys.MLP_BACKBONE).with_notes(lineage=[3, 1], classes={"ancestry": ["a"]}).to_bytes()
    found = outcomes(count, 1, (*DAMAGES, announced, *[forged_learngene] * 4), data, Learngene.from_bytes)
    assert found.keys() <= {"refused", "read"}
    assert found["refused"] > count / 2


STATE = {
    "generation": 3,
    "pool": [{"genome": {"tensors": {"a": torch.arange(6.0)}}, "score": 0.5, "values": (1.0, float("-inf"))}],
    "generator": torch.Generator().get_state()[:64],
    "tree": {3: None, 5: 3},
}


@counts
@pytest.mark.parametrize("part", ["json", "safetensors"])
def test_mutants_of_checkpoints(part: str, count: int, tmp_path: Path) -> None:
    """Either file, damaged or forged."""
    save_checkpoint(tmp_path, 3, STATE, settings={"population": 6}, best=Best(2, (0.5,)))
    (path,) = tmp_path.glob(f"*.{part}")
    mutants = (*DAMAGES, *[forged_checkpoint] * 5) if part == "json" else (*DAMAGES, announced)

    def read(mutant: bytes) -> None:
        path.write_bytes(mutant)
        load_checkpoint(tmp_path)

    found = outcomes(count // 2, 2, mutants, path.read_bytes(), read)
    assert found.keys() <= {"refused", "read"}
    assert found["refused"] > count / 4


@counts
def test_mutants_of_records(count: int, tmp_path: Path) -> None:
    """Lines of JSON."""
    path = tmp_path / "records.jsonl"
    data = b"".join(
        json.dumps({"kind": "generation", "generation": g, "x": [1.5, None]}).encode() + b"\n" for g in range(9)
    )

    def read(mutant: bytes) -> None:
        path.write_bytes(mutant)
        read_records(path)

    found = outcomes(count, 3, DAMAGES, data, read)
    assert found.keys() <= {"refused", "read"}
    assert found["refused"] > count / 4
