#!/usr/bin/env python3
"""Buckets of Latium beside Redis Cluster: three nodes and three masters with a replica each, on loopback and one disk, in turn.

    bench/buckets_vs_redis.py [--programs build/release/bin] [--runs 3] [--seconds 4] [--clients 64] [--json FILE]

Writes, reads, and half of each: operations a second, p50 and p99 of 64 clients in a closed loop, one operation in flight on each
connection; values of 100 bytes, 100,000 keys drawn evenly. What both promise is not the same, and the table says it:

    latium           three copies; a write is answered when 2 of 3 have synced it to disk, a read when 2 of 3 agree
    redis-always     two copies; a write is answered when the master has synced it and one replica has received it (SET, then WAIT 1 0 in
                     the same packet; the replica runs with appendfsync always as well); a read is a GET of the master alone
    redis-everysec   the same with appendfsync everysec: nothing is synced when a write is answered; up to a second is lost when
                     both machines lose power

Redis' load generator, redis_load, has one thread a master and asks the master that has the key. Latium's, `latium bench ycsb`, has one
thread a node and asks any: each node has a copy of every key, so none passes a request on either. The rates of both count only operations
that were answered as above. Needs redis-server of Debian. Exit status: 0 done, 2 it is missing, 1 anything else.
"""
import argparse
import contextlib
import json
import os
import pathlib
import platform
import random
import re
import resource
import shutil
import socket
import statistics
import sys
import tempfile
import time

sys.dont_write_bytecode = True

from bench_tools import cpu_seconds, output, start, start_latium  # noqa: E402

MASTERS = 3
KEYS = 100_000
VALUE_BYTES = 100
PATIENCE = 60
CASES = {"writes": ("w", 0), "reads": ("c", 100), "half": ("a", 50)}  # workload of Latium, percent of reads
# What an answered write and an answered read stand for.
SYSTEMS = {
    "latium": ("2 of 3 copies synced", "2 of 3 copies agree"),
    "redis-always": ("master synced, 1 replica received", "master alone"),
    "redis-everysec": ("nothing synced yet, 1 replica received", "master alone"),
}


def is_free(port):
    with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
        return True
    return False


def redis_ports(count):
    """Ports whose bus ports, 10,000 higher, are free as well."""
    ports = set()
    while len(ports) < count:
        port = random.randrange(20000, 32000)
        if is_free(port) and is_free(port + 10000):
            ports.add(port)
    return sorted(ports)


class Redis:
    def __init__(self, stack, directory, programs):
        self.load_program = programs / "redis_load"
        self.ports = redis_ports(2 * MASTERS)
        self.processes = []
        for port in self.ports:
            home = directory / f"redis{port}"
            home.mkdir()
            self.processes.append(start(stack, directory / f"redis{port}.log", [
                "redis-server", "--port", port, "--bind", "127.0.0.1", "--dir", home, "--cluster-enabled", "yes", "--appendonly", "yes",
                "--appendfsync", "always", "--save", "", "--loglevel", "warning"]))
        self.until(lambda: all(not is_free(port) for port in self.ports), "did not start")
        output("redis-cli", "--cluster", "create", *(f"127.0.0.1:{port}" for port in self.ports), "--cluster-replicas", 1, "--cluster-yes")
        self.until(lambda: all("cluster_state:ok" in self.ask(port, "cluster", "info") for port in self.ports), "is not complete")
        self.until(lambda: sum("master_link_status:up" in self.ask(port, "info", "replication") for port in self.ports) == MASTERS,
                   "has replicas without a master")
        self.masters = []
        for line in self.ask(self.ports[0], "cluster", "nodes").splitlines():
            fields = line.split()
            if "master" in fields[2]:
                self.masters += ["--master", fields[1].split("@")[0] + ":" + fields[8]]
        self.run("--load")

    def ask(self, port, *command):
        return output("redis-cli", "-p", port, *command)

    def until(self, holds, otherwise):
        end = time.monotonic() + PATIENCE
        while not holds():
            if time.monotonic() > end:
                sys.exit(f"buckets_vs_redis: the Redis Cluster {otherwise}")
            time.sleep(0.1)

    def run(self, *more):
        return json.loads(output(self.load_program, *self.masters, "--keys", KEYS, "--value-bytes", VALUE_BYTES, *more))

    def load(self, case, clients, seconds, appendfsync):
        for port in self.ports:
            self.ask(port, "config", "set", "appendfsync", appendfsync)
        return self.run("--clients", clients, "--seconds", seconds, "--reads", CASES[case][1])


class Latium:
    def __init__(self, stack, directory, programs):
        self.processes, self.nodes = start_latium(stack, directory, programs, MASTERS)
        self.command = [programs / "latium", "--json", "--node", self.nodes[0]]
        output(*self.command, "tenant", "create", "bench", "--placement", f"bench:{MASTERS}")
        self.run("--workload", "c", "--ops", 1, "--load", "--clients", MASTERS)

    def run(self, *more):
        return json.loads(output(*self.command, "bench", "ycsb", "bench/kv", "--keys", KEYS, "--value-bytes", VALUE_BYTES, "--distribution",
                                 "uniform", "--also", ",".join(self.nodes[1:]), *more))

    def load(self, case, clients, seconds):
        report = self.run("--workload", CASES[case][0], "--clients", clients, "--duration", f"{seconds}s")
        return {**report["kinds"], "cost": report["cost"]}


