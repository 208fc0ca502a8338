"""Tracing: a user's module becomes a backbone with the same outputs, or an error names what is not supported."""

from itertools import cycle
from pathlib import Path
from types import ModuleType

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from neuroevo import evolve
from neuroevo.backbones import Traced, from_description, trace
from neuroevo.benchmarks.report.tables import format_value
from neuroevo.cli.for_people import pairs
from neuroevo.execution import Recipe
from neuroevo.learngene import Learngene
from neuroevo.operators.circuits import random_circuit
from neuroevo.operators.inheritance import extract, inherit
from neuroevo.operators.places import features_of
from neuroevo.strategies import GTL
from neuroevo.testing.laws import check_backbone

IMAGE = (3, 8, 8)


class Residual(nn.Module):
    """A sum ties groups, the flattened maps are read in blocks, and dropout is left out."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.around = nn.Conv2d(4, 4, 3, padding=1, bias=False)
        self.flat = nn.BatchNorm1d(4 * 16)
        self.hidden = nn.Linear(4 * 16, 5)
        self.last = nn.Linear(5, 7)

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits."""
        images = torch.relu(self.norm(self.stem(images)))
        images = F.max_pool2d(images + self.around(images), 2)
        hidden = self.hidden(self.flat(images.view(images.size(0), -1)))
        return self.last(F.dropout(F.leaky_relu(hidden, 0.2), training=self.training))


class Branches(nn.Module):
    """Grouped convolutions, squeeze and excitation, a concatenation, a shuffle, and a convolution as the head."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 6, 3, padding=1)
        self.grouped = nn.Sequential(nn.Conv2d(6, 8, 3, padding=1, groups=2, bias=False), nn.GroupNorm(4, 8), nn.SiLU())
        self.squeeze, self.excite = nn.Conv2d(8, 2, 1), nn.Conv2d(2, 8, 1)
        self.inner, self.shuffled = nn.Conv2d(8, 4, 1), nn.Conv2d(4, 4, 3, padding=1)
        self.last = nn.Conv2d(6 + 8 + 4, 7, 1)

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits."""
        first = F.hardswish(self.stem(images))
        second = self.grouped(first)
        second = second * F.hardsigmoid(self.excite(F.relu(self.squeeze(F.adaptive_avg_pool2d(second, 1)))))
        third = F.channel_shuffle(F.elu(self.shuffled(F.relu(self.inner(second)))), 2)
        return self.last(torch.cat([first, second, third], 1)).relu_().mean((2, 3))


class Attending(nn.Module):
    """A transformer block over patches with a class token, positions, joint projections and layer norms."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 6, 4, stride=4)
        self.token, self.positions = nn.Parameter(torch.randn(1, 1, 6)), nn.Parameter(torch.randn(1, 5, 6))
        self.norm, self.second_norm = nn.LayerNorm(6), nn.LayerNorm(6)
        self.qkv, self.out = nn.Linear(6, 3 * 8), nn.Linear(8, 6)
        self.mlp = nn.Sequential(nn.Linear(6, 10), nn.GELU(), nn.Linear(10, 6))
        self.scale = nn.Parameter(torch.ones(6))
        self.last = nn.Linear(6, 7)

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits."""
        tokens = self.patches(images).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.token.expand(len(images), -1, -1), tokens], 1) + self.positions
        query, key, value = self.qkv(self.norm(tokens)).reshape(len(images), 5, 3, 4, 2).permute(2, 0, 3, 1, 4)
        weights = (query @ key.transpose(-1, -2) * 2**-0.5).softmax(-1)
        tokens = tokens + self.out((weights @ value).transpose(1, 2).reshape(len(images), 5, 8))
        tokens = tokens + self.scale * self.mlp(self.second_norm(tokens))
        return self.last(tokens[:, 0]).softmax(1)


def signal() -> nn.Module:
    """Return a network of one-dimensional convolutions for signals."""
    body = [nn.Conv1d(2, 4, 5, stride=2), nn.BatchNorm1d(4), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(4, 6, 3), nn.ReLU()]
    return nn.Sequential(*body, nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(6, 7))


