"""Cuts and delays between sites, as the fault rules of each node."""

import json

from cluster_tool import processes
from cluster_tool.state import Failure, UNAVAILABLE, name_of

MAX_DELAY_MS = 60000


def rules_of(cluster, node):
    """Of the paths from `node` to each site: a rule where something is wrong."""
    rules = []
    for site in cluster.sites:
        rule = {"site": site,
                "address": [other["address"] for other in cluster.nodes if other["site"] == site and other is not node]}
        if site != node["site"] and (site in cluster.cuts or node["site"] in cluster.cuts):
            rule["cut"] = True
        if delay := delay_between(cluster, node["site"], site):
            rule["delay_ms"] = delay
        if len(rule) > 2:
            rules.append(rule)
    return rules


def delay_between(cluster, one, other):
    return next((delay for a, b, delay in cluster.delays if {a, b} == {one, other}), 0)


def set_delay(cluster, one, other, delay_ms):
    cluster.delays[:] = [entry for entry in cluster.delays if set(entry[:2]) != {one, other}]
    if delay_ms:
        cluster.delays.append([one, other, delay_ms])


def apply(cluster, nodes):
    """Tells `nodes` their rules; those that do not run get theirs when they start or are resumed."""
    failed = []
    for node in nodes:
        if processes.state_of(node) != "running":
            continue
        done = processes.latium(cluster, node, "--timeout", "10s", "faults", "--rules", json.dumps(rules_of(cluster, node)))
        if done.returncode != 0:
            failed.append(f"{name_of(node)}: {json.loads(done.stderr)['error']}")
    if failed:
        raise Failure(UNAVAILABLE, "not every node took its fault rules, repeat the command: " + "; ".join(failed))


def describe(cluster):
    """One line, empty when nothing is wrong."""
    parts = [f"{site} is cut off" for site in cluster.cuts]
    parts += [f"{one} - {other} {delay} ms one way" for one, other, delay in cluster.delays]
    return ", ".join(parts)
