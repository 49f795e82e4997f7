"""Scores an archive on a Ray cluster of two nodes, one of which is killed after the first shard.

python -m tests.scale.two_nodes MODEL ARCHIVE OUTPUT
"""

from __future__ import annotations

import sys

from ray.cluster_utils import Cluster

import pneumoscope
from pneumoscope.scale import listing


def main(model: str, archive: str, output: str) -> None:
    listing.SHARD = 10
    node = {"num_cpus": 1, "object_store_memory": 80 * 2**20}
    cluster = Cluster(initialize_head=True, head_node_args={**node, "include_dashboard": False})
    lost = [cluster.add_node(**node)]

    def lose(done: int, of: int) -> None:
        if lost and done:
            cluster.remove_node(lost.pop(), allow_graceful=False)

    pneumoscope.score(model, archive, output, ray=cluster.address, progress=lose)
    cluster.shutdown()
    assert not lost


if __name__ == "__main__":
    main(*sys.argv[1:])
