"""Environments of ancestry: where each image is from, and what mixed ones do to theirs."""

from collections import Counter
from types import ModuleType
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.data.environments import Environments
from neuroevo.data.images import Dataset, LabelledImages
from neuroevo.data.mixed import CHANGES, MIXED, mixed
from neuroevo.testing.laws import check_dataset
from neuroevo.testing.strategies import seeds

KINDS = st.lists(st.sampled_from([*CHANGES]), min_size=1, max_size=6)


def rows_of(images: LabelledImages) -> Counter[tuple[bytes, str]]:
    """Return the images with the names of their classes, in no order."""
    names = [images.classes[label] for label in images.labels.tolist()]
    return Counter(zip([one.numpy().tobytes() for one in images.images], names, strict=True))


def pixels(images: LabelledImages) -> Counter[bytes]:
    """Return the images without their classes."""
    return Counter(one.numpy().tobytes() for one in images.images)


@given(kinds=KINDS, seed=seeds())
def test_ancestry_is_its_environments_together(kinds: list[str], seed: int, toys: ModuleType) -> None:
    """Each image is from one environment; the other roles are those of the data set, and the seed decides all."""
    plain = toys.dataset(per_class=12)
    found = mixed(plain, kinds=kinds, seed=seed)
    known = found.environments
    assert known is not None
    parts = [found.ancestry.part(known.rows(name)) for name in known.names]
    assert sum(map(rows_of, parts), Counter()) == rows_of(found.ancestry)
    assert sum(len(one.labels) for one in parts) == len(plain.ancestry.labels)
    assert found.held_out is plain.held_out
    assert found.novel is plain.novel
    assert [name.rpartition("-")[0] for name in known.names] == kinds
    assert [*known.useful] == [name for name in known.names if name.startswith("useful-")]
    assert mixed(plain, kinds=kinds, seed=seed).facts() == found.facts()


@given(seed=seeds())
def test_every_environment_does_what_its_name_says(seed: int, toys: ModuleType) -> None:
    """All begin with equal parts of the same images; only useful ones keep image and class together."""
    plain = toys.dataset(per_class=12)
    whole = mixed(plain, kinds=["useful"] * 4, seed=seed)
    for kind in CHANGES:
        found = mixed(plain, kinds=["useful", kind, "useful", "useful"], seed=seed)
        assert found.environments is not None
        assert whole.environments is not None
        name = found.environments.names[1]
        before = whole.ancestry.part(whole.environments.rows("useful-2"))
        after = found.ancestry.part(found.environments.rows(name))
        assert torch.bincount(after.labels).tolist() == torch.bincount(before.labels).tolist() == [3] * 5
        assert (rows_of(after) == rows_of(before)) == (kind == "useful")
        assert (pixels(after) == pixels(before)) == (kind in ("useful", "shuffled"))
        assert (after.classes == before.classes) == (kind != "foreign")
        inks = [images.images.flatten(1).sort(1).values for images in (after, before)]
        assert torch.equal(*inks) == (kind != "foreign")  # images keep their order, and corrupted ones their pixels


def test_other_seeds_deal_otherwise(toys: ModuleType) -> None:
    """The digest says so."""
    facts = [mixed(toys.dataset(), seed=seed).facts() for seed in (0, 1)]
    assert facts[0] != facts[1]
    assert "environments" not in toys.dataset().facts()


def test_mixed_data_keep_the_laws(toys: ModuleType) -> None:
    """Roles share nothing and statistics are those of all environments; on another device, too."""
    found = mixed(toys.dataset())
    check_dataset(found, again=lambda: mixed(toys.dataset()).to("cpu"), examples=5)
    assert found.environments is not None
    assert len(found.environments) == len(MIXED)


def test_some_environments_are_a_data_set(toys: ModuleType) -> None:
    """Its ancestry is theirs, and nothing else."""
    found = mixed(toys.dataset(), kinds=("useful", "foreign", "shuffled"))
    assert found.environments is not None
    part = found.within("shuffled-1", "useful-1")
    wanted = [found.ancestry.part(found.environments.rows(name)) for name in ("shuffled-1", "useful-1")]
    assert rows_of(part.ancestry) == sum(map(rows_of, wanted), Counter())
    assert part.environments is not None
    assert part.environments.useful == ("useful-1",)
    assert part.ancestry.classes == toys.dataset().ancestry.classes


def test_environments_of_ones_own_share_classes_by_name(toys: ModuleType) -> None:
    """Images of two sources: a class that both have is one class."""
    first, second = toys.labelled("a", classes=3), toys.labelled("b", classes=2, seed=1)
    second = LabelledImages(second.images, second.labels, ("a 1", "else"))
    plain = toys.dataset()
    found = Dataset.of_environments("two", {"lab": first, "web": second}, plain.held_out, plain.novel, useful=["lab"])
    assert found.ancestry.classes == ("a 0", "a 1", "a 2", "else")
    assert found.environments is not None
    assert rows_of(found.ancestry.part(found.environments.rows("web"))) == rows_of(second)
    assert rows_of(found.ancestry.part(found.environments.rows("lab"))) == rows_of(first)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"names": ("a", "a")}, r"^environments must have different names, at least one, but they have \('a', 'a'\)"),
        ({"names": ("a", "b", "c")}, r"^each of the 3 environments must have an image, .* are from \[0, 1\]\.$"),
        ({"names": ("a",)}, r"^each of the 1 environments must have an image, and each image one of them"),
        ({"useful": ("c",)}, r"^useful must name environments \(a, b\), but it names c\.$"),
    ],
)
def test_impossible_environments_are_refused(wrong: dict[str, Any], words: str) -> None:
    """In one sentence."""
    with pytest.raises(ValueError, match=words):
        Environments(**{"names": ("a", "b"), "of": torch.tensor([0, 1, 1]), **wrong})


def test_what_can_not_be_mixed_is_refused(toys: ModuleType) -> None:
    """Unknown kinds and names, other examples than images, and data from one environment."""
    plain = toys.dataset()
    with pytest.raises(ValueError, match=r"^kinds must be of useful, shuffled, .*, but there is odd\.$"):
        mixed(plain, kinds=("useful", "odd"))
    with pytest.raises(ValueError, match=r"^toys must have images uint8 as ancestry, .* of torch\.uint8 for 0\.$"):
        mixed(plain, kinds=())
    with pytest.raises(ValueError, match=r"^toys must have environments, but its images are from one\.$"):
        plain.within("useful-1")
    with pytest.raises(ValueError, match=r"^environments must be of useful-1, .*, but there is no web\.$"):
        mixed(plain).within("web")
    with pytest.raises(TypeError, match=r"^of must be int64 \[N\], but it is torch\.float32 \[1\]\.$"):
        Environments(("a",), torch.zeros(1))
