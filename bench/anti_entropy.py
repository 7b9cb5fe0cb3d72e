#!/usr/bin/env python3
"""What anti-entropy moves and how long it takes to mend many keys with few that differ, and what readers notice of it.

    bench/anti_entropy.py [--programs build/release/bin] [--keys 1000000] [--differing 10000] [--json FILE]

Three nodes, three copies. All get `keys` keys; one is stopped, `differing` of them are written again while there is room for no hints,
and it is started. Reads of another bucket at level quorum run all the time until the copies are equal, and as long before, for comparison.
"""
import argparse
import contextlib
import http.client
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

from bench_tools import output, start, start_latium

VALUE_BYTES = 100
READERS = 8


class Cluster:
    def __init__(self, stack, directory, programs):
        self.stack, self.directory, self.programs = stack, directory, programs
        self.arguments = ["--hints-max-bytes", "0", "--hints-max-bytes-a-node", "0"]
        self.processes, self.nodes = start_latium(stack, directory, programs, 3, *self.arguments, "--metrics", "127.0.0.1:0")
        self.latium("tenant", "create", "bench", "--placement", "bench:3")

    def latium(self, *arguments, number=0):
        return output(self.programs / "latium", "--node", self.nodes[number], "--timeout", "60s", *arguments)

    def members_up(self):
        return json.loads(self.latium("--json", "status"))["members"]["up"]

    def stop_last(self):
        self.processes[2].terminate()
        self.processes[2].wait()
        while self.members_up() > 2:
            time.sleep(0.2)

    def start_last(self):
        self.processes[2] = start(self.stack, self.directory / "latium2-again.log", [
            self.programs / "latiumd", "--data-dir", self.directory / "latium2", "--site", "bench", "--listen", self.nodes[2],
            "--log-level", "warn", "--seed", self.nodes[0], *self.arguments, "--metrics", "127.0.0.1:0"], stdout=subprocess.PIPE)
        self.processes[2].stdout.readline()

    def wait_converged(self):
        self.latium("status", "--wait-converged", "--within", "2h")

    def metric(self, metric):
        """Of all nodes, or of those that run now."""
        total = 0
        for process in self.processes:
            total += self.of_one(process, metric)
        return total

    def of_one(self, process, metric):
        for port in listening(process.pid):
            # The port for other nodes answers, too, in its own way.
            with contextlib.suppress(OSError, http.client.HTTPException):
                text = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5).read().decode()
                found = re.search(rf"^{metric} (\d+)", text, re.MULTILINE)
                if found:
                    return int(found.group(1))
        sys.exit(f"anti_entropy: a node does not tell {metric}")

    def reads(self, seconds):
        """Starts them; the report is in what the process prints."""
        return subprocess.Popen([self.programs / "latium", "--node", self.nodes[0], "--json", "bench", "kv", "bench/readers", "--reads",
                                 "100", "--keys", "10000", "--clients", str(READERS), "--pipeline", "1", "--duration", f"{seconds}s"],
                                stdout=subprocess.PIPE, text=True)


def listening(pid):
    """Ports that a process listens on."""
    inodes = {os.readlink(entry)[8:-1] for entry in pathlib.Path(f"/proc/{pid}/fd").iterdir()
              if os.readlink(entry).startswith("socket:")}
    lines = [line.split() for line in pathlib.Path("/proc/net/tcp").read_text(encoding="utf-8").splitlines()[1:]]
    return [int(line[1].rpartition(":")[2], 16) for line in lines if line[3] == "0A" and line[9] in inodes]


def write_keys(path, numbers, tag):
    rng = random.Random(tag)
    with open(path, "w", encoding="utf-8") as out:
        for number in numbers:
            out.write(f'{{"key":"key{number:09}","value":"{rng.getrandbits(VALUE_BYTES * 4):0{VALUE_BYTES}x}"}}\n')


def percentiles(process):
    report = json.loads(process.communicate()[0])
    return {key: report["reads"][key] for key in ("p50_us", "p99_us")} | {"rate": report["reads"].get("ops_per_s", 0)}


def measure(cluster, directory, keys, differing):
    began = time.monotonic()
    write_keys(directory / "all.jsonl", range(keys), 1)
    cluster.latium("kv", "import", "bench/keys", directory / "all.jsonl", "--durability", "buffered")
    cluster.latium("bench", "kv", "bench/readers", "--load", "--keys", 10_000, "--ops", 1, "--reads", 100)
    cluster.wait_converged()
    result = {"keys": keys, "differing": differing, "load_s": round(time.monotonic() - began)}
    cluster.stop_last()
    chosen = random.Random(7).sample(range(keys), differing)
    write_keys(directory / "some.jsonl", chosen, 2)
    cluster.latium("kv", "import", "bench/keys", directory / "some.jsonl", "--durability", "buffered")
    before = [cluster.of_one(each, "latium_anti_entropy_bytes_total") for each in cluster.processes[:2]]
    sent = [cluster.of_one(each, "latium_anti_entropy_keys_sent_total") + cluster.of_one(each, "latium_anti_entropy_keys_received_total")
            for each in cluster.processes[:2]]
    cluster.start_last()
    began = time.monotonic()
    reads = cluster.reads(24 * 3600)
    cluster.wait_converged()
    result["mend_s"] = round(time.monotonic() - began, 1)
    reads.send_signal(2)
    result["reads_meanwhile"] = percentiles(reads)
    after = [cluster.of_one(each, "latium_anti_entropy_bytes_total") for each in cluster.processes]
    result["bytes"] = sum(after) - sum(before)
    result["keys_moved"] = sum(cluster.of_one(each, "latium_anti_entropy_keys_sent_total") +
                               cluster.of_one(each, "latium_anti_entropy_keys_received_total") for each in cluster.processes) - sum(sent)
    result["differing_bytes"] = differing * (12 + VALUE_BYTES)
    result["ratio"] = round(result["bytes"] / result["differing_bytes"], 2)
    reads = cluster.reads(max(5, round(result["mend_s"])))
    result["reads_without"] = percentiles(reads)
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", type=pathlib.Path, default=pathlib.Path("build/release/bin"))
    parser.add_argument("--keys", type=int, default=1_000_000)
    parser.add_argument("--differing", type=int, default=10_000)
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    directory = pathlib.Path(tempfile.mkdtemp(prefix="anti-entropy-", dir="."))
    try:
        with contextlib.ExitStack() as stack:
            result = measure(Cluster(stack, directory, options.programs.resolve()), directory, options.keys, options.differing)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    print(f"{result['keys']} keys, {result['differing']} differing: mended in {result['mend_s']} s, {result['bytes']} bytes moved = "
          f"{result['ratio']} x the {result['differing_bytes']} bytes of keys and values that differ, {result['keys_moved']} keys moved")
    for name in ("reads_meanwhile", "reads_without"):
        print(f"{name:16} p50 {result[name]['p50_us'] / 1000:.2f} ms  p99 {result[name]['p99_us'] / 1000:.2f} ms")
    if options.json:
        options.json.write_text(json.dumps(result | {"load_after": os.getloadavg()[0]}, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
