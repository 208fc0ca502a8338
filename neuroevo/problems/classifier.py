"""Classifiers of images: a backbone's weights, scored on any of the library's data sets."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional as F

from neuroevo.backbones import MLP, Backbone
from neuroevo.data.glyphs import glyphs
from neuroevo.data.images import LabelledImages
from neuroevo.execution import Pixels
from neuroevo.problems.supervised import Supervised
from neuroevo.seeds import stream

DIGITS = "123456789"
SIDE = 7
HIDDEN = 16


def classifier(
    images: LabelledImages, backbone: Backbone, *, pixels: Pixels, seed: int = 0, **settings: Any
) -> Supervised:
    """Return the problem of classifying images by evolving a backbone's weights.

    Args:
        images: Images and their classes, for example `glyphs().ancestry`.
        backbone: The network's architecture.
        pixels: Normalises images, for example `Pixels.of(glyphs())`.
        seed: Seed of the weights that a search starts from.
        **settings: Further settings of `Supervised`, such as `score` or `only`.
    """
    network = backbone.build(len(images.classes), generator=stream(seed, "classifier"))
    return Supervised(network.to(images.labels.device), pixels(images.images), images.labels, **settings)


def digits(*, per_class: int = 50, **settings: Any) -> Supervised:
    """Return the problem of classifying the digits 1 to 9 in 7 x 7 pixels by a network of 953 weights.

    Args:
        per_class: Images of each digit.
        **settings: Settings of `Supervised`, such as `score` or `only`.

    The digits come from `neuroevo.data.glyphs` (without 0, which looks like O), downscaled by the mean of 4 x 4
    pixels; the network has one hidden layer of 16.
    """
    data = glyphs(images_per_class=per_class)
    shown, labels = [], []
    for role in (data.ancestry, data.held_out):
        for name in set(DIGITS) & set(role.classes):
            chosen = role.images[role.labels == role.classes.index(name)]
            shown.append(F.avg_pool2d(chosen.float(), data.size // SIDE))
            labels.append(torch.full((len(chosen),), DIGITS.index(name)))
    pooled = torch.cat(shown)
    order = torch.cat(labels).argsort(stable=True)
    few = LabelledImages(pooled[order].round().to(torch.uint8), torch.cat(labels)[order], tuple(DIGITS))
    backbone = MLP(widths=(HIDDEN,), inputs=SIDE**2)
    return classifier(few, backbone, pixels=Pixels((0.5,), (0.25,)), **settings)


PROBLEMS = {"digits": digits}
