"""One thread within the context, and afterwards as many as before, whatever happens."""

import pytest
import torch

from neuroevo.execution.threads import one_thread


def stop() -> None:
    """Raise an error."""
    assert torch.get_num_threads() == 1
    raise RuntimeError("stop")


def test_threads_come_back() -> None:
    """Also after an error there are as many threads as before."""
    before = torch.get_num_threads()
    with pytest.raises(RuntimeError, match=r"^stop$"):
        one_thread()(stop)()
    assert torch.get_num_threads() == before
