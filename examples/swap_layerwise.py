"""GTL swapped for the layer-wise learngene: the class is another one, and nothing else changes.

Both have lives, scores, tournaments, a gene pool and a gene tree, take the same number of gradient steps, and transfer
about 20 % of a network: GTL a circuit through all layers, the other one whole layers. What that is worth is measured on
four descendants that learn letters which no ancestor saw.
Usage: python examples/swap_layerwise.py [GENERATIONS] [POPULATION] (default 8 6)
"""

import sys

from neuroevo import GTL, ConvNet4, evolve, glyphs
from neuroevo.benchmarks import Transfer
from neuroevo.execution import Recipe
from neuroevo.strategies import Layerwise

GENERATIONS, POPULATION = (int(word) for word in sys.argv[1:] or ("8", "6"))

dataset, backbone = glyphs(images_per_class=100), ConvNet4(widths=(8, 16, 32, 32))
protocol = Transfer(dataset=dataset, backbone=backbone, descendant=Recipe(updates=60), ways=20)
life = Recipe(updates=100, learning_rate=0.2)
for kind in (GTL, Layerwise):
    strategy = kind(dataset, backbone, population=POPULATION, life=life, scoring="nearest-mean", seed=1)
    for generation in evolve(strategy, GENERATIONS):
        print(f"  {kind.__name__}, generation {generation.number + 1}: {generation.mean:.3f} on held-out classes")
    learngene = strategy.result().genome
    curves = protocol.learning_curves(learngene, strategy.toolbox, seed=1)
    accuracy = sum(curve[-1] for curve in curves) / len(curves)
    spent = f"{learngene.share:.1%} of the parameters, {strategy.budget.gradient_steps} gradient steps"
    print(f"{kind.__name__}: {accuracy:.1%} on novel classes with {spent}")
