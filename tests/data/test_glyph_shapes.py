"""Characters drawn once: every face has them all, and they differ."""

import numpy as np
import pytest

from neuroevo.data.glyph_shapes import FACES, draw_shapes, missing_characters
from neuroevo.splits import ROLES, load_split

CHARACTERS = [c for role in ROLES for c in load_split("glyphs").role(role)]


@pytest.mark.parametrize("face", FACES)
def test_every_face_has_every_character(face: str) -> None:
    """No character falls back to an empty box."""
    assert missing_characters(face, CHARACTERS) == ()


def test_shapes_fill_the_picture_up_to_the_margin() -> None:
    """Each shape leaves the margin empty and touches it on two opposite sides."""
    shapes = draw_shapes(CHARACTERS, size=32, margin=3)
    assert shapes.shape == (len(CHARACTERS), len(FACES), 32, 32)
    assert shapes.dtype == np.uint8
    inked = shapes > 2  # corners are rounded to 1/64 of a pixel
    inner = inked[:, :, 3:-3, 3:-3]
    assert inked.sum() == inner.sum()
    rows, columns = inner.any(axis=3), inner.any(axis=2)
    assert (rows[..., [0, -1]].all(axis=-1) | columns[..., [0, -1]].all(axis=-1)).all()


def test_no_two_characters_look_the_same() -> None:
    """Two characters of one face differ in 4 % of the picture at least, on average."""
    shapes = draw_shapes(CHARACTERS, size=24, margin=2)
    flat = shapes.reshape(len(CHARACTERS), -1).astype(np.int16)
    distance = np.stack([np.abs(row - flat).mean(axis=-1) for row in flat]) / 255
    np.fill_diagonal(distance, 1)
    first, second = np.unravel_index(distance.argmin(), distance.shape)
    assert distance.min() > 0.04, (CHARACTERS[first], CHARACTERS[second], distance.min())


def test_a_character_that_a_face_lacks_is_refused() -> None:
    """A missing character is named together with the face."""
    with pytest.raises(ValueError, match="DejaVuSans lacks 漢"):
        draw_shapes(["A", "漢"])


def test_a_margin_without_room_is_refused() -> None:
    """The margin leaves at least a pixel."""
    with pytest.raises(ValueError, match=r"margin must lie in 0\.\.3"):
        draw_shapes(["A"], size=8, margin=4)
