"""Genetic transfer learning end to end: evolve a learngene, save it, and let a wider network inherit it.

The descendant learns an alphabet that no ancestor saw; a twin that inherits nothing is its control.
Usage: python examples/evolve_learngenes.py [GENERATIONS] [UPDATES]
(generations of evolution, default 4; updates of a life and of a descendant, default 60)
"""

import sys
from pathlib import Path

from neuroevo import GTL, ConvNet4, Learngene, Recipe, evolve, glyphs
from neuroevo.data.tasks import sample_task
from neuroevo.execution import Pixels, Training, train_all
from neuroevo.operators.inheritance import inherit
from neuroevo.seeds import stream

GENERATIONS, UPDATES = [*map(int, sys.argv[1:]), *(4, 60)[len(sys.argv) - 1 :]]
FILE = Path("runs", "learngene.safetensors")

data = glyphs(images_per_class=100)
strategy = GTL(data, ConvNet4(widths=(8, 16, 32, 32)), seed=1, life=Recipe(updates=UPDATES), critic=Recipe(updates=10))
for generation in evolve(strategy, GENERATIONS):
    print(f"generation {generation.number}: mean score {generation.mean:.3f}")
best = strategy.result()
FILE.parent.mkdir(exist_ok=True)
best.genome.save(FILE)
print(f"{FILE}: {best.genome.parameters:,} parameters after {strategy.budget.gradient_steps:,} gradient steps")

learngene = Learngene.load(FILE)
wide = ConvNet4(widths=(16, 32, 64, 64))
task = sample_task(data.novel, ways=20, shots=10, test_per_class=50, generator=stream(1, "task"))


def descendant(genes: Learngene | None) -> Training:
    """Return what a wide network is going to learn: equal random weights and images, with or without genes."""
    network = wide.build(20, generator=stream(1, "weights"))
    if genes is not None:
        network.load_state_dict(inherit(genes, network.state_dict(), layout=wide.layout).weights)
    recipe, order = Recipe(updates=UPDATES), stream(1, "order")
    pixels = Pixels.of(data)
    return Training(network=network, task=task, pixels=pixels, recipe=recipe, generator=order, measure_at=(UPDATES,))


heir, control = train_all([descendant(learngene), descendant(None)])
print(f"accuracy on 20 unseen classes: {heir.accuracy[-1]:.3f} with the learngene, {control.accuracy[-1]:.3f} without")