def three_lines() -> nn.Module:
    """Return a user's own three-line CNN, with a head that reads pixels."""
    body = [nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 4, 3), nn.ReLU(inplace=True)]
    return nn.Sequential(*body, nn.Flatten(), nn.Linear(4 * 4, 7))


def depthwise() -> nn.Module:
    """Return a network with a depthwise second convolution."""
    body = [nn.Conv2d(3, 4, 3, 2, 1, bias=False), nn.BatchNorm2d(4), nn.ReLU6(), nn.Conv2d(4, 4, 3, 1, 1, groups=4)]
    return nn.Sequential(*body, nn.GELU(), nn.Conv2d(4, 5, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(5, 7))


def flat() -> nn.Module:
    """Return a network of linear layers."""
    return nn.Sequential(nn.Flatten(), nn.Linear(3 * 64, 5), nn.Tanh(), nn.Linear(5, 4), nn.SiLU(), nn.Linear(4, 7))


def resnet18() -> nn.Module:
    """Return torchvision's network."""
    return pytest.importorskip("torchvision").models.resnet18(num_classes=7)


def vgg11_bn() -> nn.Module:
    """Return torchvision's network, with narrow linear layers."""
    module = pytest.importorskip("torchvision").models.vgg11_bn(num_classes=7)
    module.classifier[0], module.classifier[3] = nn.Linear(512 * 49, 8), nn.Linear(8, 8)
    module.classifier[6] = nn.Linear(8, 7)
    return module


MODULES = {
    make.__name__: make
    for make in (three_lines, Residual, depthwise, flat, resnet18, vgg11_bn, signal, Branches, Attending)
}


def made(name: str) -> nn.Module:
    """Return a module with random weights, which PyTorch draws from the global generator."""
    with torch.random.fork_rng(devices=[]):
        return MODULES[name]()


def image_for(name: str) -> tuple[int, ...]:
    """Return the shape of images that a module takes."""
    return {"vgg11_bn": (3, 32, 32), "signal": (2, 30)}.get(name, IMAGE)


all_modules = pytest.mark.parametrize("name", MODULES)


def small(name: str) -> Traced:
    """Return a traced backbone with two to four channels per group."""
    backbone = trace(made(name), image=image_for(name))
    return backbone.resized(dict(zip(backbone.names, cycle((2, 3, 4)), strict=False)))


@all_modules
def test_laws(name: str) -> None:
    """A traced backbone keeps the laws of backbones."""
    check_backbone(small(name), image=image_for(name), examples=2)


@all_modules
@torch.no_grad()
def test_the_network_computes_what_the_module_computes(name: str, toys: ModuleType) -> None:
    """With the module's weights under the module's names, the head's aside, the outputs are the module's."""
    module = made(name).eval()
    backbone, weights = trace(module, image=image_for(name), weights=True)
    network = backbone.build(7, generator=toys.generator()).eval()
    network.load_state_dict(weights)
    images = torch.randn(3, *image_for(name), generator=toys.generator())
    logits = network(images)
    # The softmax behind the head is left out; behind the convolution it is the mean that is.
    expected = {"Attending": logits.softmax(1)}.get(name, logits)
    if name != "Branches":
        torch.testing.assert_close(expected, module(images), rtol=1e-4, atol=1e-5)
    own = {each: tensor for each, tensor in module.state_dict().items() if f"body.{each}" in weights}
    assert all(torch.equal(weights[f"body.{each}"], tensor) for each, tensor in own.items())
    left = {each.rpartition(".")[2]: tensor for each, tensor in module.state_dict().items() if each not in own}
    assert {*left} == {"weight", "bias"}
    assert all(
        torch.equal(weights[f"head.{each}"], tensor.flatten(1) if tensor.ndim > 1 else tensor)
        for each, tensor in left.items()
    )


@all_modules
@torch.no_grad()
def test_genes_compute_what_the_circuit_computes(name: str, toys: ModuleType, tmp_path: Path) -> None:
    """In a wider heir, too, and what was inherited is extracted bit for bit; a file needs no code of the module."""
    backbone = small(name)
    heir = backbone.resized({group: width + 2 for group, width in backbone.layout.groups.items()})
    learngene, network = toys.learngene(backbone), toys.network(heir, seed=1)
    report = inherit(learngene, network.state_dict(), layout=heir.layout)
    network.load_state_dict(report.weights)
    images = torch.randn(3, *image_for(name), generator=toys.generator())
    alone = learngene.to_module(classes=3).eval().features(images)
    inside = network.features(images)[:, features_of(heir.layout, report.slots)]
    torch.testing.assert_close(inside, alone, rtol=1e-5, atol=1e-5)
    back = extract(report.weights, report.slots, backbone=heir, provenance=learngene.provenance)
    assert all(torch.equal(part, back.slices[each]) for each, part in learngene.slices.items())
    learngene.save(tmp_path / "mine.safetensors")
    for loaded in (
        Learngene.load(tmp_path / "mine.safetensors"),
        Learngene.load(tmp_path / "mine.safetensors", backbone=backbone),
    ):
        assert loaded.backbone == backbone
        assert loaded.to_bytes() == learngene.to_bytes()


def test_groups_of_resnet18() -> None:
    """Each stage's sums are one group, as wide as the stage, and each block has its own."""
    backbone = trace(made("resnet18"), image=(3, 64, 64))
    groups = backbone.layout.groups
    assert len(groups) == 12
    assert groups["conv1"] == groups["layer1.0.conv1"] == 64
    assert [*groups.values()][-1] == 512
    axes = backbone.layout.axes
    assert axes["body.layer2.0.conv2.weight"] == ("layer2.0.conv2", "layer2.0.conv1", None, None)
    assert axes["body.layer2.0.downsample.0.weight"] == ("layer2.0.conv2", "conv1", None, None)
    assert backbone.layout.parameters() == 11_176_512


def test_deeper_chains_by_the_size_of_maps(toys: ModuleType) -> None:
    """Layers without sums have stages: a second convolution on maps of one size passes the genes on."""

    def chain(more: int) -> Traced:
        extra = [layer for _ in range(more) for layer in (nn.Conv2d(6, 6, 3, padding=1), nn.ReLU())]
        body = [nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(), *extra, nn.MaxPool2d(2), nn.Conv2d(6, 4, 3), nn.ReLU()]
        return trace(nn.Sequential(*body, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2)), image=IMAGE)

    with torch.random.fork_rng(devices=[]):
        learngene, deeper = toys.learngene(chain(0)), chain(2)
    network = toys.network(deeper, seed=1)
    report = inherit(learngene, network.state_dict(), layout=deeper.layout)
    network.load_state_dict(report.weights)
    images = torch.randn(3, *IMAGE, generator=toys.generator())
    with torch.no_grad():
        alone = learngene.to_module(classes=3).eval().features(images)
        inside = network.features(images)[:, features_of(deeper.layout, report.slots)]
    torch.testing.assert_close(inside, alone, rtol=1e-5, atol=1e-5)


