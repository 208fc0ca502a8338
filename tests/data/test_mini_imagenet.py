"""miniImageNet read from cache pickles and from lists with images, written small by `formats`."""

import pickle
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from neuroevo.data.mini_imagenet import PARTS, mini_imagenet
from neuroevo.splits import ROLES, load_split


@pytest.fixture(scope="module")
def pickles(tmp_path_factory: pytest.TempPathFactory, formats: ModuleType) -> Path:
    """Return a folder with the three cache pickles of 2 images per class."""
    written: Path = formats.write_mini_imagenet_pickles(tmp_path_factory.mktemp("pickles"), per_class=2)
    return written


@pytest.fixture(scope="module")
def lists(tmp_path_factory: pytest.TempPathFactory, formats: ModuleType) -> Path:
    """Return a folder with images and lists, 2 images of 100 x 100 pixels per class."""
    written: Path = formats.write_mini_imagenet_csv(tmp_path_factory.mktemp("lists"), per_class=2, size=100)
    return written


@pytest.fixture
def linked(tmp_path: Path) -> Callable[[Path], Path]:
    """Return a function that makes a folder of links to the files of another."""

    def link(folder: Path) -> Path:
        for path in folder.iterdir():
            (tmp_path / path.name).symlink_to(path, target_is_directory=path.is_dir())
        return tmp_path

    return link


def replaced(path: Path, content: bytes) -> None:
    """Put a file with this content in the place of another or a link."""
    path.unlink()
    path.write_bytes(content)


@pytest.mark.parametrize("python2", [False, True])
def test_every_class_has_the_rows_of_the_pickle(tmp_path: Path, formats: ModuleType, python2: bool) -> None:
    """Classes come in the order of the split, their images pixel by pixel, whichever Python wrote them."""
    data = mini_imagenet(formats.write_mini_imagenet_pickles(tmp_path, per_class=2, python2=python2))
    for role in ROLES:
        images = data.role(role)
        assert images.classes == load_split("mini-imagenet").role(role)
        for label, name in enumerate(images.classes):
            found = images.images[images.labels == label].permute(0, 2, 3, 1).numpy()
            assert np.array_equal(found, formats.made_images(int(name[1:]), 2, size=84))
    assert (data.name, data.channels, data.size) == ("mini-imagenet", 3, 84)


def test_images_and_lists_give_the_same_classes_resized(lists: Path, formats: ModuleType) -> None:
    """Images are resized to 84 x 84 or what is asked, and are close to what was written."""
    data, small = mini_imagenet(lists), mini_imagenet(lists, size=32, images_per_class=1)
    assert (data.size, small.size, len(small.novel.images)) == (84, 32, 20)
    for role in ROLES:
        assert data.role(role).classes == load_split("mini-imagenet").role(role)
        for label, name in enumerate(data.role(role).classes):
            mean = data.role(role).images[data.role(role).labels == label].double().mean((0, 2, 3))
            made = formats.made_images(int(name[1:]), 2, size=100).mean((0, 1, 2))
            assert np.abs(mean.numpy() - made).max() < 3


def test_the_name_that_another_library_gives_is_known(pickles: Path, linked: Callable[[Path], Path]) -> None:
    """learn2learn calls the pickle of val `-validation`."""
    folder = linked(pickles)
    (folder / "mini-imagenet-cache-val.pkl").rename(folder / "mini-imagenet-cache-validation.pkl")
    assert mini_imagenet(folder).facts() == mini_imagenet(pickles).facts()


def test_images_per_class_keeps_the_first(pickles: Path) -> None:
    """A smaller number takes the first images of each class; too great a number names a class."""
    few, many = mini_imagenet(pickles, images_per_class=1), mini_imagenet(pickles)
    assert torch.equal(few.novel.images, many.novel.images[::2])
    with pytest.raises(ValueError, match="at least 3 images, but n01532829 has 2"):
        mini_imagenet(pickles, images_per_class=3)


