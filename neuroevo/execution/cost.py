"""What training costs in multiply-adds."""

from __future__ import annotations

from functools import lru_cache
from textwrap import shorten

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from neuroevo.backbones import Backbone
from neuroevo.backbones.layout import length
from neuroevo.budget import Budget
from neuroevo.execution.training import Recipe
from neuroevo.execution.uncompiled import FlopCount

# One forward pass, one backward pass to the inputs and one to the weights; the first layer's inputs need none, which is
# ignored (under 2 % of a ConvNet4).
PASSES = 3


@lru_cache(maxsize=256)
def multiply_adds(backbone: Backbone, image: tuple[int, ...], classes: int) -> int:
    """Return the multiply-adds of one forward pass of one example [C, ...]."""
    network, counter = backbone.build(classes, generator=torch.Generator()), FlopCount()
    # One example is computed: on the meta device the first pass would import PyTorch's compiler and sympy. Attention is
    # computed as products of matrices: older versions have no formula for their own kernel of it.
    with counter, torch.no_grad(), sdpa_kernel(SDPBackend.MATH):
        network.eval()(torch.zeros(1, *image))
    return counter.total // 2


def check_reads(backbone: Backbone, image: tuple[int, ...]) -> None:
    """Check that networks of a backbone can read examples.

    Args:
        backbone: The architecture.
        image: Channels, height and width of an image, or the shape of another example.

    Raises:
        ValueError: They can't.
    """
    try:
        multiply_adds(backbone, image, 1)
    except (RuntimeError, ValueError, IndexError) as error:
        kind, reason = type(backbone).__name__, shorten(str(error), 120, placeholder=" …").rstrip(".")
        raise ValueError(
            f"backbone must read examples of the shape {list(image)}, but {kind} does not ({reason}); give it the "
            "channels and the size of the data set, or choose another."
        ) from None


def training_budget(
    backbone: Backbone, recipe: Recipe, *, image: tuple[int, ...], classes: int, images: int, heads: int = 1
) -> Budget:
    """Return the budget of one training run by a recipe on a task.

    Args:
        backbone: The architecture that is trained.
        recipe: How it is trained.
        image: Channels, height and width of an image, or the shape of another example.
        classes: Outputs of the head.
        images: Images to train on.
        heads: How often an update reads the head, in full or in part; each counts in full.
    """
    layout = backbone.layout
    heads_again = (heads - 1) * length(layout.features, layout.groups) * classes
    each = PASSES * (multiply_adds(backbone, image, classes) + heads_again) * min(recipe.batch, images)
    return Budget(recipe.updates, each * recipe.updates, recipe.updates)
