"""The smaller defaults of `--quick`."""

from collections.abc import Mapping

QUICK: Mapping[str, object] = {
    "seeds": 1,
    "life_updates": 200,
    "critic_updates": 10,
    "evaluations": 1000,
    "budgets": (80, 320),
}
"""Defaults by setting; a value that is given still wins."""

NARROW = 0.125
"""Factor on the channels of this library's backbones that do not say that they are small."""

LARGE: Mapping[str, object] = {
    "life_updates": 40,
    "critic_updates": 5,
    "updates": 15,
    "batch": 32,
    "life_batch": 32,
    "critic_batch": 32,
    "budgets": (40, 160),
}
"""What backbones have instead that do not say that they are small; those of others keep their width."""

MOST_PIXELS = 32
"""Height and width of images that are larger by themselves, where they can be had in another size."""


def quick_settings(values: Mapping[str, object]) -> dict[str, object]:
    """Return the defaults of `--quick` for the backbone and the data set that are chosen."""
    from neuroevo import catalogue
    from neuroevo.signatures import parameters

    quick = dict(QUICK)
    if "backbone" not in values:
        return quick
    backbones, datasets = catalogue.entries("backbone"), catalogue.entries("dataset")
    backbone, dataset = str(values["backbone"]), str(values["dataset"])
    if backbone in backbones and not getattr(backbones[backbone].load(), "small", False):
        quick |= LARGE
        if backbones[backbone].origin == catalogue.OWN:
            quick["width"] = NARROW
    if dataset in datasets:
        size = parameters(datasets[dataset].load()).get("size")  # type: ignore[arg-type]
        if size is not None and isinstance(size.default, int) and size.default > MOST_PIXELS:
            quick["image_size"] = MOST_PIXELS
    return quick
