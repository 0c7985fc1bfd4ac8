"""Whatever the exploration saves itself, a walk from world to world finds nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from escalate.transfer import DocumentOwner
from tests.transfer.explorer import LAWS_OF_WHAT_FOLLOWS, Explorer, the_table
from tests.transfer.laws import broken
from tests.transfer.letters import Order
from tests.transfer.life import beginnings, essence, is_over, matters, steps
from tests.transfer.product import Policy, Product
from tests.transfer.test_explore import COLD, INTRODUCING, MISTAKES, TOGETHER
from tests.transfer.world import World


def walked(
    product: Product, owner: DocumentOwner, deepest: int, kept: Callable[[Product, World], World]
) -> tuple[set[World], int, set[str]]:
    """All worlds within so many events, the number of steps between them, and the laws broken."""
    level = {kept(product, world) for world in beginnings(product, owner)}
    seen, taken, laws = set(level), 0, set()
    for _ in range(deepest):
        found = [step for world in level for step in steps(product, world)]
        judged = [(step, broken(step)) for step in found]
        laws |= {law.__name__ for _, law in judged if law is not None}
        level = {kept(product, step.after) for step, law in judged if law is None} - seen
        seen |= level
        taken += len(found)
    return seen, taken, laws


@pytest.mark.parametrize(("policy", "deepest"), [(COLD, 7), (INTRODUCING, 3), (TOGETHER, 2)])
def test_what_is_under_way_makes_no_difference_to_anything_else(
    policy: Policy, deepest: int
) -> None:
    """As many worlds and steps are found where each world is looked at by itself."""
    for owner in DocumentOwner:
        seen, taken, laws = walked(Product(policy), owner, deepest, essence)
        found = Explorer(policy).explore(owner, deepest=deepest)
        assert (len(seen), taken, laws) == (found.states, found.transitions, set())


def test_the_same_laws_are_found_broken_where_each_world_is_looked_at_by_itself() -> None:
    table = MISTAKES["who hangs up while it rings has talked"]
    with the_table(table, Counter()):
        _, _, laws = walked(Product(COLD, table=table), DocumentOwner.OURS, 6, essence)
    found = Explorer(COLD, table).explore(DocumentOwner.OURS, deepest=6, go_on=True)
    assert laws == set(found.violations) - set(LAWS_OF_WHAT_FOLLOWS) != set()


@pytest.mark.parametrize(("policy", "deepest"), [(COLD, 7), (INTRODUCING, 4)])
def test_what_is_left_out_of_a_world_changes_nothing(policy: Policy, deepest: int) -> None:
    """Letters and requests that are said to matter no more may as well arrive, at any time."""
    for owner in DocumentOwner:
        product = Product(policy)
        left_out, _, _ = walked(product, owner, deepest, essence)
        all_kept, _, _ = walked(product, owner, deepest, _with_all_that_may_arrive)
        assert len(all_kept) > len(left_out)
        assert {essence(product, world) for world in all_kept} == left_out


def _with_all_that_may_arrive(product: Product, w: World) -> World:
    """A call for which nobody waits any more is still given up before the next is made."""
    if is_over(product, w):
        return essence(product, w)
    useful = (r for r in w.requests if r.order is not Order.CALL or matters(product, w, r))
    return w._replace(requests=frozenset(useful))
