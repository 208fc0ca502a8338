"""neat-python in the race (extra `peers`): it has no defaults, so that it gets the settings of its example for XOR."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from neuroevo.benchmarks.race.entrant import Entrant
from neuroevo.benchmarks.race.trial import Trial

SETTINGS = """
[NEAT]
fitness_criterion = max
fitness_threshold = 5
no_fitness_termination = False
pop_size = 150
reset_on_extinction = False

[DefaultGenome]
activation_default = sigmoid
activation_mutate_rate = 0.0
activation_options = sigmoid
aggregation_default = sum
aggregation_mutate_rate = 0.0
aggregation_options = sum
bias_init_mean = 0.0
bias_init_stdev = 1.0
bias_max_value = 30.0
bias_min_value = -30.0
bias_mutate_power = 0.5
bias_mutate_rate = 0.7
bias_replace_rate = 0.1
compatibility_disjoint_coefficient = 1.0
compatibility_weight_coefficient = 0.5
conn_add_prob = 0.5
conn_delete_prob = 0.5
enabled_default = True
enabled_mutate_rate = 0.01
feed_forward = True
initial_connection = full_direct
node_add_prob = 0.2
node_delete_prob = 0.2
num_hidden = 0
num_inputs = 2
num_outputs = 1
response_init_mean = 1.0
response_init_stdev = 0.0
response_max_value = 30.0
response_min_value = -30.0
response_mutate_power = 0.0
response_mutate_rate = 0.0
response_replace_rate = 0.0
weight_init_mean = 0.0
weight_init_stdev = 1.0
weight_max_value = 30
weight_min_value = -30
weight_mutate_power = 0.5
weight_mutate_rate = 0.8
weight_replace_rate = 0.1

[DefaultSpeciesSet]
compatibility_threshold = 3.0

[DefaultStagnation]
species_fitness_func = max
max_stagnation = 20
species_elitism = 2

[DefaultReproduction]
elitism = 2
survival_threshold = 0.2
"""


def until_solved(trial: Trial) -> Tensor:
    """Return the evaluations until the best graph answers all questions, [1, 1]; all that there are if none does."""
    import neat

    problem: Any = trial.problem
    questions, targets = problem.questions.tolist(), problem.targets[:, 0].tolist()
    solved: list[int] = []

    def evaluate(genomes: list[Any], config: Any) -> None:
        for _, genome in genomes:
            network = neat.nn.FeedForwardNetwork.create(genome, config)
            answers = [network.activate(question)[0] for question in questions]
            errors = [(answer - target) ** 2 for answer, target in zip(answers, targets, strict=True)]
            genome.fitness = len(targets) - sum(errors)
            trial.spent += 1
            if all((answer > 0.5) == (target > 0.5) for answer, target in zip(answers, targets, strict=True)):
                solved.append(trial.spent)

    config = _config()
    population = neat.Population(config)
    while not solved and trial.spent + config.pop_size <= trial.evaluations:
        population.run(evaluate, 1)
    # As here, a whole generation counts.
    return torch.tensor([[float(trial.spent if solved else trial.evaluations)]])


def _config() -> Any:
    import neat

    kinds = (neat.DefaultGenome, neat.DefaultReproduction, neat.DefaultSpeciesSet, neat.DefaultStagnation)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "xor"
        path.write_text(SETTINGS, encoding="utf-8")
        return neat.Config(*kinds, str(path))


ENTRANTS = {"neat-python": Entrant(until_solved, "neat-python", "neat", kinds=("graphs",))}
