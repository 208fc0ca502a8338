"""Characters drawn once in each of 16 faces that matplotlib ships; `glyphs` warps them.

Outlines are read in the font's own integer units, without scaling or hinting, and filled by Agg,
which works in 1/256 of a pixel: neither step depends on the version of FreeType or on the screen.
"""

from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.ft2font import FT2Font, LoadFlags
from matplotlib.path import Path as Outline
from matplotlib.transforms import IdentityTransform
from numpy.typing import NDArray

FACES = (
    *(f"DejaVuSans{style}" for style in ("", "-Bold", "-Oblique", "-BoldOblique")),
    *(f"DejaVuSansMono{style}" for style in ("", "-Bold", "-Oblique", "-BoldOblique")),
    *(f"DejaVuSerif{style}" for style in ("", "-Bold", "-Italic", "-BoldItalic")),
    *(f"STIXGeneral{style}" for style in ("", "Bol", "Italic", "BolIta")),
)
"""The faces that have every character of the data set: file names in matplotlib's font folder."""


def draw_shapes(characters: Sequence[str], *, size: int = 48, margin: int = 4) -> NDArray[np.uint8]:
    """Draw characters in every face, each as large as possible, centred in its picture.

    Args:
        characters: K single characters.
        size: Height and width of a picture, in pixels.
        margin: Pixels left empty at every edge.

    Returns:
        Ink, uint8 [K, len(FACES), size, size], from 0 for none to 255 for a covered pixel.

    Raises:
        ValueError: A face lacks a character, or the margin leaves no room.
    """
    if not 0 <= 2 * margin < size:
        raise ValueError(f"margin must lie in 0..{(size - 1) // 2} for the size {size}, but it is {margin}.")
    shapes = np.empty((len(characters), len(FACES), size, size), np.uint8)
    canvas = RendererAgg(size, size, 72)
    for column, face in enumerate(FACES):
        font = FT2Font(str(Path(matplotlib.get_data_path(), "fonts", "ttf", f"{face}.ttf")))
        _check_has(font, face, characters)
        for row, character in enumerate(characters):
            outline = _fitted(*_outline(font, character), size=size, margin=margin)
            shapes[row, column] = _filled(canvas, outline)
    return shapes


def missing_characters(face: str, characters: Sequence[str]) -> tuple[str, ...]:
    """Return the characters that a face of `FACES` does not have."""
    font = FT2Font(str(Path(matplotlib.get_data_path(), "fonts", "ttf", f"{face}.ttf")))
    return _missing(font, characters)


def _missing(font: FT2Font, characters: Sequence[str]) -> tuple[str, ...]:
    present = font.get_charmap()
    return tuple(character for character in characters if ord(character) not in present)


def _check_has(font: FT2Font, face: str, characters: Sequence[str]) -> None:
    if missing := _missing(font, characters):
        raise ValueError(f"characters must be in every face, but {face} lacks {', '.join(missing)}.")


def _outline(font: FT2Font, character: str) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """Vertices [V, 2] in font units and Matplotlib's path codes [V] of a character."""
    # FreeType's transform differs between versions of matplotlib, the font's own numbers do not.
    font.load_char(ord(character), flags=LoadFlags.NO_SCALE | LoadFlags.IGNORE_TRANSFORM)
    vertices, codes = font.get_path()
    return np.asarray(vertices, np.float64) * 64, np.asarray(codes, np.uint8)


def _fitted(vertices: NDArray[np.float64], codes: NDArray[np.uint8], *, size: int, margin: int) -> Outline:
    low, high = _extents(vertices, codes)
    scale = (size - 2 * margin) / (high - low).max()
    placed = (vertices - (low + high) / 2) * scale + size / 2
    # On a grid, so that a last bit of the arithmetic above cannot reach the picture.
    fitted = Outline(np.floor(placed * 64 + 0.5) / 64, codes)
    fitted.should_simplify = False
    return fitted


def _extents(
    vertices: NDArray[np.float64], codes: NDArray[np.uint8]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lowest and highest coordinates [2] of an outline of lines and quadratic curves."""
    # A curve is two vertices: a control point, which may lie outside, and the end.
    control = np.flatnonzero(codes == Outline.CURVE3)[::2]
    start, middle, end = (vertices[control + shift] for shift in (-1, 0, 1))
    bend = start - 2 * middle + end
    turn = np.divide(start - middle, bend, out=np.zeros_like(bend), where=bend != 0).clip(0, 1)
    turning = start * (1 - turn) ** 2 + 2 * middle * turn * (1 - turn) + end * turn**2
    # The vertices of closing commands are placeholders.
    is_passed = codes != Outline.CLOSEPOLY
    is_passed[control] = False
    points = np.concatenate([vertices[is_passed], turning])
    return points.min(axis=0), points.max(axis=0)


def _filled(canvas: RendererAgg, outline: Outline) -> NDArray[np.uint8]:
    canvas.clear()
    context = canvas.new_gc()
    context.set_antialiased(True)
    context.set_linewidth(0)
    context.set_snap(False)
    canvas.draw_path(context, outline, IdentityTransform(), (0.0, 0.0, 0.0))
    ink: NDArray[np.uint8] = np.array(canvas.buffer_rgba(), np.uint8)[:, :, 3]
    return ink
