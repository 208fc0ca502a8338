"""The hypothesis strategies: what they draw is valid, sizes are kept, and it shrinks to what the docs say."""

from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st

from neuroevo.backbones import MLP, Backbone
from neuroevo.data.images import LabelledImages
from neuroevo.data.tasks import Task
from neuroevo.evolution import evolve
from neuroevo.operators.inheritance import extract
from neuroevo.splits import ROLES
from neuroevo.testing import strategies
from neuroevo.testing.architectures import ResidualNet
from neuroevo.testing.strategies import (
    Ancestor,
    ancestors,
    backbones,
    datasets,
    fitnesses,
    gene_pools,
    genomes,
    images,
    labelled_images,
    learngenes,
    populations,
    seeds,
    tasks,
    toolboxes,
)

SEARCH = settings(max_examples=200, database=None, derandomize=True, suppress_health_check=list(HealthCheck))


def smallest(strategy: st.SearchStrategy[Any]) -> Any:
    """Return what hypothesis shrinks to if every value is accepted."""
    return find(strategy, lambda _: True, settings=SEARCH)


@given(st.data(), st.integers(1, 5), st.integers(0, 5), st.sampled_from([torch.float16, torch.float64, torch.int64]))
def test_genomes_keep_their_sizes(data: st.DataObject, least: int, more: int, dtype: torch.dtype) -> None:
    """Length, range and dtype are as requested."""
    genome = data.draw(genomes(min_size=least, max_size=least + more, low=-2, high=3, dtype=dtype))
    assert genome.dtype == dtype
    assert least <= len(genome) <= least + more
    assert ((genome >= -2) & (genome <= 3)).all()


@given(st.data(), st.booleans(), st.booleans())
def test_populations_share_one_tensor(data: st.DataObject, evaluated: bool, non_finite: bool) -> None:
    """Genomes are rows of one tensor, ids differ, and fitnesses are there, and finite, as asked."""
    population = data.draw(
        populations(min_individuals=2, max_individuals=4, min_size=3, evaluated=evaluated, non_finite=non_finite)
    )
    assert 2 <= len(population) <= 4
    assert len({one.id for one in population}) == len(population)
    assert len({one.genome.untyped_storage().data_ptr() for one in population}) == 1
    assert all(one.fitness.valid == evaluated for one in population)
    assert non_finite or not any(one.fitness.failed for one in population)
    assert {len(one.genome) for one in population} <= {*range(3, 9)}


@given(st.data(), st.lists(st.sampled_from([1.0, -1.0, 2.0]), min_size=1, max_size=3), st.integers(0, 2))
def test_populations_have_objectives_and_parents(data: st.DataObject, weights: list[float], most: int) -> None:
    """Values are as many as weights, parents no more than asked for and older than all, and some wait to be scored."""
    drawn = populations(evaluated=None, weights=weights, max_parents=most)
    population = data.draw(drawn)
    assert all(one.fitness.weights == tuple(weights) for one in population)
    assert all(len(one.fitness.values) == len(weights) for one in population if one.fitness.valid)
    oldest = min(one.id for one in population)
    assert all(len(one.parents) <= most and all(id < oldest for id in one.parents) for one in population)


@pytest.mark.slow
def test_some_of_a_population_can_wait_to_be_scored() -> None:
    """A population of scored and unscored individuals is drawn."""
    mixed = populations(evaluated=None, min_individuals=2, max_parents=2)
    found = find(mixed, lambda drawn: len({one.fitness.valid for one in drawn}) == 2, settings=SEARCH)
    assert len(found) == 2


@given(fitnesses(non_finite=False), fitnesses(min_size=2, max_size=3))
def test_fitnesses_are_doubles(finite: torch.Tensor, few: torch.Tensor) -> None:
    """They are finite where that is asked for, and as many."""
    assert finite.dtype == few.dtype == torch.float64
    assert finite.isfinite().all()
    assert 2 <= len(few) <= 3


@pytest.mark.parametrize("kind", ["nan", "inf", "-inf", "tie"])
def test_fitnesses_come_with_failures_and_ties(kind: str) -> None:
    """NaN, both infinities and equal numbers are found among few draws."""

    def has(fitness: torch.Tensor) -> bool:
        if kind == "tie":
            numbers = fitness[fitness.isfinite()]
            return len(numbers.unique()) < len(numbers)
        return any(str(value) == kind for value in fitness.tolist())

    assert has(find(fitnesses(), has, settings=settings(SEARCH, max_examples=500)))


@pytest.mark.parametrize("kind", ["mlp", "convnet4", "residual", "vgg", "resnet12"])
def test_every_kind_of_backbone_is_drawn(kind: str) -> None:
    """All kinds come, residual ties included."""
    assert (
        find(backbones(), lambda backbone: backbone.kind == kind, settings=settings(SEARCH, max_examples=500)).kind
        == kind
    )


@given(st.data(), backbones(max_channels=3))
def test_backbones_are_small_and_take_their_images(data: st.DataObject, backbone: Backbone) -> None:
    """No group is wider than asked, and the images that are drawn for it go through."""
    assert max(backbone.layout.groups.values()) <= 3
    network = backbone.build(2, generator=torch.Generator().manual_seed(0)).eval()
    batch = data.draw(images(backbone=backbone, min_images=2, max_images=2))
    assert network(batch).shape == (2, 2)


@given(st.data(), st.sampled_from([(1, 4, 4), (2, 16, 16)]))
def test_backbones_fit_a_shape(data: st.DataObject, shape: tuple[int, int, int]) -> None:
    """Asked for images of a shape, only what takes them is drawn."""
    backbone = data.draw(backbones(image_shape=shape))
    network = backbone.build(2, generator=torch.Generator().manual_seed(0)).eval()
    assert network(torch.zeros(1, *shape)).shape == (1, 2)


