"""Tensors and a header in one safetensors file with one metadata entry: equal content gives equal bytes.

Safetensors itself does not detect a changed byte, so the header carries a checksum of everything. Nothing in a file is
code, and reading executes none.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from neuroevo.files import CheckpointError, to_json

METADATA_KEY = "neuroevo"
# Errors that json, safetensors and readers of the header raise on damaged data.
DAMAGE = (SafetensorError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError)


def seal(tensors: Mapping[str, Tensor], header: Mapping[str, Any]) -> bytes:
    """Return the file's content; the tensors are dense, on the CPU and share no memory, the header is JSON values."""
    metadata = {METADATA_KEY: to_json({**header, "sha256": _digest(tensors, header)})}
    return save(dict(tensors), metadata=metadata)


def unseal(data: bytes, *, schema: int) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Return the tensors and the header of data that `seal` made.

    Raises:
        CheckpointError: The header has another `schema`, or the content does not match its checksum.
        Exception: One of `DAMAGE`, where the data is something else.
    """
    header = header_of(data)
    if header.get("schema") != schema:
        raise CheckpointError(f"its schema is {header.get('schema')!r}, and this version reads {schema}")
    digest = header.pop("sha256")
    tensors = load(data)
    if _digest(tensors, header) != digest:
        raise CheckpointError("its content does not fit its checksum")
    return tensors, header


def header_of(data: bytes) -> dict[str, Any]:
    """Return the header of data that `seal` made, unchecked.

    Raises:
        Exception: One of `DAMAGE`, where the data is something else.
    """
    header: dict[str, Any] = json.loads(_metadata(data)[METADATA_KEY])
    return header


def _digest(tensors: Mapping[str, Tensor], header: Mapping[str, Any]) -> str:
    """Return the sha256 over names, types, shapes and bytes of the tensors and over the header."""
    digest = hashlib.sha256(to_json(header).encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        # By way of bytes, for numpy has no bfloat16.
        digest.update(tensor.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _metadata(data: bytes) -> dict[str, str]:
    """Return the metadata entries of safetensors data (its first 8 bytes are the header's length)."""
    length = int.from_bytes(data[:8], "little")
    metadata = json.loads(data[8 : 8 + length])["__metadata__"]
    return {str(key): str(value) for key, value in metadata.items()}
