"""The state of a run between two generations, saved so that it is whole or not there.

A checkpoint is two files in a folder: `generation-000012-1a2b3c4d.safetensors` holds the tensors,
and `generation-000012.json` everything else, the name of the first file and the digests of both.
The JSON file is written last: a checkpoint exists when its JSON file does. The newest three and the
one of the best generation stay. Nothing in the files is code, and loading runs none.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from neuroevo.files import CheckpointError, sha256, write_atomically
from neuroevo.runs.seals import Seal
from neuroevo.spelling import shown

if TYPE_CHECKING:
    from torch import Tensor

SCHEMA = 2
READABLE = (1, SCHEMA)
"""Schemas that are read; the first one knew neither settings nor the best generation."""
KEPT = 3
"""How many of the newest checkpoints stay in the folder."""

_NAME = re.compile(r"generation-([0-9]{6,})\.json")
_TENSORS = re.compile(r"generation-([0-9]{6,})-([0-9a-f]{8})\.safetensors")


class Best(NamedTuple):
    """The best generation of a run so far.

    Attributes:
        generation: Number of complete generations when it ended.
        score: The weighted fitness values of its best individual: the greater is the better.
    """

    generation: int
    score: tuple[float, ...]


class Checkpoint(NamedTuple):
    """What a run is resumed from.

    Attributes:
        generation: Number of complete generations.
        state: The strategy's state.
        settings: The strategy's settings, as JSON values; None if they are not known.
        best: The best generation so far; None if every individual failed, or if that is not known.
        records: What the records before it were; None if that is not known.
    """

    generation: int
    state: dict[str, object]
    settings: dict[str, object] | None = None
    best: Best | None = None
    records: Seal | None = None


def save_checkpoint(
    directory: str | os.PathLike[str],
    generation: int,
    state: Mapping[str, object],
    *,
    settings: Mapping[str, object] | None = None,
    best: Best | None = None,
    records: Seal | None = None,
) -> None:
    """Save `state` as the checkpoint of `generation`; the newest three and that of the best generation stay.

    Args:
        directory: folder of checkpoints; it is made if it does not exist.
        generation: number of complete generations, not below that of the newest checkpoint.
        state: nested dicts, lists and tuples of None, bool, int, float, str and tensors. A tensor
            comes back on the CPU, without its graph and with storage of its own.
        settings: the strategy's settings, of the same kinds.
        best: the best generation so far, whose checkpoint is kept.
        records: what the records before it are.

    Raises:
        ValueError: `generation` is negative or older than the newest checkpoint.
        TypeError: `state` holds something else; the message says where.
        OSError: a file could not be written; older checkpoints are as they were.
    """
    from safetensors.torch import save

    folder = Path(directory)
    newest = max(_generations(folder), default=0)
    if generation < newest:
        raise ValueError(f"generation must be at least {newest}, the newest in {folder}, but it is {generation}.")
    tensors: dict[str, Tensor] = {}
    structure = _encode(state, tensors, "state")
    described = _encode(settings, tensors, "settings")
    data = save(tensors)
    digest = sha256(data)
    name = f"generation-{generation:06d}-{digest[:8]}.safetensors"
    document: dict[str, object] = {"schema": SCHEMA, "generation": generation}
    document |= {"tensors": name, "tensors_sha256": digest, "state": structure, "settings": described}
    document["best"] = None if best is None else [best.generation, list(best.score)]
    document["records"] = None if records is None else [*records]
    document["sha256"] = sha256(_dump(document))
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / name, data)
    write_atomically(path_of(folder, generation), _dump(document))
    _prune(folder, name, best)


def load_checkpoint(directory: str | os.PathLike[str], *, generation: int | None = None) -> Checkpoint | None:
    """The newest checkpoint of a folder, or that of a generation; None if it has none.

    Raises:
        CheckpointError: the checkpoint is damaged or of another schema; one sentence.
        OSError: a file cannot be read.
    """
    folder = Path(directory)
    generations = _generations(folder)
    generation = max(generations, default=None) if generation is None else generation
    if generation is None or generation not in generations:
        return None
    path = generations[generation]
    document = _document(path, generation)
    tensors = _tensors(path, str(document["tensors"]), str(document["tensors_sha256"]))
    try:
        state = _decode(document["state"], tensors)
        settings = _decode(document.get("settings"), tensors)
        best, records = _best(document.get("best")), _seal(document.get("records"))
    except (LookupError, TypeError, ValueError, RecursionError) as error:
        raise _damaged(path) from error
    if not isinstance(state, dict) or not (settings is None or isinstance(settings, dict)):
        raise _damaged(path)
    return Checkpoint(generation, state, settings, best, records)


def older_seals(directory: str | os.PathLike[str], generation: int) -> Iterator[tuple[int, Seal]]:
    """Yield the generation and the records of each checkpoint before that of a generation; damaged ones are left out.

    Raises:
        OSError: a file cannot be read.
    """
    for number, path in sorted(_generations(Path(directory)).items()):
        with contextlib.suppress(CheckpointError, ValueError):
            seal = _seal(_document(path, number).get("records"))
            if number < generation and seal is not None:
                yield number, seal


def _seal(value: object) -> Seal | None:
    match value:
        case None:
            return None
        case [int(count), str(digest)]:
            return Seal(count, digest)
    raise ValueError(value)


def _best(value: object) -> Best | None:
    match value:
        case None:
            return None
        case [int(generation), list(score)] if all(type(number) in (int, float) for number in score):
            return Best(generation, tuple(map(float, score)))
    raise ValueError(value)


def _document(path: Path, generation: int) -> dict[str, object]:
    data = path.read_bytes()
    try:
        document = json.loads(data)
        if not isinstance(document, dict):
            raise _damaged(path)
        rest = {key: value for key, value in document.items() if key != "sha256"}
        # equal bytes, not equal values: a changed byte is damage even where JSON does not mind
        intact = _dump(document) == data and document.get("sha256") == sha256(_dump(rest))
    except (ValueError, RecursionError) as error:
        raise _damaged(path) from error
    if not intact:
        raise _damaged(path)
    if document.get("schema") not in READABLE:
        raise CheckpointError(
            f"{path} must have schema {' or '.join(map(str, READABLE))}, but it has {shown(document.get('schema'))}; "
            "load it with the version of neuroevo that wrote it."
        )
    tensors = _TENSORS.fullmatch(str(document.get("tensors")))
    lacking = {"state", "tensors_sha256"} - document.keys()
    if tensors is None or lacking or document.get("generation") != generation:
        raise _damaged(path)
    return document


def _tensors(document: Path, name: str, digest: str) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load

    path = document.with_name(name)
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise CheckpointError(f"{document} lacks its file {name}; {removal(document)}.") from error
    if sha256(data) != digest:
        raise _damaged(path, document)
    try:
        return load(data)
    except (SafetensorError, ValueError, LookupError) as error:
        raise _damaged(path, document) from error


def _encode(value: object, tensors: dict[str, Tensor], place: str) -> object:
    import torch

    if value is None or type(value) in (bool, int, str):
        return value
    if type(value) is float:
        return value if math.isfinite(value) else {"$float": repr(value)}
    if isinstance(value, torch.Tensor):
        key = str(len(tensors))
        tensors[key] = value.detach().to("cpu", copy=True).contiguous()
        return {"$tensor": key}
    if type(value) is tuple:
        return {"$tuple": _encode(list(value), tensors, place)}
    if type(value) is list:
        return [_encode(item, tensors, f"{place}[{i}]") for i, item in enumerate(value)]
    if isinstance(value, dict):
        return _encode_dict(value, tensors, place)
    raise TypeError(f"{place} must be a JSON value, a tuple or a tensor, but it is a {type(value).__name__}.")


def _encode_dict(value: dict[object, object], tensors: dict[str, Tensor], place: str) -> object:
    items = [(key, _encode(v, tensors, f"{place}[{key!r}]")) for key, v in value.items()]
    if all(type(key) is str and not key.startswith("$") for key, _ in items):
        return dict(items)
    return {"$dict": [[_encode(key, tensors, f"a key of {place}"), v] for key, v in items]}


def _decode(value: object, tensors: Mapping[str, Tensor]) -> object:
    if isinstance(value, list):
        return [_decode(item, tensors) for item in value]
    match value:
        case {"$float": ("nan" | "inf" | "-inf") as number}:
            return float(number)
        case {"$tensor": str(key)}:
            return tensors[key]
        case {"$tuple": list(items)}:
            return tuple(_decode(item, tensors) for item in items)
        case {"$dict": list(items)}:
            return {_decode(key, tensors): _decode(item, tensors) for key, item in items}
        case dict():
            return {key: _decode(item, tensors) for key, item in value.items()}
    return value


def _dump(document: Mapping[str, object]) -> bytes:
    # keys stay in their order, which a state may depend on
    return json.dumps(document, separators=(",", ":"), allow_nan=False).encode()


def _generations(folder: Path) -> dict[int, Path]:
    found = ((_NAME.fullmatch(path.name), path) for path in folder.glob("generation-*.json"))
    return {int(match[1]): path for match, path in found if match}


def _prune(folder: Path, name: str, best: Best | None) -> None:
    generations = _generations(folder)
    kept = {*sorted(generations)[-KEPT:], -1 if best is None else best.generation}
    for generation, path in generations.items():
        if generation not in kept:
            path.unlink(missing_ok=True)
    for path in folder.glob("generation-*.safetensors"):
        match = _TENSORS.fullmatch(path.name)
        stale = match is not None and int(match[1]) not in kept
        if stale or (path.name != name and path.name.startswith(name[: name.rindex("-") + 1])):
            path.unlink(missing_ok=True)
    for path in folder.glob(".generation-*.tmp"):  # left by a process that was killed
        path.unlink(missing_ok=True)


def removal(document: Path) -> str:
    """Return what to do about a checkpoint that can't be used, in words: its JSON file is what makes it one."""
    match = _NAME.fullmatch(document.name)
    older = match is not None and any(number < int(match[1]) for number in _generations(document.parent))
    return f"remove {document} to {'resume from an older checkpoint' if older else 'begin again'}"


def path_of(directory: Path, generation: int) -> Path:
    """Return the JSON file of the checkpoint of a generation."""
    return directory / f"generation-{generation:06d}.json"


def _damaged(path: Path, document: Path | None = None) -> CheckpointError:
    return CheckpointError(f"{path} is damaged; {removal(document or path)}.")
