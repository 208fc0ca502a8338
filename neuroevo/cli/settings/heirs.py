"""How kinds of heirs are spelled: a backbone with a factor on its channels, such as `vgg11:0.5`."""


def kind_of(heir: str) -> tuple[str, float]:
    """Return the backbone of a kind of heir and the factor on its channels.

    Args:
        heir: The backbone's name, with a colon and the factor behind it unless that is 1: `vgg11:0.5`.

    Raises:
        ValueError: What stands behind the colon is no number above 0.
    """
    name, colon, factor = heir.partition(":")
    try:
        value = float(factor) if colon else 1.0
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise ValueError(f"an heir must be a backbone with a width above 0, such as vgg11:0.5, but it is {heir!r}.")
    return name, value