@given(ancestors(classes=4))
def test_a_learngene_is_that_of_its_ancestor(ancestor: Ancestor) -> None:
    """Slices are read from the network that comes with it, and every channel has an id of its own."""
    learngene, weights = ancestor.learngene, ancestor.network.state_dict()
    again = extract(weights, learngene.indices, backbone=learngene.backbone, provenance=learngene.provenance)
    assert again.to_bytes() == learngene.to_bytes()
    ids = torch.cat([*learngene.provenance.values()])
    assert len(ids.unique()) == len(ids)
    assert ancestor.network.head.out_features == 4


@given(st.data(), st.sampled_from([MLP(widths=(3, 2), inputs=4), ResidualNet()]))
def test_learngenes_of_one_backbone(data: st.DataObject, backbone: Backbone) -> None:
    """A backbone that is given is kept, also by all individuals of a pool."""
    assert data.draw(learngenes(backbone=backbone)).backbone == backbone
    pool = data.draw(gene_pools(backbone=backbone, min_individuals=1, max_capacity=3))
    assert 1 <= len(pool.individuals) <= pool.capacity <= 3
    assert all(one.genome.backbone == backbone for one in pool.individuals)
    assert {*pool.scores} == {one.id for one in pool.individuals}
    assert all(0 <= score <= 1 for score in pool.scores.values())


@given(st.data())
def test_images_and_data_sets_keep_their_sizes(data: st.DataObject) -> None:
    """Classes, images per class, channels and pixels are as requested; roles share nothing."""
    sizes = {"min_classes": 2, "max_classes": 3, "min_per_class": 2, "max_per_class": 4, "channels": 3, "size": 5}
    dataset = data.draw(datasets(**sizes))
    for role in ROLES:
        check_images(dataset.role(role))
    names = [name for role in ROLES for name in dataset.role(role).classes]
    assert len({*names}) == len(names)
    check_images(data.draw(labelled_images(**sizes)))


def check_images(drawn: LabelledImages) -> None:
    """Assert the sizes above."""
    assert 2 <= len(drawn.classes) <= 3
    counts = drawn.labels.bincount(minlength=len(drawn.classes))
    assert ((counts >= 2) & (counts <= 4)).all()
    assert drawn.images.shape[1:] == (3, 5, 5)


@given(tasks(max_ways=2, max_shots=3, max_test_per_class=1, channels=2, size=3))
def test_tasks_are_sampled_from_images(task: Task) -> None:
    """Ways, shots and tests are within their limits, and rows belong to the source."""
    ways = len(task.classes)
    assert 1 <= ways <= 2
    assert ways <= len(task.train) <= 3 * ways
    assert len(task.test) in (0, ways)
    assert task.source.images.shape[1:] == (2, 3, 3)
    assert torch.equal(task.source.labels[task.train], task.classes[task.train_labels])


@given(toolboxes(max_individuals=4, max_size=3))
def test_toolboxes_evolve(toolbox: Any) -> None:
    """Whatever is drawn runs, with no more individuals and genes than asked."""
    generations = [*evolve(toolbox, 2)]
    assert len(generations) == 2
    for generation in generations:
        assert 1 <= len(generation.population) <= 4
        assert all(1 <= len(one.genome) <= 3 for one in generation.population)


@pytest.mark.slow
def test_what_is_drawn_shrinks_to_what_the_docs_say() -> None:
    """The smallest draw of each strategy is the one in its docstring."""
    assert smallest(seeds()) == 0
    assert smallest(genomes()).tolist() == [0.0]
    (one,) = smallest(populations())
    assert (one.id, one.genome.tolist(), one.fitness.values) == (0, [0.0], (0.0,))
    assert smallest(fitnesses()).tolist() == [0.0]
    assert smallest(backbones()) == MLP(widths=(1,), inputs=1)
    ancestor = smallest(ancestors())
    assert (ancestor.seed, ancestor.learngene.counts) == (0, {"hidden1": 1})
    assert smallest(learngenes()).indices["hidden1"].tolist() == [0]
    pool = smallest(gene_pools())
    assert (pool.capacity, len(pool.individuals)) == (1, 0)
    assert smallest(labelled_images()).labels.tolist() == [0]
    task = smallest(tasks())
    assert (len(task.classes), len(task.train), len(task.test)) == (1, 1, 0)
    assert [len(smallest(datasets()).role(role).images) for role in ROLES] == [1, 1, 1]
    assert smallest(images(backbone=MLP(widths=(1,), inputs=2))).shape == (1, 1, 1, 2)
    (only,) = smallest(toolboxes()).generate()
    assert len(only.genome) <= 2


def test_every_strategy_says_what_it_draws_and_shrinks_to() -> None:
    """Each docstring has an example draw and the word about shrinking."""
    for name in strategies.__all__:
        text = getattr(strategies, name).__doc__ or ""
        if name != "Ancestor":
            assert "hrinks" in text, name
            assert "xample" in text, name


@given(st.data())
def test_genomes_lie_within_their_bounds(data: st.DataObject) -> None:
    """Rounding to the dtype leaves none of them outside."""
    dtype = data.draw(st.sampled_from([torch.float16, torch.bfloat16, torch.float32, torch.float64]))
    genome = data.draw(strategies.genomes(low=0.1, high=0.3, dtype=dtype)).double()
    assert bool(((genome >= 0.1) & (genome <= 0.3)).all())
