"""The laws of purity: what they let pass."""

from functools import partial

import pytest
import torch

from neuroevo.operators import mutation
from neuroevo.testing.laws import Breach, mutation_laws


def test_noise_of_the_size_0_is_no_noise() -> None:
    """It may still take the sign of a zero."""
    law = next(law for law in mutation_laws(deterministic=True) if law.name == "the seed changes nothing")
    case = {"genomes": torch.tensor([[0.0, -0.0]]), "seed": 0, "other seed": 1}
    law.replay(partial(mutation.gaussian, sigma=0.0), case)
    with pytest.raises(Breach):
        law.replay(partial(mutation.gaussian, sigma=0.1), case)
