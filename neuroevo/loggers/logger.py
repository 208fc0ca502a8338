"""What all loggers have in common."""

from __future__ import annotations

import io
from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from PIL import Image

from neuroevo.evolution import Generation
from neuroevo.extras import install
from neuroevo.loggers.scalars import scalars

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Logger(ABC):
    """A callback of `evolve` that logs `scalars`, and a context manager that closes what it opened.

    A logger of your own says how numbers, hyper-parameters and pictures are written.
    """

    def __call__(self, generation: Generation) -> None:
        """Log a generation."""
        self.log(scalars(generation), step=generation.number)

    @abstractmethod
    def log(self, values: Mapping[str, float], *, step: int) -> None:
        """Write numbers of one generation, which is counted from 0."""

    def log_curve(self, name: str, curve: Mapping[int, float], *, over: str) -> None:
        """Write a curve over something else than generations, such as the accuracy of descendants.

        Args:
            name: What is on it.
            curve: Its values, by steps that rise.
            over: What steps count, such as `updates`.
        """
        del over
        for step, value in curve.items():
            self.log({name: value}, step=step)

    @abstractmethod
    def log_hyperparameters(self, values: Mapping[str, Any]) -> None:
        """Write the settings of a run, JSON values."""

    @abstractmethod
    def log_picture(self, name: str, picture: Image.Image) -> None:
        """Write a picture, RGB."""

    def log_figure(self, name: str, figure: Figure) -> None:
        """Write a figure of matplotlib as a picture."""
        content = io.BytesIO()
        figure.savefig(content, format="png")
        self.log_picture(name, Image.open(content).convert("RGB"))

    @abstractmethod
    def close(self) -> None:
        """Write what is left; nothing is logged after that."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def flat(values: Mapping[str, Any], before: str = "") -> dict[str, str | int | float | bool]:
    """Return nested settings side by side, `operators.select` for example; what is no number or text becomes text."""
    result: dict[str, str | int | float | bool] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            result |= flat(value, f"{before}{name}.")
        else:
            result[before + name] = value if isinstance(value, str | int | float | bool) else str(value)
    return result


def missing(logger: str, package: str) -> RuntimeError:
    """Return the error for a logger whose package is not installed."""
    return RuntimeError(f"{logger} needs the package {package}: {install(package)}.")
