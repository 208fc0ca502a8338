"""GTL with a population: lives side by side, averaged, mutated and chosen among.

One lineage (`gtl`) reaches as much per gradient step. A population buys time where there are workers: its lives train
at once, and their average makes up for what each of them is shorter (`docs/does-evolution-pay.md`).
"""

from __future__ import annotations

from typing import ClassVar

from neuroevo.backbones import Backbone
from neuroevo.data.images import Dataset
from neuroevo.signatures import takes, with_defaults
from neuroevo.strategies.gtl.gtl import GTL
from neuroevo.strategies.gtl.settings import POPULATION, GTLSettings, shallow

PopulationSettings = with_defaults("PopulationSettings", GTLSettings, module=__name__, **POPULATION)


class PopulationGTL(GTL):
    """Genetic transfer learning in a population: training runs side by side, averaged, mutated and chosen among.

    For those who have workers: `GTL` with the defaults of `POPULATION`.

    Args:
        dataset: As in `GTL`.
        backbone: As in `GTL`.

    Raises:
        ValueError: A setting is out of its range.
    """

    name: ClassVar[str] = "gtl-population"

    @takes(PopulationSettings)
    def __init__(self, dataset: Dataset, backbone: Backbone, settings: GTLSettings) -> None:
        super().__init__(dataset, backbone, **shallow(settings))


STRATEGIES = {"gtl-population": PopulationGTL}
