"""Image files of all kinds become tensors of one shape, or are named in a sentence."""

import struct
import tempfile
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
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


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "CMYK", "YCbCr"])
@pytest.mark.parametrize("channels", [1, 3])
def test_modes_of_8_bits_are_those_of_pillow(tmp_path: Path, mode: str, channels: int) -> None:
    """Palettes, grey, black and white, inks and channels of opaqueness become what Pillow makes of them."""
    image = Image.fromarray(PIXELS).convert(mode)
    image.save(tmp_path / "a.tif")
    found = read_pictures([tmp_path / "a.tif"], channels=channels, size=None)[0].permute(1, 2, 0)
    wanted = np.asarray(image.convert("L" if channels == 1 else "RGB")).reshape(6, 6, channels)
    assert np.array_equal(found.numpy(), wanted)


@pytest.mark.parametrize(
    ("ending", "channels"), [(".png", 1), (".png", 2), (".png", 3), (".png", 4), (".ppm", 1), (".ppm", 3), (".tif", 1)]
)
def test_more_than_8_bits_are_refused(tmp_path: Path, ending: str, channels: int) -> None:
    """Grey and colour of 16 bits per channel would lose half of them, with opaqueness or without."""
    pixels = np.arange(36 * channels, dtype=np.uint16).reshape(6, 6, channels)
    path = tmp_path / f"a{ending}"
    if ending == ".png":
        path.write_bytes(png_of_16_bits(pixels))
    elif ending == ".ppm":
        header = b"P5" if channels == 1 else b"P6"
        path.write_bytes(header + b" 6 6 65535\n" + pixels.astype(">u2").tobytes())
    else:
        Image.fromarray(pixels[..., 0]).save(path)
    with pytest.raises(ValueError, match=rf"^{path} must have 8 bits per channel, but it has more"):
        read_pictures([path], channels=3, size=None)


def png_of_16_bits(pixels: np.ndarray) -> bytes:
    """Return a PNG of pixels [H, W, C] uint16, which Pillow does not write."""
    height, width, channels = pixels.shape
    header = struct.pack(">IIBBBBB", width, height, 16, {1: 0, 2: 4, 3: 2, 4: 6}[channels], 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    chunks = {b"IHDR": header, b"IDAT": zlib.compress(rows), b"IEND": b""}
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        for name, content in chunks.items()
    )


@pytest.mark.parametrize("mode", ["I", "F", "LAB"])
def test_other_modes_are_refused(tmp_path: Path, mode: str) -> None:
    """Numbers beyond 8 bits and other spaces of colour are refused."""
    path = tmp_path / "a.tif"
    image = Image.new("LAB", (6, 6)) if mode == "LAB" else Image.fromarray(PIXELS).convert(mode)
    image.save(path)
    words = "must be grey or colour .* its mode is LAB; convert it" if mode == "LAB" else "must have 8 bits per channel"
    with pytest.raises(ValueError, match=rf"^{path} {words}"):
        read_pictures([path], channels=3, size=None)


@pytest.mark.parametrize("mode", ["P", "L", "RGB", "LA", "RGBA"])
@pytest.mark.parametrize("opaque", [False, True])
def test_transparent_pixels_are_refused(tmp_path: Path, mode: str, opaque: bool) -> None:
    """A channel, a palette or a colour of transparency changes nothing if no pixel is transparent, else is refused."""
    path = tmp_path / "a.png"
    grey = Image.fromarray(PIXELS[..., 0] // 2)
    image = grey.convert("RGB").quantize(8) if mode == "P" else grey.convert(mode)
    wanted = np.asarray(image.convert("RGB"))
    if mode in ("P", "L", "RGB"):
        seen = image.getpixel((0, 0))
        unseen = {"P": bytes([255, 255]), "L": 255, "RGB": (255, 255, 255)}[mode]
        image.save(path, transparency=unseen if opaque else seen)
    else:
        image.putalpha(255 if opaque else 254)
        image.save(path)
    if opaque:
        found = read_pictures([path], channels=3, size=None)[0].permute(1, 2, 0)
        assert np.array_equal(found.numpy(), wanted)
    else:
        with pytest.raises(ValueError, match=rf"^{path} must be opaque, but pixels of it are transparent"):
            read_pictures([path], channels=3, size=None)


@pytest.mark.parametrize("ending", [".png", ".tif", ".webp"])
def test_several_frames_are_refused(tmp_path: Path, ending: str) -> None:
    """Animated images and files of several pages would lose all frames but the first."""
    path = tmp_path / f"a{ending}"
    first = Image.fromarray(PIXELS)
    first.save(path, save_all=True, append_images=[first.rotate(90)])
    with pytest.raises(ValueError, match=rf"^{path} must be one image, but it has 2 frames"):
        read_pictures([path], channels=3, size=None)


def test_a_camera_s_preview_is_no_frame(tmp_path: Path) -> None:
    """A JPEG whose second picture is a preview is read as torchvision does, by its first."""
    path = tmp_path / "a.jpg"
    first = Image.fromarray(PIXELS)
    first.save(path, format="MPO", save_all=True, append_images=[first.rotate(90)])
    with Image.open(path) as image:
        wanted = np.asarray(image.convert("RGB"))
    assert np.array_equal(read_pictures([path], channels=3, size=None)[0].permute(1, 2, 0).numpy(), wanted)


@given(exif=st.binary(max_size=60), ending=st.sampled_from([".jpg", ".png", ".webp", ".tif"]))
@example(exif=b"II*\0\x08\0\0\0\x05\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0", ending=".jpg")
@example(exif=b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0", ending=".jpg")
def test_odd_exif_changes_nothing(exif: bytes, ending: str) -> None:
    """Whatever stands in its EXIF, an image has the pixels that it has without."""
    with tempfile.TemporaryDirectory() as folder:
        plain, odd = Path(folder) / f"a{ending}", Path(folder) / f"b{ending}"
        image = Image.fromarray(PIXELS)
        image.save(plain)
        if ending == ".tif":
            odd.write_bytes(plain.read_bytes() + exif)
        else:
            image.save(odd, exif=b"Exif\0\0" + exif)
        images = read_pictures([plain, odd], channels=3, size=None)
    assert torch.equal(images[0], images[1])


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
    """Files cut short, of text, or of a format that another program would read are refused."""
    whole = save(tmp_path / "whole.jpg", np.zeros((64, 64, 3), np.uint8)).read_bytes()
    path = tmp_path / "damaged.jpg"
    for content, words in (
        (whole[:-300], r"is damaged \(.*\); get it again\.$"),
        (b"text", "must be an image in one of the formats BMP, JPEG, PNG, PPM, TIFF, WEBP"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 6 6\n", "must be an image in one of the formats"),
    ):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=rf"^{path} {words}") as caught:
            read_pictures([path], channels=3, size=6)
        assert "\n" not in str(caught.value)


def test_very_large_images_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An image that may be meant to exhaust the memory is not decoded, and not called damaged."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 30)
    path = save(tmp_path / "large.png")
    with pytest.raises(ValueError, match=rf"^{path} must have at most 30 pixels, but"):
        read_pictures([path], channels=3, size=6)
