"""Lives and the training setup of heirs: pure, by slot and generation, on ancestry alone."""

import copy
import pickle
from dataclasses import replace
from functools import partial
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor

from neuroevo.backbones import Network
from neuroevo.budget import Budget
from neuroevo.data.augmentation import Augmentation
from neuroevo.data.images import Dataset, LabelledImages
from neuroevo.data.tasks import sample_task
from neuroevo.execution import Pixels, Recipe, train_all
from neuroevo.execution.condensing import Condensing
from neuroevo.execution.cost import multiply_adds
from neuroevo.execution.training import cross_entropy
from neuroevo.individual import Individual
from neuroevo.learngene import Learngene
from neuroevo.operators.circuits import random_circuit
from neuroevo.operators.heads import remember
from neuroevo.operators.inheritance import cross_masks, extract, inherit
from neuroevo.problems import Live, TrainingSetup
from neuroevo.problems import live as live_module

RECIPE = Recipe(updates=4, batch=16)


def setup_of(toys: ModuleType, **parts: Any) -> TrainingSetup:
    """Return the training setup of heirs of the toy backbone."""
    settings = {"backbone": toys.MLP_BACKBONE, "pixels": Pixels.of(toys.dataset()), "recipe": RECIPE}
    return TrainingSetup(**{**settings, **parts})


def live_of(toys: ModuleType, *, seed: int = 0, ways: int = 3, workers: int | None = None, **parts: Any) -> Live:
    """Return lives on the toy data set's ancestry."""
    images = toys.dataset().ancestry
    return Live(setup=setup_of(toys, **parts), images=images, ways=ways, seed=seed, workers=workers)


def learngene_of(toys: ModuleType, seed: int = 5) -> Learngene:
    """Return a random circuit of a random network."""
    backbone, generator = toys.MLP_BACKBONE, toys.generator(seed)
    circuit = random_circuit(backbone.layout, share=0.4, generator=generator)
    provenance = {group: torch.arange(len(indices)) for group, indices in circuit.items()}
    return extract(
        backbone.build(2, generator=generator).state_dict(), circuit, backbone=backbone, provenance=provenance
    )


