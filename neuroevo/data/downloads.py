"""Downloads of the data sets that their owners offer, by torchvision's list of addresses and digests.

Nothing is downloaded unless requested, existing files are not overwritten, and no downloaded code is executed.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path


def download_cifar100(data_root: Path) -> None:
    """Download and unpack `cifar-100-python` into a folder.

    Raises:
        ConnectionError: The server can't be reached, or the download is not the published archive.
    """

    def fetch() -> None:
        from torchvision.datasets import CIFAR100
        from torchvision.datasets.utils import download_and_extract_archive

        download_and_extract_archive(CIFAR100.url, str(data_root), filename=CIFAR100.filename, md5=CIFAR100.tgz_md5)

    _fetch("CIFAR-100", fetch)


def download_fashion_mnist(data_root: Path) -> None:
    """Download and unpack `FashionMNIST/raw` into a folder.

    Raises:
        ConnectionError: The server can't be reached, or the downloads are not the published files.
    """

    def fetch() -> None:
        from torchvision.datasets import FashionMNIST

        FashionMNIST(str(data_root), download=True)

    _fetch("Fashion-MNIST", fetch)


def _fetch(name: str, fetch: Callable[[], None]) -> None:
    try:
        fetch()
    except (OSError, RuntimeError) as error:
        raise ConnectionError(
            f"{name} can't be downloaded ({' '.join(str(error).split())[:100].rstrip('.')}); check the network, or "
            "get the files elsewhere and name their folder by --data-root."
        ) from error
