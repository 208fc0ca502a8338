"""Decoded images on disk, so that many small files are decoded once.

A file of the cache holds tensors in the format of safetensors, is named by a digest of what was read (the path, the
length and the time of change of each file) and holds a digest of its own content: files that changed are read anew,
and a damaged file of the cache is made again. Tensors are mapped into memory, not read, so that processes share them.

`NEUROEVO_CACHE` names the folder, by default `neuroevo` in `XDG_CACHE_HOME` or `~/.cache`; empty, there is no cache.
All of it may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from neuroevo.data.readable import reading

VARIABLE = "NEUROEVO_CACHE"
VERSION = "1"
"""Changes whenever other pixels would be made of the same files."""


def cached(paths: Sequence[Path], settings: str, make: Callable[[], dict[str, Tensor]]) -> dict[str, Tensor]:
    """Return tensors that are made of files, from the cache if the files have not changed since.

    Args:
        paths: All files that are read.
        settings: What else decides the tensors, such as a size.
        make: Reads the files.

    Raises:
        OSError: One of the files is not there.
    """
    folder = cache_folder()
    if folder is None:
        return make()
    path = folder / f"{_key(paths, settings)}.safetensors"
    if (known := _loaded(path)) is not None:
        return known
    made = make()
    try:
        _store(path, made)
    except (OSError, SafetensorError) as error:
        warnings.warn(
            f"{folder} can't keep decoded images ({error}), which will be decoded again next time; let {VARIABLE} name "
            "another folder, or be empty to keep none.",
            RuntimeWarning,
            stacklevel=2,
        )
        return made
    return _loaded(path) or made


def cache_folder() -> Path | None:
    """Return the folder of the cache, which need not be there; None if there is to be none."""
    if (chosen := os.environ.get(VARIABLE)) is not None:
        return Path(chosen).expanduser() if chosen else None
    home = os.environ.get("XDG_CACHE_HOME")
    try:
        return (Path(home) if home else Path.home() / ".cache") / "neuroevo"
    except RuntimeError:  # there is no home
        return None


def _key(paths: Sequence[Path], settings: str) -> str:
    digest = hashlib.blake2b(f"{VERSION}\n{settings}\n".encode(), digest_size=16)
    for path in paths:
        with reading(path):
            found = path.stat()
        digest.update(f"{path.absolute()}\0{found.st_size}\0{found.st_mtime_ns}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()


def _loaded(path: Path) -> dict[str, Tensor] | None:
    """Return what a file of the cache holds, mapped into memory; None if it is not there or damaged."""
    try:
        with safe_open(path, framework="pt") as file:
            names: list[str] = file.keys()
            metadata, tensors = file.metadata() or {}, {name: file.get_tensor(name) for name in names}
    except (OSError, SafetensorError):
        return None
    return tensors if metadata.get("digest") == _digest(tensors) else None


def _store(path: Path, tensors: dict[str, Tensor]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        save_file(tensors, temporary, {"digest": _digest(tensors)})
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _digest(tensors: Mapping[str, Tensor]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name}{tensor.dtype}{list(tensor.shape)}".encode())
        digest.update(tensor.contiguous().numpy().data.cast("B"))
    return digest.hexdigest()
