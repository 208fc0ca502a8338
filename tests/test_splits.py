"""The class splits that come with the library, and the checks on any split."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.splits import ROLES, Split, load_split, split_names

NAMES = st.lists(st.text(min_size=1, max_size=3), min_size=4, max_size=12, unique=True)


def split_of(ancestry: list[str], held_out: list[str], novel: list[str]) -> Split:
    """Return a split of the given classes."""
    return Split("made-up", tuple(ancestry), tuple(held_out), tuple(novel), 5, 1, 8)


@pytest.mark.parametrize("name", split_names())
def test_roles_of_every_split_share_no_class(name: str) -> None:
    """All classes of a split together are as many as different ones."""
    split = load_split(name)
    classes = [c for role in ROLES for c in split.role(role)]
    assert len(set(classes)) == len(classes)
    assert split.name == name


@pytest.mark.parametrize(
    ("name", "numbers", "shape"),
    [
        ("glyphs", [53, 20, 63], (200, 1, 28)),
        ("fashion-mnist", [6, 2, 2], (7000, 1, 28)),
        ("cifar-fs", [64, 16, 20], (600, 3, 32)),
        ("mini-imagenet", [64, 16, 20], (600, 3, 84)),
        ("tiny-imagenet", [64, 16, 20], (550, 3, 64)),
    ],
)
def test_facts_of_the_data_sets(name: str, numbers: list[int], shape: tuple[int, int, int]) -> None:
    """The numbers of classes and the shape of the images are the documented ones."""
    split = load_split(name)
    assert [len(split.role(role)) for role in ROLES] == numbers
    assert (split.images_per_class, split.channels, split.size) == shape


@given(names=NAMES, data=st.data())
def test_a_class_with_two_roles_is_refused(names: list[str], data: st.DataObject) -> None:
    """Disjoint roles make a split, and giving one class a second role does not."""
    roles = [names[:-3], names[-3:-1], names[-1:]]
    assert split_of(*roles).novel == tuple(names[-1:])
    giver, taker = data.draw(st.permutations(range(3)))[:2]
    roles[taker] = [*roles[taker], data.draw(st.sampled_from(roles[giver]))]
    with pytest.raises(ValueError, match="no class in common"):
        split_of(*roles)


def test_a_role_needs_classes_named_once() -> None:
    """An empty role and a repeated class are refused."""
    with pytest.raises(ValueError, match="held_out has none"):
        split_of(["a"], [], ["b"])
    with pytest.raises(ValueError, match="novel of made-up must name each class once"):
        split_of(["a"], ["b"], ["c", "c"])


def test_numbers_below_one_are_refused() -> None:
    """A split without images is refused."""
    with pytest.raises(ValueError, match="images_per_class of the split made-up"):
        Split("made-up", ("a",), ("b",), ("c",), 0, 1, 8)


def test_an_unknown_name_is_answered_with_the_known_and_the_nearest() -> None:
    """A misspelt name says which names there are and which is nearest."""
    with pytest.raises(ValueError, match=r"fashion-mnist, glyphs, mini-imagenet.*the nearest is glyphs\.$"):
        load_split("glpyhs")
    with pytest.raises(ValueError, match=r"the nearest is fashion-mnist\.$"):
        load_split("FashionMNIST")


def test_an_unknown_role_is_refused() -> None:
    """A role must be one of three."""
    with pytest.raises(ValueError, match="role must be one of ancestry, held_out, novel"):
        load_split("glyphs").role("train")


def test_splits_are_read_without_torch() -> None:
    """Reading a split imports no torch, so that the command line can check settings quickly."""
    code = "import sys; from neuroevo.splits import load_split; load_split('glyphs');sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
