"""The cost of training and scoring, counted and not timed, so that strategies can be compared at equal budgets."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Budget:
    """The work that was spent before transfer.

    Attributes:
        gradient_steps: SGD updates of any network at any width: lives, critics and pre-training.
        multiply_adds: Multiply-adds of those updates (forward and backward), and of the gradients that scores take.
        critical_path: Sequential updates if every life has a worker of its own.
        evaluations: Evaluations of individuals, repeated ones included.
    """

    gradient_steps: int = 0
    multiply_adds: int = 0
    critical_path: int = 0
    evaluations: int = 0

    def then(self, other: Budget) -> Budget:
        """Return the budget of this work followed by the other."""
        return Budget(
            self.gradient_steps + other.gradient_steps,
            self.multiply_adds + other.multiply_adds,
            self.critical_path + other.critical_path,
            self.evaluations + other.evaluations,
        )

    def beside(self, other: Budget) -> Budget:
        """Return the budget of this work and the other, done in parallel."""
        both = self.then(other)
        return replace(both, critical_path=max(self.critical_path, other.critical_path))

    def times(self, count: int) -> Budget:
        """Return the budget of this work done `count` times in parallel."""
        path = self.critical_path if count else 0
        return Budget(count * self.gradient_steps, count * self.multiply_adds, path, count * self.evaluations)
