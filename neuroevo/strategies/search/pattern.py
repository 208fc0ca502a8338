"""Local search along the axes: two steps in each of some genes, and what they say of each gene alone.

Source: MTS-LS1 of Tseng and Chen, Multiple Trajectory Search for Large Scale Global Optimization (CEC 2008): a step in
each direction, halved where neither is better, and large again once it is small. That all genes move at a time, each to
its better side or to the vertex of the parabola through its three values, and that a new step is drawn, are ours.
"""

from __future__ import annotations

import torch
from torch import Tensor

SHORT = 0.01
"""The least step, in units of the spread: below it a new one is drawn."""
FAR = 1 / 0.3
"""The greatest step that is drawn, in units of the spread: the width of a box whose spread is the default."""


def probes(genome: Tensor, steps: Tensor, places: Tensor) -> Tensor:
    """Return copies of a genome with one step up, and others with one down, [2 K, D].

    Args:
        genome: Floating point, [D].
        steps: Length of the step of each gene that moves, [K].
        places: Which genes move, int64 [K].
    """
    moved = torch.zeros(len(places), len(genome), dtype=genome.dtype, device=genome.device)
    moved[torch.arange(len(places), device=genome.device), places] = steps.to(genome)
    return torch.cat([genome + moved, genome - moved])


def moves(score: Tensor, scores: Tensor) -> Tensor:
    """Return where each gene should go, in steps in [-1, 1], float64 [K].

    Args:
        score: That of the genome, to be maximised, float64 [].
        scores: Those of its `probes`, [2 K].
    """
    up, down = scores.chunk(2)
    better = torch.where(up >= down, 1.0, -1.0).to(scores)
    bend = up - 2 * score + down
    vertex = (0.5 * (down - up) / bend).clamp(-1, 1)
    inside = torch.where(bend.isfinite() & (bend < 0), vertex, 0.0)
    return torch.where(torch.maximum(up, down) > score, better, inside)


def next_steps(steps: Tensor, moved: Tensor, spread: Tensor, *, generator: torch.Generator) -> Tensor:
    """Return the next steps [K]: halved where a gene did not move by a whole step, and drawn anew where too short."""
    halved = torch.where(moved.abs().to(steps) == 1, steps, steps / 2)
    drawn = FAR * torch.rand(len(steps), generator=generator, dtype=torch.float64).to(steps) * spread
    return torch.where(halved < SHORT * spread, drawn, halved)
