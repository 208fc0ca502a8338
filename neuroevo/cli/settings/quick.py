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


def kept(values: Mapping[str, object], chosen: Mapping[str, object]) -> str:
    """Return in a sentence which values that are given `--quick` would choose otherwise; nothing if there are none.

    Args:
        values: The values.
        chosen: What `--quick` would choose.
    """
    found = [
        f"--{key.replace('_', '-')}={_text(values[key])} in place of {_text(value)}"
        for key, value in chosen.items()
        if key in values and _text(values[key]) != _text(value)
    ]
    return f"--quick keeps what is given: {', '.join(found)}." if found else ""


def quick_settings(values: Mapping[str, object]) -> dict[str, object]:
    """Return the defaults of `--quick` for the backbone and the data set that are chosen."""
    from neuroevo import catalogue
    from neuroevo.signatures import parameters

    quick = dict(QUICK)
    if not {"backbone", "dataset"} <= values.keys():
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


def _text(value: object) -> str:
    """Return a value as the command line takes it."""
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
