"""Multi-head attention in elementary operations, for parameters that only these know.

PyTorch's own is one function of all of its parameters; here each projection is a linear layer of its own.
"""

from __future__ import annotations

import copy
import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class _OpenAttention(nn.MultiheadAttention):
    """`nn.MultiheadAttention` in evaluation mode; it replaces `forward` alone."""

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """Return the outputs, and the weights of the attention if they are needed."""
        del is_causal  # a hint: the mask is there, too
        parts = [self._batched(one) for one in (query, key, value)]
        queries, keys, values = (self._heads(one) for one in self._projected(*parts))
        scores = queries @ keys.mT / math.sqrt(self.head_dim)
        for mask in (_attention_mask(attn_mask, self.num_heads), _padding_mask(key_padding_mask)):
            scores = scores if mask is None else _masked(scores, mask)
        weights = scores.softmax(-1)
        found = F.linear((weights @ values).transpose(1, 2).flatten(2), self.out_proj.weight, self.out_proj.bias)
        found = found[0] if query.dim() == 2 else found if self.batch_first else found.transpose(0, 1)
        if not need_weights:
            return found, None
        shown = weights.mean(1) if average_attn_weights else weights
        return found, shown[0] if query.dim() == 2 else shown

    def _projected(self, query: Tensor, key: Tensor, value: Tensor) -> list[Tensor]:
        """Return queries, keys and values, [N, L, E]."""
        bias: Tensor | None = self.in_proj_bias
        biases = [None] * 3 if bias is None else [*bias.chunk(3)]
        whole: Tensor | None = self.in_proj_weight
        weights = [self.q_proj_weight, self.k_proj_weight, self.v_proj_weight] if whole is None else [*whole.chunk(3)]
        return [F.linear(*each) for each in zip((query, key, value), weights, biases, strict=True)]

    def _batched(self, numbers: Tensor) -> Tensor:
        """Return inputs as [N, L, E]."""
        if numbers.dim() == 2:
            return numbers.unsqueeze(0)
        return numbers if self.batch_first else numbers.transpose(0, 1)

    def _heads(self, numbers: Tensor) -> Tensor:
        """Return numbers [N, L, E] by head, [N, heads, L, E / heads]."""
        by_head: Tensor = numbers.unflatten(-1, (self.num_heads, -1))
        return by_head.transpose(1, 2)


def _attention_mask(mask: Tensor | None, heads: int) -> Tensor | None:
    """Return a mask [L, S] or [N heads, L, S] for scores [N, heads, L, S]."""
    return mask.unflatten(0, (-1, heads)) if mask is not None and mask.dim() == 3 else mask


def _padding_mask(mask: Tensor | None) -> Tensor | None:
    """Return a mask of keys, [N, S] or [S], for scores [N, heads, L, S]."""
    return mask if mask is None else mask.reshape(-1, 1, 1, mask.shape[-1])


def _masked(scores: Tensor, mask: Tensor) -> Tensor:
    return scores.masked_fill(mask, -math.inf) if mask.dtype == torch.bool else scores + mask


def with_open_attention(module: nn.Module) -> nn.Module:
    """Return a module whose attention is made of elementary operations; itself if it has none."""
    if not any(_opens(part) for part in module.modules()):
        return module
    made = copy.deepcopy(module)
    for part in made.modules():
        if _opens(part):
            part.__class__ = _OpenAttention
    return made


def _opens(part: Any) -> bool:
    return type(part) is nn.MultiheadAttention and part.bias_k is None and not part.add_zero_attn