def test_gtl_evolves_a_users_network(toys: ModuleType) -> None:
    """A generation of GTL runs, lives condense also where the head reads pixels, and learngenes are of the backbone."""
    backbone, recipe = trace(made("three_lines"), image=IMAGE), Recipe(updates=2, batch=8)
    data = toys.dataset(channels=3, size=8)
    settings = {"population": 2, "life_ways": 2, "critic_ways": 2, "critic_shots": 2, "workers": 1}
    strategy = GTL(data, backbone, seed=1, life=recipe, critic=recipe, condense=True, founders=1, **settings)
    assert len([*evolve(strategy, 1)]) == 1
    assert strategy.result().genome.backbone == backbone


class Cumulative(nn.Module):
    """Uses an operation that is not followed."""

    def forward(self, images: Tensor) -> Tensor:
        """Return something."""
        return torch.cummax(images, 2).values


class TwoHeads(nn.Module):
    """Gives the mean of two heads."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.other = nn.Linear(192, 2), nn.Linear(192, 2)

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits."""
        flat = images.flatten(1)
        return (self.one(flat) + self.other(flat)) / 2


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (
            nn.Sequential(nn.Conv2d(3, 4, 3), Cumulative(), nn.Flatten(), nn.Linear(144, 2)),
            r"^1 \(Cumulative\): cummax is not supported",
        ),
        (TwoHeads(), "must come from one Linear layer or convolution 1x1, the head, but they come from add"),
        (nn.Sequential(nn.Flatten(), nn.Linear(192, 2)), "needs a layer before its head"),
        (nn.Sequential(nn.Conv2d(1, 3, 3), nn.Flatten(), nn.Linear(108, 2)), "must take images of the shape"),
        (
            nn.Sequential(nn.Flatten(), nn.Linear(192, 8), nn.BatchNorm1d(8, affine=False), nn.Linear(8, 2)),
            "2 .BatchNorm1d",
        ),
    ],
)
def test_what_is_not_supported_is_named(module: nn.Module, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """In one sentence, and nothing else is printed."""
    with pytest.raises(ValueError, match=message) as caught:
        trace(module, image=IMAGE)
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)
    assert capsys.readouterr() == ("", "")


