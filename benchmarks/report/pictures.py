"""The pictures of a report: drawn from a run directory, inlined, each with its finding in words."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from matplotlib.figure import Figure

from neuroevo.benchmarks.analysis.conditions import varying
from neuroevo.benchmarks.analysis.duels import describe
from neuroevo.benchmarks.analysis.ranks import Ranks
from neuroevo.benchmarks.analysis.results import Part, RunData
from neuroevo.benchmarks.analysis.summary import BASELINE, Row
from neuroevo.benchmarks.report import evolution, findings, findings_searches
from neuroevo.benchmarks.report.plots.channels import draw_channels
from neuroevo.benchmarks.report.plots.conditions import draw_conditions
from neuroevo.benchmarks.report.plots.costs import draw_costs, draw_spent
from neuroevo.benchmarks.report.plots.gains import draw_gains, draw_ranks
from neuroevo.benchmarks.report.plots.generations import draw_generations
from neuroevo.benchmarks.report.plots.pays import draw_pays
from neuroevo.benchmarks.report.plots.searches import draw_searches
from neuroevo.benchmarks.report.plots.style import draw_curves, to_svg
from neuroevo.benchmarks.report.plots.tree import draw_tree
from neuroevo.files import CheckpointError
from neuroevo.runs.names import LEARNGENES, SAMPLES

PNG = b"\x89PNG\r\n\x1a\n"
MOST_TREES = 6
# Records come from files: what they lack or hold in a wrong form must not cost the rest of the report.
DAMAGE = (AttributeError, IndexError, KeyError, OSError, TypeError, ValueError)

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Picture:
    """A picture of a page.

    Attributes:
        uri: Its content as a data URI.
        caption: What it is.
        alt: What it shows, with numbers, for readers who can't see it.
    """

    uri: str
    caption: str
    alt: str


@dataclass
class Album:
    """Draws pictures and notes those that can't be drawn.

    Attributes:
        problems: A sentence for each picture that is missing.
    """

    problems: list[str] = field(default_factory=list)

    def add(self, caption: str, alt: Callable[[], str], draw: Callable[[], Figure]) -> list[Picture]:
        """Return the picture, or nothing if what it is drawn from is damaged."""
        try:
            return [Picture(_uri(to_svg(draw()), "image/svg+xml"), caption, alt())]
        except DAMAGE as error:
            self.problems.append(f"The picture “{caption}” can't be drawn ({type(error).__name__}: {error}).")
            return []


@dataclass(frozen=True)
class Trees:
    """The gene trees of one strategy.

    Attributes:
        strategy: Its name.
        first: That of its first seed.
        more: Those of further seeds.
        left_out: How many further seeds are not shown.
    """

    strategy: str
    first: list[Picture]
    more: list[Picture]
    left_out: int


@dataclass(frozen=True)
class Pictures:
    """The pictures of one run; a list is empty where there is nothing to draw."""

    generations: list[Picture]
    accuracy: list[Picture]
    searches: list[Picture]
    costs: list[Picture]
    trees: list[Trees]
    channels: list[Picture]
    samples: list[Picture]
    problems: list[str]


def draw_all(result: RunData) -> Pictures:
    """Draw every picture that a run gives something for."""
    album = Album()
    return Pictures(
        generations=_generations(result, album),
        accuracy=_accuracy(result, album),
        searches=_searches(result, album),
        costs=_costs(result, album),
        trees=_all_trees(result, album),
        channels=_channels(result, album),
        samples=_samples(result, album),
        problems=album.problems,
    )


def picture_of_ranks(ranks: Ranks, album: Album) -> list[Picture]:
    """Draw the critical-difference diagram."""
    caption = "Mean ranks over data sets; a bar joins strategies that cannot be distinguished"
    return album.add(caption, lambda: findings.describe_ranks(ranks), lambda: draw_ranks(ranks))


def _evolutions(result: RunData) -> dict[str, dict[int, list[Record]]]:
    """Return the generations of every strategy that evolves, by strategy and seed.

    The records of a single evolution name neither: its run directory does.
    """
    found: dict[str, dict[int, list[Record]]] = {}
    for record in result.records:
        if record.get("kind") == "generation":
            strategy = str(record.get("strategy", result.strategy))
            seed = record.get("seed", result.seed)
            found.setdefault(strategy, {}).setdefault(seed, []).append(record)
    return {name: seeds for name, seeds in found.items() if any(map(_evolves, seeds.values()))}


def _kept_channels(
    result: RunData, problems: list[str]
) -> tuple[dict[str, list[dict[str, list[int]]]], dict[str, int]]:
    """Return the channels that the learngenes of a run keep, and the channels there are in each group.

    Strategies that transfer all or nothing are left out; a file that can't be read is noted in `problems`.
    """
    groups = _groups(result)
    files = {path.name: path for path in (result.path / LEARNGENES).glob("*.safetensors")}
    kept: dict[str, list[dict[str, list[int]]]] = {}
    for record in result.records:
        name = f"{record.get('strategy')}-seed{record.get('seed')}.safetensors"
        if record.get("kind") != "ancestor" or name not in files or not 0 < record.get("transferred_share", 0) < 1:
            continue
        from neuroevo.learngene import Learngene  # heavy, and only runs with learngenes need it

        try:
            learngene = Learngene.load(files[name])
        except (CheckpointError, OSError) as error:
            problems.append(str(error))
            continue
        layout = learngene.backbone.layout
        # A network of the circuit's size has fewer channels than the run's backbone.
        groups = {group: max(size, groups.get(group, 0)) for group, size in layout.groups.items()}
        indices = {group: learngene.indices[group].tolist() for group in groups}
        kept.setdefault(record["strategy"], []).append(indices)
    return kept, groups


def _groups(result: RunData) -> dict[str, int]:
    """Return the channels in each group of the run's backbone, as far as the run says."""
    noted = result.facts.get("channels")
    known = noted.items() if isinstance(noted, Mapping) else ()
    return {str(group): size for group, size in known if isinstance(size, int)}


