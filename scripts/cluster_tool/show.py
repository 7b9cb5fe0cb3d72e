"""What the commands print."""

import concurrent.futures
import json

from cluster_tool import faults, processes


def _ask(cluster, node):
    """What a node says of itself, {} when it does not."""
    if processes.state_of(node) != "running":
        return {}
    done = processes.latium(cluster, node, "--timeout", "2s", "status")
    return json.loads(done.stdout) if done.returncode == 0 else {}


def _rows(cluster):
    with concurrent.futures.ThreadPoolExecutor(max_workers=4) as pool:
        answers = list(pool.map(lambda node: _ask(cluster, node), cluster.nodes))
    for node, answer in zip(cluster.nodes, answers):
        process = processes.state_of(node)
        silent = "no answer" if process == "running" else None
        yield {"number": node["number"], "site": node["site"], "address": node["address"], "pid": node["pid"],
               "process": process, "state": answer.get("state", silent), "epoch": answer.get("epoch"),
               "node": answer.get("node"), "members": answer.get("members")}


def _seen(members):
    """How many nodes it sees in which state."""
    return ", ".join(f"{members[state]} {state}" for state in ("up", "suspect", "down") if members[state])


def table(cluster):
    head = ("number", "site", "address", "pid", "process", "state", "epoch", "node", "sees")
    rows = [head]
    for row in _rows(cluster):
        row["sees"] = _seen(row["members"]) if row["members"] else None
        rows.append(["-" if row[key] is None else str(row[key]) for key in head])
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
    if described := faults.describe(cluster):
        print("faults: " + described)


def as_json(cluster):
    print(json.dumps({"directory": str(cluster.directory), "nodes": list(_rows(cluster)), "cuts": cluster.cuts,
                      "delays": [{"sites": [one, other], "one_way_ms": delay} for one, other, delay in cluster.delays]}))


def how_to_use(cluster):
    latium = cluster.program("latium")
    address = cluster.nodes[0]["address"]
    print(f"""
Ask any node:
  {latium} --node {address} status
  {latium} --node {address} tenant create acme
  {latium} --node {address} kv put acme/b key value
Logs and data: {cluster.directory}/node-*/
scripts/cluster --help shows how to kill, pause and cut; scripts/cluster down ends it.""")