@pytest.mark.parametrize("part", PARTS)
def test_a_missing_part_is_named_with_where_to_get_it(
    pickles: Path, lists: Path, linked: Callable[[Path], Path], part: str
) -> None:
    """One sentence names the part that is missing, of the form that is there, and where it can be had."""
    folder = linked(pickles)
    (folder / f"mini-imagenet-cache-{part}.pkl").unlink()
    with pytest.raises(
        FileNotFoundError, match=rf"{folder} lacks mini-imagenet-cache-{part}\.pkl; get .*zenodo.*twitter.*\.$"
    ):
        mini_imagenet(folder)


def test_an_empty_folder_and_a_missing_list_are_reported(lists: Path, linked: Callable[[Path], Path]) -> None:
    """Nothing at all lacks the pickles; of lists the missing one is named."""
    folder = linked(lists)
    with pytest.raises(FileNotFoundError, match=r"cache-train.pkl, mini-imagenet-cache-val.pkl"):
        mini_imagenet(folder / "nowhere")
    (folder / "val.csv").unlink()
    with pytest.raises(FileNotFoundError, match=r"lacks val\.csv;"):
        mini_imagenet(folder)


def cache(change: Callable[[dict[str, Any]], object], path: Path) -> bytes:
    """Return a pickle after a change of its content."""
    content = pickle.loads(path.read_bytes())
    change(content)
    return pickle.dumps(content)


VAL, NOVEL = load_split("mini-imagenet").held_out[0], load_split("mini-imagenet").novel[0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c.pop("class_dict"), "rows of each class under class_dict, but it does not"),
        (lambda c: c.update(class_dict=[1]), "rows of each class under class_dict, but it does not"),
        (
            lambda c: c.update(image_data=c["image_data"][:, :80]),
            r"uint8 \[N, 84, 84, 3\], but it holds uint8 \[32, 80",
        ),
        (lambda c: c.update(image_data=c["image_data"].astype("f4")), "but it holds float32"),
        (lambda c: c["class_dict"].update({VAL: [32]}), r"must lie in 0\.\.31"),
        (lambda c: c["class_dict"].update({VAL: ["0"]}), f"for {VAL} there must be a list of whole numbers"),
        (lambda c: c["class_dict"].update({NOVEL: [0]}), f"'{NOVEL}' belongs to novel"),
        (lambda c: c["class_dict"].update({"n01614925": [0]}), "'n01614925' is not among the 100"),
        (lambda c: c["class_dict"].pop(VAL), f"16 classes of held_out, but it lacks {VAL}"),
    ],
)
def test_a_wrong_pickle_is_reported(
    pickles: Path, linked: Callable[[Path], Path], change: Callable[[dict[str, Any]], object], words: str
) -> None:
    """Images of another size or kind, rows beyond them, and classes of another split are refused."""
    path = linked(pickles) / "mini-imagenet-cache-val.pkl"
    replaced(path, cache(change, path))
    with pytest.raises(ValueError, match=rf"{path}.*{words}"):
        mini_imagenet(path.parent)


def test_parts_that_changed_places_are_reported(pickles: Path, linked: Callable[[Path], Path]) -> None:
    """The pickle of test under the name of val is refused before descendants' classes judge ancestors."""
    folder = linked(pickles)
    (folder / "mini-imagenet-cache-test.pkl").rename(folder / "mini-imagenet-cache-val.pkl")
    (folder / "mini-imagenet-cache-test.pkl").symlink_to(folder / "mini-imagenet-cache-train.pkl")
    with pytest.raises(ValueError, match=r"must hold the classes of held_out .* belongs to novel"):
        mini_imagenet(folder)


