"""Virtual forward passes: the outputs of any module are those of its copies whose weights have the noise in them."""

import copy
import logging
import warnings
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from neuroevo.execution.perturbed import Perturbed
from neuroevo.low_rank import Factors, LowRankNoise
from neuroevo.space import Space

POPULATION = 3


class Tokens(nn.Module):
    """A transformer over tokens, with added positions and a token of its own; tied embeddings if asked for."""

    def __init__(self, *, tied: bool = False) -> None:
        super().__init__()
        self.embedding = nn.Embedding(11, 8, padding_idx=0)
        self.positions = nn.Parameter(0.1 * torch.randn(1, 4, 8))
        self.first = nn.Parameter(torch.zeros(1, 1, 8))
        layer = nn.TransformerEncoderLayer(8, 2, 12, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(8, 11)
        if tied:
            self.head.weight = self.embedding.weight

    def forward(self, tokens: Tensor) -> Tensor:
        """Return logits of the next token."""
        found = self.embedding(tokens.long()) + self.positions
        found = torch.cat([self.first.expand(len(found), -1, -1), found], 1)
        return self.head(self.encoder(found)[:, 0])


class Attending(nn.Module):
    """Attention whose queries differ from keys, with a mask, and with its weights among the outputs."""

    def __init__(self, **settings: object) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, **settings)
        self.keys = nn.Linear(8, self.attention.kdim)
        self.first = self.attention.batch_first

    def forward(self, inputs: Tensor) -> Tensor:
        """Return outputs."""
        queries = inputs if self.first else inputs.transpose(0, 1)
        keys, length = self.keys(queries), inputs.shape[1]
        mask = torch.ones(length, length, dtype=torch.bool).triu(1)
        found, weights = self.attention(queries, keys, keys, attn_mask=mask)
        return (found if self.first else found.transpose(0, 1)) + weights[..., :1]


class Recurrent(nn.Module):
    """A recurrent network in two directions and layers."""

    def __init__(self, kind: type[nn.RNNBase]) -> None:
        super().__init__()
        self.cells = kind(4, 5, num_layers=2, bidirectional=True, batch_first=True)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return outputs."""
        return self.cells(inputs)[0]


class Bare(nn.Module):
    """Products with matrices and a factor, without any layer."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Parameter(torch.randn(4, 6)), nn.Parameter(torch.randn(3, 6))
        self.both, self.factor = nn.Parameter(torch.randn(6, 6)), nn.Parameter(torch.tensor(0.5))

    def forward(self, inputs: Tensor) -> Tensor:
        """Return outputs."""
        top, rest = self.both[:2], self.both.split([2, 4])[1]
        found = self.factor * torch.tanh(inputs @ self.first)
        found = torch.cat([nn.functional.linear(found, top), torch.mm(found, rest.t())], 1)
        return (self.second.chunk(3)[0] @ found.mT).mT + found @ self.second.T


class Branching(nn.Module):
    """A module that looks at its outputs, which no batch of networks can do."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 2)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return outputs."""
        found = self.layer(inputs)
        return found if float(found.sum()) > 0 else -found


class Counting(nn.Module):
    """A module that remembers how often it was called."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 2)
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, inputs: Tensor) -> Tensor:
        """Return outputs."""
        self.calls += 1
        return self.layer(inputs) * self.calls


class Paired(nn.Module):
    """A bilinear layer, whose weights are no matrix."""

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.pair = nn.Bilinear(4, 4, outputs)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return outputs."""
        return self.pair(inputs, inputs)


def images() -> nn.Module:
    """Return a network of images with grouped, dilated and transposed convolutions."""
    return nn.Sequential(
        nn.Conv2d(2, 6, 3, padding=1, stride=2),
        nn.BatchNorm2d(6),
        nn.Conv2d(6, 6, 3, groups=3, dilation=2, padding="same"),
        nn.GELU(),
        nn.ConvTranspose2d(6, 4, 3, groups=2, stride=2, output_padding=1),
        nn.GroupNorm(2, 4),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Linear(16, 3),
    )


def volumes() -> nn.Module:
    """Return a network of volumes."""
    return nn.Sequential(nn.Conv3d(2, 3, 2), nn.Tanh(), nn.ConvTranspose3d(3, 2, 2))


