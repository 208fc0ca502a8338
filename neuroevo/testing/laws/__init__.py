"""Laws for all objects of a kind, and functions that check an object against them.

Each `check_*` raises `LawBroken`, an `AssertionError` that names the law, the smallest case that breaks it and the
likely cause; each `*_laws` returns the laws as a list, for `neuroevo.testing.parametrize`.
"""

from neuroevo.testing.laws.agreement import agreement_laws, check_agreement
from neuroevo.testing.laws.augmentation import augmentation_laws, check_augmentation
from neuroevo.testing.laws.averaging import averaging_laws, check_averaging
from neuroevo.testing.laws.backbone import backbone_laws, check_backbone
from neuroevo.testing.laws.behaviour import behaviour_laws, check_behaviour
from neuroevo.testing.laws.choosing import check_circuit, circuit_laws
from neuroevo.testing.laws.coevolution import check_coevolution, coevolution_laws
from neuroevo.testing.laws.convergence import check_convergence, convergence_laws
from neuroevo.testing.laws.critic import check_critic, critic_laws
from neuroevo.testing.laws.crossover import check_crossover, crossover_laws
from neuroevo.testing.laws.dataset import check_dataset, dataset_laws
from neuroevo.testing.laws.differential import check_differential, differential_laws
from neuroevo.testing.laws.fronts import check_crowding, check_fronts, crowding_laws, front_laws
from neuroevo.testing.laws.graphs import (
    check_graph_crossover,
    check_graph_distance,
    check_graph_mutation,
    graph_crossover_laws,
    graph_distance_laws,
    graph_mutation_laws,
)
from neuroevo.testing.laws.inheritance import check_extraction, check_inheritance, extraction_laws, inheritance_laws
from neuroevo.testing.laws.law import VERSION, Breach, Case, DrawingFailed, Law, LawBroken, check, check_law
from neuroevo.testing.laws.learngenes import check_learngene_mutation, learngene_mutation_laws
from neuroevo.testing.laws.lockstep import Twin, lockstep_laws
from neuroevo.testing.laws.mapping import check_map, map_laws
from neuroevo.testing.laws.mutation import check_mutation, mutation_laws
from neuroevo.testing.laws.optimiser import check_optimiser, optimiser_laws
from neuroevo.testing.laws.populations import check_population, population_laws
from neuroevo.testing.laws.problem import check_problem, problem_laws
from neuroevo.testing.laws.refusal import check_refusal, refusal_laws
from neuroevo.testing.laws.replacement import check_replacement, replacement_laws
from neuroevo.testing.laws.replayed import call_laws, check_calls
from neuroevo.testing.laws.returned import check_returned, returned_laws
from neuroevo.testing.laws.sampling import check_sampling, sampling_laws
from neuroevo.testing.laws.selection import check_selection, selection_laws
from neuroevo.testing.laws.shaping import check_shaping, shaping_laws
from neuroevo.testing.laws.strategy import check_strategy, strategy_laws
from neuroevo.testing.laws.tasks import check_tasks, task_laws
from neuroevo.testing.laws.verdicts import Verdict, report

__all__ = [
    "VERSION",
    "Breach",
    "Case",
    "DrawingFailed",
    "Law",
    "LawBroken",
    "Twin",
    "Verdict",
    "agreement_laws",
    "augmentation_laws",
    "averaging_laws",
    "backbone_laws",
    "behaviour_laws",
    "call_laws",
    "check",
    "check_agreement",
    "check_augmentation",
    "check_averaging",
    "check_backbone",
    "check_behaviour",
    "check_calls",
    "check_circuit",
    "check_coevolution",
    "check_convergence",
    "check_critic",
    "check_crossover",
    "check_crowding",
    "check_dataset",
    "check_differential",
    "check_extraction",
    "check_fronts",
    "check_graph_crossover",
    "check_graph_distance",
    "check_graph_mutation",
    "check_inheritance",
    "check_law",
    "check_learngene_mutation",
    "check_map",
    "check_mutation",
    "check_optimiser",
    "check_population",
    "check_problem",
    "check_refusal",
    "check_replacement",
    "check_returned",
    "check_sampling",
    "check_selection",
    "check_shaping",
    "check_strategy",
    "check_tasks",
    "circuit_laws",
    "coevolution_laws",
    "convergence_laws",
    "critic_laws",
    "crossover_laws",
    "crowding_laws",
    "dataset_laws",
    "differential_laws",
    "extraction_laws",
    "front_laws",
    "graph_crossover_laws",
    "graph_distance_laws",
    "graph_mutation_laws",
    "inheritance_laws",
    "learngene_mutation_laws",
    "lockstep_laws",
    "map_laws",
    "mutation_laws",
    "optimiser_laws",
    "population_laws",
    "problem_laws",
    "refusal_laws",
    "replacement_laws",
    "report",
    "returned_laws",
    "sampling_laws",
    "selection_laws",
    "shaping_laws",
    "strategy_laws",
    "task_laws",
]