def heirs(toys: ModuleType) -> list[Individual]:
    """Return founders and heirs of two generations."""
    genomes = [None, learngene_of(toys), learngene_of(toys, 6), learngene_of(toys)]
    return [Individual(genome, id=10 + i, generation=i // 3) for i, genome in enumerate(genomes)]


def state(network: Network) -> dict[str, Tensor]:
    """Return a copy of a network's tensors."""
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


def same(first: Network, second: Network) -> bool:
    """Return whether two networks are equal, bit for bit."""
    one, two = state(first), state(second)
    return one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)


def shades(images: LabelledImages, low: int, high: int) -> LabelledImages:
    """Return the images with their values moved into a range that shows their origin."""
    return replace(images, images=(images.images.int() * (high - low) // 256 + low).to(torch.uint8))


def shaded(dataset: Dataset) -> Dataset:
    """Return the data set with values below 80 in ancestry, below 160 in held_out and above that in novel."""
    return Dataset.of(
        dataset.name,
        shades(dataset.ancestry, 0, 80),
        shades(dataset.held_out, 80, 160),
        shades(dataset.novel, 160, 256),
    )


def test_lives_are_pure(toys: ModuleType) -> None:
    """The same individual in the same slot lives the same life twice, and is not changed by it."""
    live = live_of(toys)
    for heir in heirs(toys):
        genome = copy.deepcopy(heir.genome)
        assert same(live(heir, 2), live(heir, 2))
        assert heir.body is None
        assert not heir.fitness.valid
        assert genome is None or genome.to_bytes() == heir.genome.to_bytes()


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_lives_do_not_depend_on_each_other(workers: int, toys: ModuleType) -> None:
    """With any others, in any order and with any number of workers a life is the same as alone."""
    population = heirs(toys)
    alone = [live_of(toys)(heir, slot) for slot, heir in enumerate(population)]
    for order in ([0, 1, 2, 3], [3, 1, 0], [2]):
        together = live_of(toys, workers=workers).batch([population[slot] for slot in order], order)
        assert all(same(network, alone[slot]) for network, slot in zip(together, order, strict=True))
    assert live_of(toys).batch([], []) == []


def test_the_seed_the_generation_and_the_slot_make_a_life(toys: ModuleType) -> None:
    """Each of them changes it, and the id does not."""
    genome = learngene_of(toys)
    first = live_of(toys)(Individual(genome, id=0, generation=1), 2)
    assert same(first, live_of(toys)(Individual(genome, id=7, parents=(3,), generation=1), 2))
    for seed, generation, slot in ((1, 1, 2), (0, 2, 2), (0, 1, 1)):
        other = live_of(toys, seed=seed)(Individual(genome, id=0, generation=generation), slot)
        assert not same(first, other)


def test_lives_can_be_pickled(toys: ModuleType) -> None:
    """A copy that went through pickle gives the same lives."""
    live = live_of(toys, isolate=True)
    twin = pickle.loads(pickle.dumps(live))
    heir = heirs(toys)[1]
    assert same(live(heir, 0), twin(heir, 0))


def test_ancestors_see_ancestry_only(toys: ModuleType) -> None:
    """Every image that a life reads is of the role that it was given, and all classes come in over many lives."""
    dataset = shaded(toys.dataset())
    seen: list[Tensor] = []

    class Spy(Pixels):
        def __call__(self, images: Tensor) -> Tensor:
            seen.append(images)
            return super().__call__(images)

    live = Live(setup=setup_of(toys, pixels=Spy.of(dataset)), images=dataset.ancestry, ways=3, seed=0)
    live.batch([Individual(None, id=i) for i in range(8)], range(8))
    assert len(seen) == 8 * RECIPE.updates
    assert int(torch.cat(seen).max()) < 80
    rows = {tuple(image.flatten().tolist()) for image in torch.cat(seen)}
    images, labels = dataset.ancestry.images, dataset.ancestry.labels
    classes = {
        int(label) for image, label in zip(images, labels, strict=True) if tuple(image.flatten().tolist()) in rows
    }
    assert classes == set(range(5))


def test_a_life_has_its_ways_and_all_of_their_images(toys: ModuleType) -> None:
    """The head has k outputs; with enough updates every image of k classes is read and no other one."""
    live = live_of(toys, ways=2, recipe=Recipe(updates=12, batch=20))
    assert live(heirs(toys)[0], 0).head.out_features == 2
    training = live._prepare(Individual(None, id=0), 0)
    labels = live.images.labels[training.task.train]
    assert len(training.task.test) == 0
    assert len(labels) == int(torch.isin(live.images.labels, labels.unique()).sum()) == 120


@pytest.mark.parametrize("ways", [0, 6])
def test_impossible_ways_are_refused(ways: int, toys: ModuleType) -> None:
    """There can't be more classes in a life than in the role."""
    with pytest.raises(ValueError, match=rf"ways must lie in 1\.\.5.* is {ways}\."):
        live_of(toys, ways=ways)(heirs(toys)[0], 0)


def test_the_budget_of_a_life(toys: ModuleType) -> None:
    """A life costs its updates, at three passes for each image of a batch."""
    per_image = multiply_adds(toys.MLP_BACKBONE, (1, 8, 8), 3)
    assert live_of(toys).budget == Budget(4, 4 * 16 * 3 * per_image, 4)
    # 36 images are fewer than a batch.
    source = toys.labelled("few", classes=5, per_class=12)
    recipe = Recipe(updates=2, batch=1000)
    few = Live(setup=setup_of(toys, recipe=recipe), images=source, ways=3, seed=0)
    assert few.budget == Budget(2, 2 * 36 * 3 * per_image, 2)


def prepare(setup: TrainingSetup, genome: Learngene | None, toys: ModuleType) -> Any:
    """Return the training run of an heir on a fixed task."""
    task = sample_task(toys.dataset().ancestry, ways=3, shots=10, test_per_class=5, generator=toys.generator(1))
    return setup.prepare(genome, task, toys.generator(2), measure_at=(0,))


def test_an_heir_holds_the_genes_and_is_random_elsewhere(toys: ModuleType) -> None:
    """Gene slots hold the slices, cross weights are zero, and all else is as in an heir of nothing."""
    genome, layout = learngene_of(toys), toys.MLP_BACKBONE.layout
    orphan, heir = prepare(setup_of(toys), None, toys), prepare(setup_of(toys), genome, toys)
    again = extract(heir.network.state_dict(), genome.indices, backbone=genome.backbone, provenance=genome.provenance)
    assert again.to_bytes() == genome.to_bytes()
    masks = cross_masks(layout, genome.indices)
    assert set(masks) == {"hidden2.weight"}
    assert bool((heir.network.hidden2.weight[masks["hidden2.weight"]] == 0).all())
    expected = inherit(genome, orphan.network.state_dict(), layout=layout).weights
    assert all(torch.equal(tensor, expected[name]) for name, tensor in state(heir.network).items())
    assert torch.equal(orphan.generator.get_state(), heir.generator.get_state())
    assert heir.measure_at == (0,)
    assert heir.recipe is RECIPE


def test_isolation_holds_through_a_life(toys: ModuleType) -> None:
    """With `isolate` the cross weights end as they began, at zero; without it they learn; founders have none."""
    genome = learngene_of(toys)
    mask = cross_masks(toys.MLP_BACKBONE.layout, genome.indices)["hidden2.weight"]
    for isolate in (True, False):
        training = prepare(setup_of(toys, isolate=isolate), genome, toys)
        before = state(training.network)["hidden2.weight"]
        train_all([training])
        after = training.network.hidden2.weight
        assert bool((after[mask] == 0).all()) == isolate
        assert not torch.equal(after[~mask], before[~mask])
    assert prepare(setup_of(toys, isolate=True), None, toys).zero == {}
    partial_genome = replace(genome, slices={"hidden1.weight": genome.slices["hidden1.weight"]})
    assert prepare(setup_of(toys, isolate=True), partial_genome, toys).zero == {}


def test_an_inherit_operator_of_ones_own_is_used(toys: ModuleType) -> None:
    """What the given operator writes is what the heir starts from."""

    def fill(genome: Learngene, weights: dict[str, Tensor], *, layout: Any) -> Any:
        inheritance = inherit(genome, weights, layout=layout)
        return replace(inheritance, weights={name: torch.ones_like(tensor) for name, tensor in weights.items()})

    heir = prepare(setup_of(toys, inherit=fill), learngene_of(toys), toys)
    assert all(bool((tensor == 1).all()) for tensor in state(heir.network).values())


def test_isolation_begins_before_the_first_update(toys: ModuleType) -> None:
    """With random cross weights an isolated heir starts with zeros in their place, even if it is never trained."""
    backbone = toys.MLP_BACKBONE
    learngene = toys.learngene(backbone, share=0.3)
    random_cross = partial(inherit, cross="random")
    task = sample_task(toys.labelled("class"), ways=2, shots=None, test_per_class=0, generator=toys.generator(0))
    setup = TrainingSetup(
        backbone=backbone, pixels=Pixels((0.5,), (0.5,)), recipe=Recipe(updates=0), inherit=random_cross, isolate=True
    )
    training = setup.prepare(learngene, task, toys.generator(1))
    assert training.zero
    for name, mask in training.zero.items():
        assert not training.network.get_parameter(name)[mask].any()


def test_augmentation_reaches_lives_and_off_is_as_without(toys: ModuleType) -> None:
    """A data set's augmentation changes what lives learn; one that does nothing gives the same bits as none."""
    born = heirs(toys)[:2]
    plain = live_of(toys).batch(born, [0, 1])
    for augmentation, changes in ((Augmentation(), False), (Augmentation(flip=True, padding=0.125), True)):
        pixels = Pixels.of(replace(toys.dataset(), augmentation=augmentation))
        assert pixels.augment == augmentation
        found = live_of(toys, pixels=pixels).batch(born, [0, 1])
        again = live_of(toys, pixels=pixels, workers=1).batch(born, [0, 1])
        assert all(map(same, found, again))
        assert [not same(*pair) for pair in zip(plain, found, strict=True)] == [changes, changes]


def test_condensing_heirs_learn_by_another_loss(toys: ModuleType) -> None:
    """With `condense` the circuit's own answers count, in the columns that hold the genes; founders learn plainly."""
    genome = learngene_of(toys)
    training = prepare(setup_of(toys, isolate=True, condense=True), genome, toys)
    assert isinstance(training.loss, Condensing)
    assert torch.equal(training.loss.channels, genome.indices["hidden2"])
    assert prepare(setup_of(toys, isolate=True, condense=True), None, toys).loss is cross_entropy
    assert prepare(setup_of(toys, isolate=True), genome, toys).loss is cross_entropy
    plain, condensed = (live_of(toys, isolate=True, condense=condense) for condense in (False, True))
    assert not same(plain(Individual(genome, id=0), 0), condensed(Individual(genome, id=0), 0))


def test_what_is_not_isolated_can_not_condense(toys: ModuleType) -> None:
    """Without isolation the circuit inside is not the circuit alone."""
    with pytest.raises(ValueError, match=r"^condense needs isolate, .* but isolate is False\.$"):
        setup_of(toys, condense=True)


def test_condensing_costs_a_second_reading_of_the_head(toys: ModuleType) -> None:
    """The same number of updates, and for each image one more multiply-add per weight of the head and pass."""
    plain, condensed = (live_of(toys, isolate=True, condense=condense).budget for condense in (False, True))
    head = toys.MLP_BACKBONE.layout.groups["hidden2"] * 3
    assert condensed == replace(plain, multiply_adds=plain.multiply_adds + 4 * 16 * 3 * head)


def test_lives_share_a_cycle_of_the_learning_rate(toys: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lives of successive generations go through one cycle together, and then through the next one."""
    seen: list[float] = []

    def spy(trainings: list[Any], **options: Any) -> None:
        del options
        seen.extend(rate for training in trainings for rate in training.recipe.rates())

    monkeypatch.setattr(live_module, "train_all", spy)
    whole = Recipe(updates=3 * RECIPE.updates).rates()
    for cycle, expected in ((3, [*whole, *whole]), (1, [*RECIPE.rates() * 6])):
        seen.clear()
        lives = replace(live_of(toys), cycle=cycle)
        for generation in range(6):
            lives(Individual(None, id=generation, generation=generation), 0)
        assert seen == expected
    with pytest.raises(ValueError, match=r"^cycle must be at least 1, but it is 0\.$"):
        replace(live_of(toys), cycle=0)


def test_a_life_begins_with_what_its_lineage_remembers(toys: ModuleType) -> None:
    """Its head has the rows of known classes; a life without a memory begins as it did."""
    lives, genome = live_of(toys), learngene_of(toys)
    trained = lives(Individual(genome, id=0), 0)
    memory = remember(trained.state_dict(), lives.classes(Individual(genome, id=0), 0), total=5)
    heir = Individual(genome, id=1, generation=1, memory=memory)
    met = lives.classes(heir, 1)
    known, columns = memory.known[met], genome.indices["hidden2"]
    assert bool(known.any())
    born, plain = lives.newborn(heir, 1), lives.newborn(Individual(genome, id=1, generation=1), 1)
    assert torch.equal(born.head.weight[known][:, columns], memory.weight[met][known][:, columns])
    assert torch.equal(born.head.bias[known], memory.bias[met][known])
    assert torch.equal(born.head.weight[~known], plain.head.weight[~known])
    rest = {name for name in state(born) if not name.startswith("head.")}
    assert all(torch.equal(state(born)[name], state(plain)[name]) for name in rest)
