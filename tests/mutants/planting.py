"""A fault in the running program: the module of its file is imported with the wrong text, the file stays as it is."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from types import CodeType, ModuleType

from mutants.fault import Fault


class Planted(SourceFileLoader):
    """Loads the module of a fault.

    Args:
        fault: The fault.
    """

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.module, str(fault.path))
        self.fault = fault

    def get_code(self, fullname: str) -> CodeType:
        """Return the code with the fault; compiled files know nothing of it."""
        del fullname
        code: CodeType = self.source_to_code(self.fault.planted().encode(), self.path)
        return code


class Finder:
    """Finds the module of a fault before all other finders.

    Args:
        fault: The fault.
    """

    def __init__(self, fault: Fault) -> None:
        self.fault = fault

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the module's spec, and None for all others."""
        del path, target
        if name != self.fault.module:
            return None
        return spec_from_file_location(name, self.fault.path, loader=Planted(self.fault))


def plant(fault: Fault) -> None:
    """Let later imports see the fault.

    Raises:
        RuntimeError: Something of neuroevo has been imported, and may hold the right code.
    """
    if any(name.partition(".")[0] == "neuroevo" for name in sys.modules):
        raise RuntimeError("a fault must be planted before neuroevo is imported, but it has been imported.")
    sys.meta_path.insert(0, Finder(fault))