def test_it_is_shown_in_a_line() -> None:
    """Its steps would fill a screen, in Python as at the command line."""
    backbone = trace(made("three_lines"), image=IMAGE)
    size = sum(tensor.numel() for tensor in backbone.build(2, generator=torch.Generator()).body.state_dict().values())
    assert repr(backbone) == f"<Traced: image 3x8x8, {size} parameters, 2 groups>"
    text = f"kind traced, image 3x8x8, widths 6, 4, operations {len(backbone.steps)}"
    assert format_value({"network": backbone.describe()}) == f"network {text}"
    assert (
        pairs({"network": backbone.describe()})
        == f"network (kind traced, image 3x8x8, widths 6 and 4, operations {len(backbone.steps)})"
    )


def test_control_flow_is_not_traced(capfd: pytest.CaptureFixture[str]) -> None:
    """The line that decides by data is named, and nothing else is printed."""

    class Deciding(nn.Module):
        def forward(self, images: Tensor) -> Tensor:
            return images if images.sum() > 0 else -images

    line = Deciding.forward.__code__.co_firstlineno + 1
    with pytest.raises(
        ValueError, match=rf"^Deciding can't be traced: line {line} of test_tracing\.py branches on the"
    ):
        trace(Deciding(), image=IMAGE)
    assert capfd.readouterr() == ("", "")


def test_unknown_steps_are_refused() -> None:
    """A description can name no function that is not in the table."""
    description = trace(made("three_lines"), image=IMAGE).describe()
    description["steps"][2][0] = "system"
    with pytest.raises(ValueError, match="one is 'system'"):
        from_description(description)


@pytest.mark.parametrize("name", ["flat", "three_lines"])
def test_it_is_exported_for_any_number_of_images(name: str) -> None:
    """Whole and as a circuit; none of them knows the number of images that it was exported with."""
    backbone, weights = trace(made(name), image=image_for(name), weights=True)
    circuit = random_circuit(backbone.layout, share=0.5, generator=torch.Generator().manual_seed(0))
    learngene = extract(weights, circuit, backbone=backbone, provenance=circuit)
    whole = backbone.build(2, generator=torch.Generator().manual_seed(0))
    few, many = torch.ones(2, *image_for(name)), torch.ones(5, *image_for(name))
    for network in (whole.eval(), learngene.to_module(classes=2).eval()):
        program = torch.export.export(network, (few,), dynamic_shapes=({0: torch.export.Dim("images", min=1)},))
        torch.testing.assert_close(program.module()(many), network(many))
