"""Which worker of a run runs which test next."""

from __future__ import annotations

from xdist.scheduler.load import LoadScheduling
from xdist.workermanage import WorkerController


class FromBothEnds(LoadScheduling):  # type: ignore[misc]
    """Most workers take tests from the beginning, every third one takes them from the end.

    At the beginning are those that wait for calls, at the end those that compute: so there is
    something to compute while calls are waited for, and never too many calls at a time.
    """

    def _send_tests(self, node: WorkerController, num: int) -> None:
        if int(node.gateway.id.removeprefix("gw")) % 3 == 2:
            self.pending[:] = self.pending[-num:] + self.pending[:-num]
        super()._send_tests(node, num)
