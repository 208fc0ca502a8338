"""Image files of all kinds become tensors of one shape, or are named in a sentence."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from neuroevo.data.pictures import read_pictures

PIXELS = np.random.default_rng(0).integers(0, 256, (6, 6, 3), np.uint8)


def save(path: Path, pixels: np.ndarray = PIXELS, mode: str = "RGB") -> Path:
    """Write an image and return its path."""
    Image.fromarray(pixels).convert(mode).save(path)
    return path


@pytest.mark.parametrize("ending", [".png", ".bmp", ".ppm", ".tif"])
def test_pixels_are_those_of_the_file(tmp_path: Path, ending: str) -> None:
    """Formats without loss give the bytes that were written, channels first."""
    images = read_pictures([save(tmp_path / f"a{ending}")], channels=3, size=None)
    assert images.dtype == torch.uint8
    assert np.array_equal(images[0].permute(1, 2, 0).numpy(), PIXELS)


def test_grey_and_colour_are_turned_into_one_another(tmp_path: Path) -> None:
    """Grey gives three equal channels, and colour one."""
    grey, colour = save(tmp_path / "grey.png", mode="L"), save(tmp_path / "colour.png")
    images = read_pictures([colour, grey], channels=3, size=None)
    assert torch.equal(images[1, 0], images[1, 1])
    assert torch.equal(images[1, 0], read_pictures([colour], channels=1, size=None)[0, 0])


def test_images_are_resized_to_what_is_asked(tmp_path: Path) -> None:
    """Images of any shape get the given size; one that has it already is unchanged."""
    wide = save(tmp_path / "wide.png", PIXELS[:4])
    assert read_pictures([wide, save(tmp_path / "a.png")], channels=3, size=8).shape == (2, 3, 8, 8)
    same = read_pictures([tmp_path / "a.png"], channels=3, size=6)[0]
    assert np.array_equal(same.permute(1, 2, 0).numpy(), PIXELS)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "I", "F", "I;16"])
def test_other_modes_are_refused(tmp_path: Path, mode: str) -> None:
    """Transparency and more than 8 bits would be lost, so they are refused."""
    path = tmp_path / "a.tif"
    if mode == "I;16":
        Image.fromarray(PIXELS[..., 0].astype(np.uint16)).save(path)
    else:
        save(path, mode=mode)
    with pytest.raises(ValueError, match=rf"^{path} must be grey or colour of 8 bits .* its mode is {mode}"):
        read_pictures([path], channels=3, size=None)


def test_other_shapes_are_refused_without_a_size(tmp_path: Path) -> None:
    """An image that is not square, or not as large as the first, is named."""
    first, wide, small = (
        save(tmp_path / name, PIXELS[:rows, :columns])
        for name, rows, columns in (("a.png", 6, 6), ("wide.png", 4, 6), ("small.png", 5, 5))
    )
    with pytest.raises(ValueError, match=rf"{wide} must be square, but it has 6 x 4 pixels"):
        read_pictures([first, wide], channels=3, size=None)
    with pytest.raises(ValueError, match=rf"{small} has 5 x 5 pixels and {first} 6 x 6 pixels"):
        read_pictures([first, small], channels=3, size=None)


def test_damaged_files_are_named(tmp_path: Path) -> None:
    """Files cut short, of text, empty, or of a format that another program would read are refused."""
    whole = save(tmp_path / "whole.jpg", np.zeros((64, 64, 3), np.uint8)).read_bytes()
    for content in (whole[:-300], b"", b"text", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 6 6\n"):
        path = tmp_path / "damaged.jpg"
        path.write_bytes(content)
        with pytest.raises(ValueError, match=rf"^{path} is damaged or no image .*get it again\.$") as caught:
            read_pictures([path], channels=3, size=6)
        assert "\n" not in str(caught.value)
