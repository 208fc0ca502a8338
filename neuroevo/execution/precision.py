"""The floating-point precision that networks compute in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Literal, get_args

import torch

Precision = Literal["float32", "tf32", "bf16"]
FLOAT32: Precision = "float32"


def check_precision(precision: str) -> None:
    """Raise ValueError unless it is the name of a precision."""
    if precision not in get_args(Precision):
        raise ValueError(f"precision must be one of {', '.join(get_args(Precision))}, but it is {precision!r}.")


def computing(precision: Precision, device: torch.device) -> AbstractContextManager[object]:
    """Let forward passes on a device compute in bfloat16 if requested and safe; weights stay float32."""
    return torch.autocast(device.type, torch.bfloat16) if precision == "bf16" else nullcontext()


@contextmanager
def multiplying(precision: Precision) -> Iterator[None]:
    """Let GPUs multiply float32 numbers with 10 bits instead of 23 (TensorFloat-32) if requested, and only then.

    PyTorch has one switch for all threads, which is on by default for convolutions.
    """
    allowed = precision == "tf32"
    matmul, convolution = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = allowed
    try:
        yield
    finally:
        torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = matmul, convolution