MODULES: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "perceptron": (lambda: nn.Sequential(nn.Linear(4, 6), nn.LayerNorm(6), nn.Tanh(), nn.Linear(6, 3)), (4,)),
    "images": (images, (2, 8, 8)),
    "signals": (lambda: nn.Sequential(nn.Conv1d(2, 4, 3, padding=1, padding_mode="circular"), nn.ReLU()), (2, 9)),
    "volumes": (volumes, (2, 3, 4, 3)),
    "transformer": (Tokens, (4,)),
    "tied embeddings": (lambda: Tokens(tied=True), (4,)),
    "attention": (lambda: Attending(kdim=6, vdim=6, bias=False), (5, 8)),
    "attention, batch first": (lambda: Attending(batch_first=True), (5, 8)),
    "attention with keys of its own": (lambda: Attending(batch_first=True, add_bias_kv=True), (5, 8)),
    "LSTM": (lambda: Recurrent(nn.LSTM), (3, 4)),
    "GRU": (lambda: Recurrent(nn.GRU), (3, 4)),
    "bare parameters": (Bare, (4,)),
    "statistics of the batch": (
        lambda: nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6, track_running_stats=False), nn.Linear(6, 2)),
        (4,),
    ),
    "weight norm": (lambda: nn.utils.parametrizations.weight_norm(nn.Linear(4, 3)), (4,)),
    "bilinear": (lambda: Paired(3), (4,)),
    "branching": (Branching, (4,)),
}
OTHERS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "counting": (Counting, (4,)),
    "large": (lambda: Paired(5000), (4,)),
}


def made(name: str) -> tuple[nn.Module, Tensor]:
    """Return a module, and inputs."""
    make, shape = {**MODULES, **OTHERS}[name]
    with torch.random.fork_rng():
        torch.manual_seed(5)
        module, inputs = make().eval(), torch.randn(5, *shape)
    return module, inputs.mul(3).abs().floor() if isinstance(module, Tokens) else inputs


def virtual_and_real(
    module: nn.Module, inputs: Tensor, rank: int, *, tiles: bool = True, copies: bool = False
) -> tuple[Tensor, Tensor]:
    """Return the outputs of a virtual population, and those of modules with its weights."""
    space = Space.of_module(module)
    network = Perturbed(module, [block.name for block in space.blocks], inputs[:2], copies=copies)
    network.tiled = network.tiled if tiles else None
    noise = LowRankNoise(space, rank, network.dense)
    seeds = [2, 3, 10][:POPULATION]
    parts = noise.split(noise.draws(seeds), noise.scales(seeds, torch.full((len(space.blocks),), 0.1)))
    found = network(space.split(space.start), parts, inputs)
    real = []
    for row in range(POPULATION):
        one = copy.deepcopy(module)
        with torch.no_grad():
            for name, part in parts.items():
                own = (part.left @ part.right.mT)[row] if isinstance(part, Factors) else part[row]
                one.get_parameter(name).add_(own.reshape(one.get_parameter(name).shape))
            real.append(one(inputs))
    return found, torch.stack(real)


@pytest.mark.parametrize("rank", [1, 3])
@pytest.mark.parametrize("name", MODULES)
def test_outputs_are_those_of_materialised_modules(name: str, rank: int) -> None:
    """Within 1e-5, for every kind of layer; individuals differ, and the module stays as it was."""
    module, inputs = made(name)
    before = copy.deepcopy(module.state_dict())
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "There is a performance drop")
        found, real = virtual_and_real(module, inputs, rank)
    torch.testing.assert_close(found, real, rtol=1e-5, atol=1e-5)
    assert not torch.allclose(found[0], found[1])
    assert all(torch.equal(before[key], value) for key, value in module.state_dict().items())


@pytest.mark.parametrize("rank", [1, 3])
def test_convolutions_are_stacked_where_they_do_not_run_in_tiles(rank: int) -> None:
    """As on a GPU: B makes maps, and A mixes them."""
    found, real = virtual_and_real(*made("images"), rank, tiles=False)
    torch.testing.assert_close(found, real, rtol=1e-5, atol=1e-5)


def test_modules_that_change_begin_as_they_were() -> None:
    """Each individual has a copy of what a module keeps."""
    found, real = virtual_and_real(*made("counting"), 1, copies=True)
    torch.testing.assert_close(found, real)


def test_modules_that_cannot_be_stacked_run_one_after_the_other(caplog: pytest.LogCaptureFixture) -> None:
    """And the log says so."""
    module, inputs = made("branching")
    with caplog.at_level(logging.WARNING):
        virtual_and_real(module, inputs, 1)
    assert "Branching runs one individual after the other" in caplog.text


def test_only_matrices_of_layers_have_low_rank_noise() -> None:
    """What is added, repeated or else used has dense noise."""
    module, inputs = made("transformer")
    names = [name for name, _ in module.named_parameters()]
    assert Perturbed(module, names, inputs).dense == {"positions", "first"}
    module, inputs = made("bilinear")
    assert Perturbed(module, ["pair.weight", "pair.bias"], inputs).dense == {"pair.weight"}


def test_large_weights_of_other_layers_are_refused() -> None:
    """In a sentence that names the layer."""
    module, inputs = made("large")
    with pytest.raises(ValueError, match=r"pair, a Bilinear, uses its weight in bilinear; leave pair.weight out"):
        Perturbed(module, ["pair.weight"], inputs)
