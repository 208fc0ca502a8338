"""The words of the command line and what they stand for, as `module:attribute`; imports nothing.

Only the command line knows things by name; in Python, pass the objects themselves.
"""

import importlib
from collections.abc import Mapping

LEARNGENE_STRATEGIES: Mapping[str, str] = {
    "gtl": "neuroevo.strategies.gtl.gtl:GTL",
    "gtl-paper": "neuroevo.strategies.gtl.gtl:GTL",
    "scratch": "neuroevo.strategies.transfer.rivals:Scratch",
    "untrained-circuit": "neuroevo.strategies.transfer.rivals:UntrainedCircuit",
    "random-circuit": "neuroevo.strategies.transfer.rivals:RandomCircuit",
    "narrow-pretraining": "neuroevo.strategies.transfer.rivals:NarrowPretraining",
    "finetune": "neuroevo.strategies.transfer.rivals:Finetune",
    "linear-probe": "neuroevo.strategies.transfer.rivals:LinearProbe",
    "heur-lg": "neuroevo.strategies.transfer.rivals:HeurLG",
    "pruned-circuit": "neuroevo.strategies.transfer.rivals:PrunedCircuit",
    "reptile": "neuroevo.strategies.transfer.reptile:Reptile",
    "layerwise": "neuroevo.strategies.gtl.layerwise:Layerwise",
    "gtl-no-mutation": "neuroevo.strategies.gtl.gtl:GTL",
    "gtl-no-tournament": "neuroevo.strategies.gtl.gtl:GTL",
    "gtl-no-tree": "neuroevo.strategies.gtl.gtl:GTL",
    "gtl-generation-0": "neuroevo.strategies.gtl.gtl:GTL",
    "gtl-cross-random": "neuroevo.strategies.gtl.gtl:GTL",
    "gtl-no-condense": "neuroevo.strategies.gtl.gtl:GTL",
    "gtl-no-average": "neuroevo.strategies.gtl.gtl:GTL",
    "gtl-four-lives": "neuroevo.strategies.gtl.gtl:GTL",
    "gtl-no-memory": "neuroevo.strategies.gtl.gtl:GTL",
    "gtl-own-cycles": "neuroevo.strategies.gtl.gtl:GTL",
}
"""Strategies that hand on a learngene, or nothing."""

SEARCHES: Mapping[str, str] = {
    "genetic": "neuroevo.strategies.search.genetic:Genetic",
    "evolution-strategy": "neuroevo.strategies.search.evolution_strategy:EvolutionStrategy",
    "openai-es": "neuroevo.strategies.search.openai_es:OpenAIES",
    "snes": "neuroevo.strategies.search.snes:SNES",
    "pgpe": "neuroevo.strategies.search.pgpe:PGPE",
    "cma-es": "neuroevo.strategies.search.cma_es:CMAES",
    "separable-cma-es": "neuroevo.strategies.search.separable_cma_es:SeparableCMAES",
    "differential": "neuroevo.strategies.search.differential:Differential",
    "island": "neuroevo.strategies.search.island:Island",
    "lamarckian": "neuroevo.strategies.search.lamarckian:Lamarckian",
    "pbt": "neuroevo.strategies.search.pbt:PBT",
    "nsga2": "neuroevo.strategies.search.nsga2:NSGA2",
    "map-elites": "neuroevo.strategies.search.map_elites:MAPElites",
    "novelty": "neuroevo.strategies.search.novelty:Novelty",
}
"""Strategies over the weight vectors of a problem."""

GRAPH_STRATEGIES: Mapping[str, str] = {"neat": "neuroevo.strategies.search.neat:NEAT"}
"""Strategies that evolve graphs of nodes and connections."""

STRATEGIES: Mapping[str, str] = {**LEARNGENE_STRATEGIES, **SEARCHES, **GRAPH_STRATEGIES}

GRAPH_PROBLEMS: Mapping[str, str] = {
    "xor": "neuroevo.problems.graphs:xor",
    "cartpole": "neuroevo.problems.graphs:cartpole_by_graph",
}
"""What graphs are scored on; a name may stand for a problem over weight vectors, too."""