def children_cpu_seconds():
    """Of those that have ended: of the load generators, while the servers run."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(name, system, case, clients, seconds):
    load_before = children_cpu_seconds()
    before, began = cpu_seconds(system.processes), time.monotonic()
    report = system.load(case, clients, seconds) if name == "latium" else system.load(case, clients, seconds, name.split("-")[1])
    took, used = time.monotonic() - began, cpu_seconds(system.processes) - before
    kinds = [kind for kind in (report.get("reads"), report.get("updates")) if kind and kind["operations"] + kind["errors"]]
    if any(kind["errors"] or kind.get("misses") for kind in kinds):
        sys.exit(f"buckets_vs_redis: {name} failed or missed operations: {json.dumps(report)}")
    operations = sum(kind["operations"] for kind in kinds)
    return {"rate": sum(kind["rate"] for kind in kinds), "p50_us": max(kind["p50_us"] for kind in kinds),
            "p99_us": max(kind["p99_us"] for kind in kinds), "node_cpu_us": used * 1e6 / operations,
            "node_cpus": used / took, "load_cpu_us": (children_cpu_seconds() - load_before) * 1e6 / operations, "report": report}


def versions(programs):
    return {"redis": re.search(r"v=(\S+)", output("redis-server", "--version")).group(1),
            "latium": output(programs / "latiumd", "--version").strip(), "kernel": platform.release(),
            "processors": os.cpu_count(), "load_before": os.getloadavg()[0]}


def show(results, runs, seconds, clients):
    def median(name, case, what):
        return statistics.median(each[what] for each in results[name, case])

    print(f"medians of {runs} rounds of {seconds} s, {clients} clients; of half and half, the latency of the slower kind; "
          "processor time an operation of the nodes + of the load generator")
    for case in CASES:
        for name, (of_write, of_read) in SYSTEMS.items():
            promise = {"writes": of_write, "reads": of_read, "half": f"{of_write}; {of_read}"}[case]
            print(f"{case:7} {name:15} {median(name, case, 'rate'):8.0f}/s  p50 {median(name, case, 'p50_us') / 1000:6.2f} ms  "
                  f"p99 {median(name, case, 'p99_us') / 1000:6.2f} ms  {median(name, case, 'node_cpu_us'):4.0f} + {median(name, case, 'load_cpu_us'):3.0f} us of processor  "
                  f"({promise})")
    ratios = {}
    for case in CASES:
        for peer in list(SYSTEMS)[1:]:
            ratio = {what: median("latium", case, what) / median(peer, case, what) for what in ("rate", "p50_us", "p99_us")}
            ratios[f"{case} / {peer}"] = ratio
            print(f"{case:7} latium / {peer:15} rate {ratio['rate']:.2f}  p50 {ratio['p50_us']:.2f}  p99 {ratio['p99_us']:.2f}")
    costs = [each["report"]["cost"] for each in results["latium", "writes"]]
    if all(costs):
        print("a write of latium: " + ", ".join(f"{statistics.median(cost[key] for cost in costs):.2f} {text}" for key, text in (
            ("messages_per_operation", "messages"), ("bytes_per_operation", "bytes between nodes"), ("log_syncs_per_write", "syncs"))))
    return ratios


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", type=pathlib.Path, default=pathlib.Path("build/release/bin"))
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    for program in ("redis-server", "redis-cli"):
        if not shutil.which(program):
            print(f"buckets_vs_redis: {program} is missing: apt-get install redis-server", file=sys.stderr)
            return 2
    programs = options.programs.resolve()
    directory = pathlib.Path(tempfile.mkdtemp(prefix="buckets-vs-redis-", dir="."))
    results = {(name, case): [] for case in CASES for name in SYSTEMS}
    try:
        with contextlib.ExitStack() as stack:
            told = versions(programs)
            redis, latium = Redis(stack, directory, programs), Latium(stack, directory, programs)
            systems = {"latium": latium, "redis-always": redis, "redis-everysec": redis}
            for name, system in systems.items():
                measure(name, system, "half", options.clients, 1)
            for _ in range(options.runs):
                for name, case in results:
                    results[name, case].append(measure(name, systems[name], case, options.clients, options.seconds))
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    ratios = show(results, options.runs, options.seconds, options.clients)
    if options.json:
        options.json.write_text(json.dumps({**told, "load_after": os.getloadavg()[0], "clients": options.clients, "keys": KEYS, "value_bytes": VALUE_BYTES,
                                            "durability": SYSTEMS, "ratios": ratios,
                                            "rounds": {f"{name} {case}": each for (name, case), each in results.items()}},
                                           indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
