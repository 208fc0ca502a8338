"""Backbones: descriptions of networks that declare their channel groups.

A backbone is a frozen dataclass that describes an architecture. It builds networks (`build`), declares which tensor
axes must share one index set (`layout`), describes the same structure at other widths (`resized`) and itself as
plain data (`describe`). The hierarchy has one layer: `MLP`, `ConvNet4`, `VGG`, `ResNet12` and `ViT`
follow the protocol `Backbone`, and `trace` turns a module of your own into a `Traced` backbone.

A network that a backbone builds is a `torch.nn.Module` with `features(images)` and a linear `head`;
the head is never part of a learngene.
"""

from neuroevo.backbones.backbone import Backbone, Network
from neuroevo.backbones.convnet4 import ConvNet4
from neuroevo.backbones.description import from_description
from neuroevo.backbones.layout import Layout
from neuroevo.backbones.mlp import MLP
from neuroevo.backbones.resnet12 import ResNet12
from neuroevo.backbones.traced import Traced
from neuroevo.backbones.tracing import trace
from neuroevo.backbones.vgg import VGG
from neuroevo.backbones.vit import ViT

__all__ = [
    "MLP",
    "VGG",
    "Backbone",
    "ConvNet4",
    "Layout",
    "Network",
    "ResNet12",
    "Traced",
    "ViT",
    "from_description",
    "trace",
]