PROBLEMS: Mapping[str, str] = {
    "digits": "neuroevo.problems.classifier:digits",
    "cartpole": "neuroevo.problems.episodes:cartpole",
    **{
        name: f"neuroevo.problems.function:{name.upper().replace('-', '_')}"
        for name in (
            "sphere",
            "ellipsoid",
            "cigar",
            "rosenbrock",
            "ackley",
            "bohachevsky",
            "griewank",
            "rastrigin",
            "rastrigin-scaled",
            "rastrigin-skew",
            "schaffer",
            "schwefel",
            "himmelblau",
            "h1",
            "zdt1",
            "zdt2",
            "zdt3",
            "zdt6",
            "dtlz2",
            "arm",
        )
    },
}

BACKBONES: Mapping[str, str] = {
    "mlp": "neuroevo.backbones.mlp:MLP",
    "convnet4": "neuroevo.backbones.convnet4:ConvNet4",
    "vgg11": "neuroevo.backbones.vgg:vgg11",
    "vgg13": "neuroevo.backbones.vgg:vgg13",
    "vgg16": "neuroevo.backbones.vgg:vgg16",
    "resnet12": "neuroevo.backbones.resnet12:ResNet12",
    "vit": "neuroevo.backbones.vit:ViT",
}

DATASETS: Mapping[str, str] = {
    "glyphs": "neuroevo.data.glyphs:glyphs",
    "colour-glyphs": "neuroevo.data.glyphs:colour_glyphs",
    "fashion-mnist": "neuroevo.data.fashion_mnist:fashion_mnist",
    "cifar-fs": "neuroevo.data.cifar_fs:cifar_fs",
    "mini-imagenet": "neuroevo.data.mini_imagenet:mini_imagenet",
    "image-folder": "neuroevo.data.image_folder:image_folder",
}
DATASETS_ON_DISK = ("fashion-mnist", "cifar-fs", "mini-imagenet", "image-folder")
"""Data sets that are read from the files in `--data-root`."""

DATASETS_TO_DOWNLOAD = ("fashion-mnist", "cifar-fs")
"""Those whose owners let anybody download them."""

DATASETS_OF_ANY_SIZE = ("glyphs", "colour-glyphs", "mini-imagenet", "image-folder")
"""Those that can be had with images of another size."""

SUITES: Mapping[str, str] = {
    "transfer": "neuroevo.cli.suites:transfer",
    "instinct": "neuroevo.cli.suites:instinct",
    "scaling": "neuroevo.cli.suites:scaling",
    "adaptation": "neuroevo.cli.suites:adaptation",
    "ablation": "neuroevo.cli.suites:ablation",
    "pays": "neuroevo.cli.pays:pays",
    "throughput": "neuroevo.cli.throughput:throughput",
    "overhead": "neuroevo.cli.overhead:overhead",
    "scaleout": "neuroevo.cli.scaleout:scaleout",
    "optimize": "neuroevo.cli.searches:optimize",
}

OPERATORS: Mapping[str, str] = {
    f"{module}.{function}": f"neuroevo.operators.{module}:{function}"
    for module, functions in {
        "selection": ("group_tournament", "tournament", "roulette"),
        "crossover": ("one_point", "two_point", "uniform", "blend", "simulated_binary"),
        "mutation": ("gaussian", "uniform", "polynomial"),
        "circuits": ("random_circuit", "strongest_circuit"),
        "layers": ("random_layers", "last_layers"),
        "inheritance": ("extract", "inherit"),
        "learngenes": ("mutate", "resize", "noise", "average", "move"),
        "heads": ("remember", "recall", "average"),
        "sampling": ("normal", "mirrored"),
        "shaping": ("centred_ranks", "nes_utilities"),
        "optimisers": ("ascent", "adam", "clipup"),
        "differential": ("rand_one", "binomial", "iso_line"),
        "replacement": ("generational", "plus"),
        "fronts": ("front_numbers", "crowding"),
        "graphs": ("minimal", "perturb_weights", "add_connection", "add_node", "cross", "distance"),
    }.items()
    for function in functions
}

KINDS: Mapping[str, Mapping[str, str]] = {
    "strategy": STRATEGIES,
    "operator": OPERATORS,
    "backbone": BACKBONES,
    "dataset": DATASETS,
    "problem": {**PROBLEMS, **GRAPH_PROBLEMS},
    "suite": SUITES,
}
"""Names by the kind of thing that they stand for."""


def load(target: str) -> object:
    """The object that `module:attribute` stands for; imports the module."""
    module, attribute = target.split(":")
    loaded: object = getattr(importlib.import_module(module), attribute)
    return loaded
