"""Where the genes go that a step carries beyond a bound: one rule for distributions and one for differences.

What is drawn from a distribution is moved to the bound (`Space.clip`, by `Search.new_individuals`), and so is the mean:
the next sample reaches inside again. Individuals that move by their differences come to lie half way from the bound to
where they were (Price, Storn and Lampinen 2005, section 4.3; L-SHADE, Tanabe and Fukunaga 2014): once a gene of all of
them lay at a bound no difference would move it any more. `docs/search-quality.md` has the experiment.
"""

from __future__ import annotations

import torch
from torch import Tensor

from neuroevo.space import Space


def halfway(space: Space, genomes: Tensor, parents: Tensor) -> Tensor:
    """Return genomes [P, D] whose genes beyond a bound lie half way from it to the parent's.

    Args:
        space: Where genomes lie.
        genomes: Where steps led, [P, D].
        parents: Where they began, in the space, [P, D]; genes stay there if the step is no finite number.
    """
    inside = space.clip(genomes)
    back = torch.where(inside == genomes, genomes, (inside + parents) / 2)
    # Where nothing is better or worse differences grow, in the end beyond the greatest number.
    return torch.where(genomes.isfinite(), back, parents)