def test_a_truncated_or_planted_pickle_is_reported(
    pickles: Path, linked: Callable[[Path], Path], tmp_path: Path
) -> None:
    """A pickle cut short is damaged; one that calls the shell is refused without a call."""
    path = linked(pickles) / "mini-imagenet-cache-train.pkl"
    trace = tmp_path / "trace"
    for content, words in (
        (path.read_bytes()[:-1000], "is damaged"),
        (f"cposix\nsystem\n(S'touch {trace}'\ntR.".encode(), "nothing of it was run|is damaged"),
        (
            b"\x80\x02}U\x01acposix\nsystem\nU"
            + bytes([len(f"touch {trace}")])
            + f"touch {trace}".encode()
            + b"\x85Rs.",
            "it names 'posix.system'; nothing of it was run",
        ),
    ):
        replaced(path, content)
        with pytest.raises(ValueError, match=words):
            mini_imagenet(path.parent)
    assert not trace.exists()


def test_the_pickles_are_resized_as_images_are(pickles: Path) -> None:
    """Another size gives what Pillow makes of the same pixels, up to rounding."""
    whole, small = mini_imagenet(pickles, images_per_class=1).novel, mini_imagenet(pickles, size=32).novel
    assert small.images.shape == (40, 3, 32, 32)
    for row, image in enumerate(whole.images):
        pixels = Image.fromarray(image.permute(1, 2, 0).numpy()).resize((32, 32), Image.Resampling.BILINEAR)
        expected = torch.from_numpy(np.array(pixels)).permute(2, 0, 1)
        assert (small.images[2 * row].int() - expected.int()).abs().max() <= 1
    with pytest.raises(ValueError, match="size must be at least 1"):
        mini_imagenet(pickles, size=0)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (["filename,class", "n01614925_1001.JPEG,n01614925"], "is that of Vinyals et al"),
        (["filename,label", "n01614925_1001.JPEG,n01614925"], "line 2 of .* get the list of Ravi and Larochelle"),
        (["filename,label", "../../etc/passwd,n01855672"], "line 2 of .* must be a file such as"),
        (["filename,label", "n0185567200000001.jpg,n02091244"], "line 2 of"),
        (["filename,label", "n0185567200000001.jpg"], "line 2 of"),
        (["filename,label", "n0193011200000001.jpg,n01930112"], "'n01930112' belongs to novel"),
        (["filename,label", "n0161492500000001.jpg,n01614925"], "is not among the 100"),
        (["filename,label", "n0185567200000001.jpg,n01855672"], "16 classes of held_out, but it lacks n02091244"),
        (["filename,label"], "but it lacks n01855672"),
        (["name,label"], "must begin with filename,label, but it begins with 'name,label'"),
        ([], "must have content, but it is empty"),
        (["", ""], "must begin with filename,label"),
        (["\0\x01", "\udcff"], "must begin with filename,label|is damaged"),
    ],
)
def test_a_list_of_another_split_is_reported(
    lists: Path, linked: Callable[[Path], Path], rows: list[str], words: str
) -> None:
    """The lists of Vinyals et al., of another part or with anything else in a line are refused."""
    path = linked(lists) / "val.csv"
    replaced(path, "\n".join(rows).encode("utf-8", "surrogateescape"))
    with pytest.raises(ValueError, match=rf"{words}") as caught:
        mini_imagenet(path.parent)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_and_damaged_images_are_named(lists: Path, linked: Callable[[Path], Path], tmp_path: Path) -> None:
    """Images that a list names and that are missing, damaged or transparent, are named."""
    folder = linked(lists)
    (folder / "images").unlink()
    (folder / "images").mkdir()
    for path in (lists / "images").iterdir():
        (folder / "images" / path.name).symlink_to(path)
    image = folder / "images" / "n0153282900000002.jpg"
    image.unlink()
    with pytest.raises(FileNotFoundError, match=rf"images must hold .* but it lacks {image.name}\."):
        mini_imagenet(folder)
    image.write_bytes(b"\xff\xd8nothing")
    with pytest.raises(ValueError, match=rf"{image} must be an image in one of the formats"):
        mini_imagenet(folder)
    Image.new("RGBA", (84, 84)).save(image, format="PNG")
    with pytest.raises(ValueError, match=rf"{image} must be opaque"):
        mini_imagenet(folder)
