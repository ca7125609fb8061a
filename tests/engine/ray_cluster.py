"""A Ray cluster of nodes with one processor each, for as long as standard input stays open.

Prints its address; each line read is a command: ``kill`` (the raylet of the last node, by SIGKILL), ``add`` (a node),
``head`` (SIGKILL for the head's control service); what was done is printed.
"""

import os
import signal
import sys

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
NODE = {"num_cpus": 1, "object_store_memory": 80 << 20, "include_dashboard": False}


def main() -> None:
    from ray.cluster_utils import Cluster

    out, sys.stdout = sys.stdout, sys.stderr
    cluster = Cluster(initialize_head=True, head_node_args=NODE)
    try:
        nodes = [cluster.add_node(**NODE) for _ in range(int(sys.argv[1]) - 1)]
        print(cluster.address, file=out, flush=True)
        for line in sys.stdin:
            if line.strip() == "add":
                nodes.append(cluster.add_node(**NODE))
            elif line.strip() == "kill":
                _kill(nodes.pop(), "raylet")
            elif line.strip() == "head":
                _kill(cluster.head_node, "gcs_server")
            print("done", file=out, flush=True)
    finally:
        cluster.shutdown()


def _kill(node, kind: str) -> None:
    os.kill(node.all_processes[kind][0].process.pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
