"""Operators: small pure functions that a DEAP toolbox registers.

Over weight vectors (`[..., D]` tensors, batched over leading dimensions): `selection`, `crossover`, `mutation`;
`verbs` gives them DEAP's `select`, `mate`, `mutate`. Over learngenes: `circuits` chooses index sets, `inheritance`
reads a learngene from a network and writes it into another, `learngenes` mutates and averages, `heads` keeps class
heads of a lineage.

Every operator draws from the given generator, leaves its arguments unchanged and shares no storage with them.
"""
