"""The gene pool: bounded, ordered, and slow to change; checked against a plain model through random histories."""

from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from neuroevo.individual import Individual
from neuroevo.strategies import GenePool

# Few values, so that there are ties.
SCORES = st.sampled_from([0.0, 0.25, 0.5, 1.0])


class PoolMachine(RuleBasedStateMachine):
    """Plays generations on a pool and keeps, beside it, the score that each individual in it should have."""

    @initialize(capacity=st.integers(1, 5), turnover=st.integers(0, 5))
    def start(self, capacity: int, turnover: int) -> None:
        """Make an empty pool."""
        self.pool = GenePool(capacity=capacity, turnover=turnover)
        self.model: dict[int, float] = {}
        self.next = 0

    def ranking(self, scores: dict[int, float]) -> list[int]:
        """Return ids by falling score, the older of equals first."""
        return sorted(scores, key=lambda one: (-scores[one], one))

    @rule(factor=st.sampled_from([0.0, 0.5, 1.0]))
    def decay(self, factor: float) -> None:
        """All scores shrink."""
        self.pool.decay(factor)
        self.model = {one: factor * score for one, score in self.model.items()}

    @rule(data=st.data())
    def credit(self, data: st.DataObject) -> None:
        """Entries earn, and strangers do not enter by earning."""
        credits = data.draw(st.dictionaries(st.integers(0, self.next + 2), SCORES, max_size=4))
        self.pool.credit(credits)
        for one in self.model:
            self.model[one] += credits.get(one, 0.0)

    @rule(scores=st.lists(SCORES, max_size=6))
    def merge(self, scores: list[float]) -> None:
        """Newcomers compete with the entries that may be displaced."""
        fresh = dict(enumerate(scores, start=self.next))
        self.next += len(scores)
        before = self.ranking(self.model)
        safe = before[: max(0, len(before) - self.pool.turnover)]
        replaceable = before[len(safe) :]
        known = self.model | fresh
        # Newcomers arrive in any order.
        self.pool.merge([Individual(None, id=one) for one in reversed(list(fresh))], fresh)
        after = [one.id for one in self.pool.individuals]

        assert set(after) <= set(known)
        assert len(set(before) - set(after)) <= self.pool.turnover
        assert set(safe) <= set(after)
        assert len(after) == min(self.pool.capacity, len(before) + len(fresh))
        rivals = self.ranking({one: known[one] for one in [*replaceable, *fresh]})
        # What is out ranks behind what came in or stayed without being safe.
        assert [one in after for one in rivals] == sorted((one in after for one in rivals), reverse=True)
        if fresh and replaceable and self.ranking(fresh)[0] not in after:
            assert max(fresh.values()) <= min(known[one] for one in replaceable)
        self.model = {one: known[one] for one in after}

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def merge_a_member(self, data: st.DataObject) -> None:
        """An entry that wins again neither changes nor enters twice."""
        member = data.draw(st.sampled_from(self.pool.individuals))
        self.pool.merge([Individual(None, id=member.id)], {member.id: 99.0})
        assert any(one is member for one in self.pool.individuals)

    @rule()
    def store(self) -> None:
        """A pool that is made anew from the state continues in place of the old one."""
        twin = GenePool(capacity=self.pool.capacity, turnover=self.pool.turnover)
        twin.load_state_dict(self.pool.state_dict(), None)
        assert twin.scores == self.pool.scores
        assert twin.individuals == self.pool.individuals
        self.pool = twin

    @invariant()
    def agrees_with_the_model(self) -> None:
        """Entries and scores are the model's, in the model's order, and never too many."""
        if not hasattr(self, "pool"):
            return
        assert [one.id for one in self.pool.individuals] == self.ranking(self.model)
        assert self.pool.scores == self.model
        assert len(self.pool) == len(self.model) <= self.pool.capacity


TestHistories = PoolMachine.TestCase


def merged(pool: GenePool, **scores: float) -> list[int]:
    """Let individuals in whose ids are the digits of the keywords, and return the ids of the entries."""
    fresh = {int(name[1:]): score for name, score in scores.items()}
    pool.merge([Individual(None, id=one) for one in fresh], fresh)
    return [one.id for one in pool.individuals]


def test_a_history_by_hand() -> None:
    """With two places to lose, the best two newcomers displace the worst two, and the rest stay."""
    pool = GenePool(capacity=3, turnover=2)
    assert merged(pool, _1=0.2, _2=0.4, _3=0.3, _4=0.1) == [2, 3, 1]
    assert merged(pool, _5=0.25, _6=0.9, _7=0.8) == [6, 7, 2]
    pool.decay(0.5)
    pool.credit({2: 0.5, 1: 9.0})
    assert [one.id for one in pool.individuals] == [2, 6, 7]
    assert pool.scores == {2: pytest.approx(0.7), 6: 0.45, 7: 0.4}


def test_the_older_of_equals_stays() -> None:
    """A newcomer must be better than what it displaces."""
    pool = GenePool(capacity=2, turnover=1)
    merged(pool, _1=0.5, _2=0.5)
    assert merged(pool, _3=0.5) == [1, 2]
    assert merged(pool, _4=0.6) == [4, 1]


def test_no_turnover_still_fills_free_places() -> None:
    """A pool that displaces none takes newcomers until it is full."""
    pool = GenePool(capacity=2, turnover=0)
    assert merged(pool, _1=0.1) == [1]
    assert merged(pool, _2=0.9, _3=0.8) == [2, 1]
    assert merged(pool, _4=1.0) == [2, 1]


@given(st.permutations(range(6)))
def test_the_order_of_newcomers_does_not_count(order: list[int]) -> None:
    """Ties are broken by id, not by arrival."""
    scores = {0: 0.5, 1: 0.1, 2: 0.5, 3: 0.7, 4: 0.5, 5: 0.1}
    pool = GenePool(capacity=4, turnover=4)
    pool.merge([Individual(None, id=one) for one in order], scores)
    assert [one.id for one in pool.individuals] == [3, 0, 2, 4]


def test_states_keep_the_individuals(toys: ModuleType) -> None:
    """Fitness, parents and generation come back with the entry."""
    one = Individual(None, id=4, parents=(2,), generation=3)
    one.fitness.values = (0.5,)
    pool = GenePool(capacity=2, turnover=1)
    pool.merge([one], {4: 0.25})
    twin = GenePool(capacity=2, turnover=1)
    twin.load_state_dict(pool.state_dict(), toys.MLP_BACKBONE)
    (again,) = twin.individuals
    assert (again.id, again.parents, again.generation, again.fitness.values) == (4, (2,), 3, (0.5,))
    assert twin.scores == {4: 0.25}


@pytest.mark.parametrize(("capacity", "turnover"), [(0, 1), (3, -1)])
def test_impossible_pools_are_refused(capacity: int, turnover: int) -> None:
    """A pool has a place, and its turnover is not negative."""
    words = rf"^capacity must be at least 1 and turnover at least 0, but they are {capacity} and {turnover}\.$"
    with pytest.raises(ValueError, match=words):
        GenePool(capacity=capacity, turnover=turnover)
