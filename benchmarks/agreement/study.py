"""The study: pre-trains networks, cuts circuits, scores them, and trains their descendants; stops and resumes."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import torch
from torch import Tensor

from neuroevo.backbones import Backbone, ConvNet4
from neuroevo.benchmarks.agreement.candidates import CANDIDATES, Candidate, Examination
from neuroevo.benchmarks.agreement.cuts import Cut, cut
from neuroevo.benchmarks.agreement.table import to_markdown
from neuroevo.data.glyphs import glyphs
from neuroevo.data.image_folder import image_folder
from neuroevo.data.images import Dataset, LabelledImages
from neuroevo.execution import Pixels, Recipe, train_all
from neuroevo.learngene import Learngene
from neuroevo.problems import TrainingSetup
from neuroevo.runs.records import Records, read_records
from neuroevo.strategies.transfer.rivals import RandomCircuit


@dataclass(frozen=True, kw_only=True)
class Study:
    """What is measured of which circuits.

    Attributes:
        dataset: Images; scores see one half of the held-out classes, descendants the other.
        backbone: The architecture.
        networks: Pre-trained networks; their seeds are 0, 1, ….
        circuits: Circuits of each network.
        pretraining: How networks are trained.
        updates: Updates of descendants, several in turn.
        descendants: Descendants of each circuit and number of updates.
        share: Share of the parameters that a circuit holds at most.
        shots: Training images per class.
        test_per_class: Unseen images per class.
        candidates: The scores by name.
    """

    dataset: Dataset
    backbone: Backbone
    networks: int = 3
    circuits: int = 70
    pretraining: Recipe = Recipe(updates=2000, learning_rate=0.2)
    updates: tuple[int, ...] = (10, 60, 300)
    descendants: int = 4
    share: float = 0.2
    shots: int = 10
    test_per_class: int = 20
    candidates: Mapping[str, Candidate]

    def scored(self, seed: int) -> Examination:
        """Return what the circuits of a network are scored on."""
        return self._examination(halves(self.dataset.held_out)[0], seed, "scores")

    def trained(self, seed: int) -> Examination:
        """Return what the descendants of a network's circuits are trained on."""
        return self._examination(halves(self.dataset.held_out)[1], seed, "descendants")

    def _examination(self, images: LabelledImages, seed: int, purpose: str) -> Examination:
        return Examination(
            setup=TrainingSetup(backbone=self.backbone, pixels=Pixels.of(self.dataset), recipe=Recipe(updates=0)),
            images=images,
            ways=len(images.classes),
            shots=self.shots,
            test_per_class=self.test_per_class,
            seed=seed,
            purpose=purpose,
        )

    def pretrained(self, seed: int) -> dict[str, Tensor]:
        """Return the weights of a network that was trained on all ancestry classes."""
        strategy = RandomCircuit(self.dataset, self.backbone, seed=seed, pretraining=self.pretraining, workers=1)
        return dict(strategy.pretrain())

    def record(self, one: Cut, seed: int, number: int) -> dict[str, Any]:
        """Return what was measured of a circuit, as JSON values."""
        scored, trained = self.scored(seed), self.trained(seed)
        scores, seconds = {}, {}
        for name, candidate in self.candidates.items():
            started = time.process_time()
            scores[name] = candidate.score(scored, one.learngene, 0)
            seconds[name] = time.process_time() - started
        reached = {str(updates): self.reached(one.learngene, trained, updates) for updates in self.updates}
        what = {"kind": "circuit", "network": seed, "circuit": number}
        return {
            **what,
            "structure": one.structure,
            "selection": one.selection,
            "scores": scores,
            "seconds": seconds,
            "reached": reached,
        }

    def reached(self, learngene: Learngene, given: Examination, updates: int) -> list[float]:
        """Return the accuracies of descendants after a number of updates."""
        own = replace(given, setup=replace(given.setup, recipe=Recipe(updates=updates)))
        trainings = [own.training(learngene, number, measure_at=(updates,)) for number in range(self.descendants)]
        return [outcome.accuracy[-1] for outcome in train_all(trainings, workers=1)]

    def costs(self) -> dict[str, int]:
        """Return the multiply-adds of each score for a circuit."""
        scored = self.scored(0)
        return {name: candidate.cost(scored) for name, candidate in self.candidates.items()}


def halves(images: LabelledImages) -> tuple[LabelledImages, LabelledImages]:
    """Return the images of every other class, and those of the rest."""
    return _of_classes(images, range(0, len(images.classes), 2)), _of_classes(images, range(1, len(images.classes), 2))


def _of_classes(images: LabelledImages, chosen: Sequence[int]) -> LabelledImages:
    labels = torch.full((len(images.classes),), -1)
    labels[list(chosen)] = torch.arange(len(chosen))
    rows = (labels[images.labels] >= 0).nonzero().squeeze(1)
    return LabelledImages(
        images.images[rows], labels[images.labels[rows]], tuple(images.classes[label] for label in chosen)
    )


def run(study: Study, path: Path) -> list[dict[str, Any]]:
    """Measure what has yet to be measured, append a record for each circuit to a file, and return all records."""
    done = {(one["network"], one["circuit"]) for one in (read_records(path) if path.exists() else [])}
    with Records(path) as records:
        for seed in range(study.networks):
            missing = [number for number in range(study.circuits) if (seed, number) not in done]
            weights = study.pretrained(seed) if missing else {}
            for number in missing:
                one = cut(study.backbone, weights, seed=seed, number=number, share=study.share)
                records.append(study.record(one, seed, number))
                click.echo(f"network {seed}, circuit {number + 1} of {study.circuits}", err=True)
    return read_records(path)


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default=Path("agreement"), show_default=True)
@click.option("--folder", type=click.Path(exists=True, path_type=Path), help="An image folder in place of the glyphs.")
@click.option("--networks", default=3, show_default=True, help="Pre-trained networks.")
@click.option("--circuits", default=70, show_default=True, help="Circuits of each network.")
@click.option("--updates", default="10,60,300", show_default=True, help="Updates of descendants.")
@click.option("--learning-rate", default=0.2, show_default=True, help="The highest rate of pre-training.")
@click.option("--pretraining", default=2000, show_default=True, help="Updates of pre-training.")
def main(
    out: Path, folder: Path | None, networks: int, circuits: int, updates: str, learning_rate: float, pretraining: int
) -> None:
    """Measure which scores rank circuits as their descendants do, and print a table for each number of updates."""
    torch.set_num_threads(1)
    dataset = glyphs() if folder is None else image_folder(folder)
    study = Study(
        dataset=dataset,
        backbone=ConvNet4(channels=dataset.shape[0]),
        networks=networks,
        circuits=circuits,
        pretraining=Recipe(updates=pretraining, learning_rate=learning_rate),
        updates=tuple(int(one) for one in updates.split(",")),
        candidates=CANDIDATES,
    )
    out.mkdir(parents=True, exist_ok=True)
    records = run(study, out / "records.jsonl")
    for number in study.updates:
        click.echo(f"\nDescendants after {number} updates\n\n{to_markdown(records, study.costs(), updates=number)}")
