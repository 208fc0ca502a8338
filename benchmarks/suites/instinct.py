"""Suite `instinct`: what descendants can after no or few updates.

Claim to be tested: heirs of a learngene are born with instincts: after 0, 1, 5, 10 or 50 updates they know more than a
network that starts from random weights. Each number of updates is a training of its own from the same birth, whose
learning rate runs through a whole cycle, so that a number says what a descendant reaches that is given so many. The
head is always new: before the first update every descendant guesses.
"""

from __future__ import annotations

from dataclasses import replace

from neuroevo.benchmarks.suites.transfer import Transfer

UPDATES = (0, 1, 5, 10, 50)


def conditions(protocol: Transfer) -> list[Transfer]:
    """Return the protocol with each of `UPDATES`."""
    return [replace(protocol, descendant=replace(protocol.descendant, updates=updates)) for updates in UPDATES]
