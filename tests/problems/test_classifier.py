"""Classifiers: a backbone's weights on the library's images."""

from types import ModuleType

import pytest
import torch

from neuroevo.backbones import ConvNet4
from neuroevo.execution import Pixels
from neuroevo.individual import Individual
from neuroevo.problems.classifier import DIGITS, classifier, digits
from neuroevo.problems.supervised import accuracy


def test_digits() -> None:
    """The given number of images of each digit, in 7 x 7 pixels, the same every time, and none from `novel`."""
    problem, again = digits(per_class=6), digits(per_class=6)
    assert problem.inputs.shape == (6 * len(DIGITS), 1, 7, 7)
    assert torch.bincount(problem.targets).tolist() == [6] * len(DIGITS)
    assert problem.space.size == 953
    assert torch.equal(problem.inputs, again.inputs)
    assert torch.equal(problem.space.start, again.space.start)


def test_digits_are_separated_by_their_images() -> None:
    """The most similar image, inverted or not, is mostly of the same digit: images and labels belong together."""
    problem = digits(per_class=40)
    images = problem.inputs.flatten(1)
    images = images - images.mean(1, keepdim=True)
    images = images / images.norm(dim=1, keepdim=True)
    alike = (images @ images.T).abs().fill_diagonal_(0)
    assert float((problem.targets[alike.argmax(1)] == problem.targets).float().mean()) > 0.6


def test_any_backbone_on_any_images(toys: ModuleType) -> None:
    """A convolutional network is scored in a batch as it is alone, and only its head may evolve."""
    data = toys.dataset(size=16)
    backbone = ConvNet4(widths=(2, 2, 2, 2))
    problem = classifier(data.ancestry, backbone, pixels=Pixels.of(data), score=accuracy, only=["head.*"], seed=3)
    classes = len(data.ancestry.classes)
    assert problem.space.size == classes * (2 + 1)
    population = [
        Individual(row, id=place)
        for place, row in enumerate(problem.space.sample(3, generator=torch.Generator().manual_seed(0)))
    ]
    for one, (value,) in zip(population, problem.batch(population), strict=True):
        outputs = problem.to_module(one).eval()(problem.inputs).detach()
        assert value == pytest.approx(float(accuracy(outputs, problem.targets)), abs=0.01)