def _evolves(generations: list[Record]) -> bool:
    return len(generations) > 1 or any(len(record.get("individuals", ())) > 1 for record in generations)


def _accuracy(result: RunData, album: Album) -> list[Picture]:
    parts = result.parts
    if result.suite == "pays" and len(parts) == 1:
        return _pays(result, album)
    if len(parts) < 2:
        return [
            one
            for part in parts
            for one in _learning(part, result.title, album) + _gains(part.rows, result.title, album)
        ]
    rows = {part.name: part.rows for part in parts}
    over = album.add(
        "Accuracy and gain in each condition of descendants",
        lambda: findings.describe_conditions(rows),
        lambda: draw_conditions(rows, title=result.title),
    )
    if "updates" in varying(row.condition for row in result.rows):
        return over  # the accuracies after fewer updates show how those after more are reached
    return over + [one for part in parts for one in _learning(part, _dataset(part), album)]


def _pays(result: RunData, album: Album) -> list[Picture]:
    return album.add(
        "Accuracy after all updates against what was spent before transfer",
        lambda: " ".join(describe(result.duels)) or "No evolved strategy met its rival.",
        lambda: draw_pays(result.rows, title=result.title),
    )


def _learning(part: Part, title: str, album: Album) -> list[Picture]:
    behind = f", {part.name}" if part.name else ""
    return album.add(
        f"Learning curves of descendants on novel classes{behind}",
        lambda: findings.describe_curves(part.curves, part.rows),
        lambda: draw_curves(part.curves, title=f"{title}{behind}"),
    )


def _gains(rows: Sequence[Row], title: str, album: Album) -> list[Picture]:
    if len(rows) < 2 or all(row.strategy != BASELINE for row in rows):
        return []
    return album.add(
        f"Gain over {BASELINE} after all updates",
        lambda: findings.describe_gains(rows),
        lambda: draw_gains(rows, title=title),
    )


def _searches(result: RunData, album: Album) -> list[Picture]:
    if all(len(one.evaluations) < 2 for one in result.search_curves):
        return []
    return album.add(
        "Best value so far against evaluations",
        lambda: findings_searches.describe_curves(result.searches),
        lambda: draw_searches(result.search_curves, title="Strategies over weight vectors"),
    )


def _generations(result: RunData, album: Album) -> list[Picture]:
    if not result.generations:
        return []
    return album.add(
        "Best and mean score of each generation",
        lambda: evolution.describe_generations(result.generations),
        lambda: draw_generations(evolution.by_strategy(result.generations), title=result.title),
    )


def _dataset(part: Part) -> str:
    return str(part.rows[0].condition["dataset"])


def _costs(result: RunData, album: Album) -> list[Picture]:
    if len(result.parts) != 1:
        return []
    rows, curves = result.rows, result.curves
    return album.add(
        "Accuracy against everything spent, before transfer and after",
        lambda: findings.describe_spent(curves, rows),
        lambda: draw_spent(curves, rows, title=result.title),
    ) + album.add(
        "Accuracy against what it cost, with the Pareto front",
        lambda: findings.describe_costs(rows),
        lambda: draw_costs(rows, title=result.title),
    )


def _all_trees(result: RunData, album: Album) -> list[Trees]:
    try:
        evolutions = _evolutions(result)
        return [_trees(strategy, seeds, album) for strategy, seeds in evolutions.items()]
    except DAMAGE as error:
        album.problems.append(f"The records of generations are damaged ({type(error).__name__}: {error}).")
        return []


def _trees(strategy: str, seeds: Mapping[int, list[Record]], album: Album) -> Trees:
    def picture(seed: int) -> list[Picture]:
        return album.add(
            f"Gene tree of {strategy}, seed {seed}",
            lambda: findings.describe_tree(seeds[seed], strategy=strategy, seed=seed),
            lambda: draw_tree(seeds[seed], title=f"{strategy}, seed {seed}"),
        )

    first, *more = [picture(seed) for seed in sorted(seeds)[:MOST_TREES]]
    return Trees(strategy, first, [one for pictures in more for one in pictures], max(0, len(seeds) - MOST_TREES))


def _channels(result: RunData, album: Album) -> list[Picture]:
    kept, groups = _kept_channels(result, album.problems)
    if not kept:
        return []
    return album.add(
        "Channels that the learngenes keep, layer by layer",
        lambda: findings.describe_channels(kept, groups),
        lambda: draw_channels(kept, groups, title=result.title),
    )


def _samples(result: RunData, album: Album) -> list[Picture]:
    try:
        content = (result.path / SAMPLES).read_bytes()
    except FileNotFoundError:
        return []
    except OSError as error:
        album.problems.append(f"{result.path / SAMPLES} can't be read ({error.strerror}).")
        return []
    if not content.startswith(PNG):
        album.problems.append(f"{result.path / SAMPLES} is damaged: it is no PNG.")
        return []
    caption = "Samples of the data"
    return [Picture(_uri(content, "image/png"), caption, findings.describe_samples(_data_set(result)))]


def _data_set(result: RunData) -> str:
    """Return the name of the first data set of a comparison."""
    return next((str(condition["dataset"]) for condition in result.conditions if "dataset" in condition), "")


def _uri(content: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
