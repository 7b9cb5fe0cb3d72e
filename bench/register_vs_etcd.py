#!/usr/bin/env python3
"""Writes of Latium registers beside puts of etcd: three nodes each on loopback, one disk, every write synced, in turn.

    bench/register_vs_etcd.py [--programs build/release/bin] [--runs 3] [--seconds 8] [--json FILE]

64 writers: writes a second. One writer: median latency. Both write values of 100 bytes, one request in flight a connection, to one
node. What is done to be fair to etcd: that node is its leader; its requests are gRPC (not the JSON gateway), from h2load, which takes
less of the machine than Latium's own load generator; it writes one key over and over, as its own benchmark does by default. Each
writer of Latium has a register of its own. On a machine with other work, run it under `chrt -r 1`, so that both are measured and not the other work. Needs etcd-server and
nghttp2-client of Debian. Exit status: 0 done, 2 one of them is missing.
"""
import argparse
import contextlib
import json
import pathlib
import re
import shutil
import statistics
import struct
import sys
import tempfile
import time
import urllib.error
import urllib.request

sys.dont_write_bytecode = True

from bench_tools import cpu_seconds, free_ports, output, start, start_latium  # noqa: E402

NODES = 3
VALUE_BYTES = 100
KEYS = 64
PATIENCE = 30


class Etcd:
    def __init__(self, stack, directory):
        ports = free_ports(2 * NODES)
        self.clients, peers = ports[:NODES], ports[NODES:]
        members = ",".join(f"n{i}=http://127.0.0.1:{peers[i]}" for i in range(NODES))
        self.processes = []
        for i in range(NODES):
            client, peer = f"http://127.0.0.1:{self.clients[i]}", f"http://127.0.0.1:{peers[i]}"
            self.processes.append(start(stack, directory / f"etcd{i}.log", [
                "etcd", "--name", f"n{i}", "--data-dir", directory / f"etcd{i}", "--listen-client-urls", client,
                "--advertise-client-urls", client, "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                "--initial-cluster", members, "--initial-cluster-state", "new", "--logger", "zap", "--log-level", "error"]))
        self.log, self.body = directory / "h2load.log", directory / "put.bin"
        put = b"\x0a\x10" + b"register-0000000" + b"\x12" + bytes([VALUE_BYTES]) + b"v" * VALUE_BYTES
        self.body.write_bytes(b"\0" + struct.pack(">I", len(put)) + put)
        self.leader = self.find_leader()

    def ask(self, port, path):
        request = urllib.request.Request(f"http://127.0.0.1:{port}/v3/{path}", b"{}")
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return json.load(answer)

    def find_leader(self):
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            for port in self.clients:
                with contextlib.suppress(OSError, urllib.error.URLError):
                    status = self.ask(port, "maintenance/status")
                    if status.get("leader") == status["header"]["member_id"]:
                        return port
            time.sleep(0.1)
        sys.exit("register_vs_etcd: etcd did not choose a leader")

    def revision(self):
        return int(self.ask(self.leader, "maintenance/status")["header"].get("revision", 1))

    def load(self, clients, seconds):
        self.log.unlink(missing_ok=True)
        before = self.revision()
        began = time.monotonic()
        text = output("h2load", "-c", clients, "-m", 1, "-t", 1, "-D", seconds, "-d", self.body, "-H", "content-type: application/grpc",
                      "-H", "te: trailers", f"--log-file={self.log}", f"http://127.0.0.1:{self.leader}/etcdserverpb.KV/Put")
        took = time.monotonic() - began
        # What etcd counts, not what HTTP says: gRPC has its failures in trailers.
        made = self.revision() - before
        failed = int(re.search(r"(\d+) failed", text).group(1))
        latencies = [int(line.split()[2]) for line in self.log.read_text(encoding="utf-8").splitlines()]
        if failed or made < 0.9 * len(latencies):
            sys.exit(f"register_vs_etcd: etcd made {made} of {len(latencies)} changes, {failed} failed")
        return {"rate": made / took, "p50_us": statistics.median(latencies)}


class Latium:
    def __init__(self, stack, directory, programs):
        self.latium = programs / "latium"
        self.processes, self.nodes = start_latium(stack, directory, programs, NODES)
        output(self.latium, "--node", self.nodes[0], "tenant", "create", "bench", "--placement", f"bench:{NODES}")

    def load(self, clients, seconds):
        report = json.loads(output(self.latium, "--json", "--node", self.nodes[0], "bench", "register", "bench", "--clients", clients,
                                   "--seconds", seconds, "--keys", max(clients, KEYS), "--value-bytes", VALUE_BYTES))
        return {"rate": report["writes"]["rate"], "p50_us": report["writes"]["p50_us"]}


def measure(system, clients, seconds):
    before = cpu_seconds(system.processes)
    result = system.load(clients, seconds)
    result["node_cpu_us"] = (cpu_seconds(system.processes) - before) * 1e6 / max(1, result["rate"] * seconds)
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", type=pathlib.Path, default=pathlib.Path("build/release/bin"))
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    for program, package in (("etcd", "etcd-server"), ("h2load", "nghttp2-client")):
        if not shutil.which(program):
            print(f"register_vs_etcd: {program} is missing: apt-get install {package}", file=sys.stderr)
            return 2
    directory = pathlib.Path(tempfile.mkdtemp(prefix="register-vs-etcd-", dir="."))
    results = {(name, clients): [] for clients in (64, 1) for name in ("etcd", "latium")}
    try:
        with contextlib.ExitStack() as stack:
            systems = {"etcd": Etcd(stack, directory), "latium": Latium(stack, directory, options.programs.resolve())}
            for system in systems.values():
                system.load(64, 2)
            for _ in range(options.runs):
                for name, clients in results:
                    results[name, clients].append(measure(systems[name], clients, options.seconds))
    finally:
        shutil.rmtree(directory, ignore_errors=True)

    def median(name, clients, what):
        return statistics.median(result[what] for result in results[name, clients])

    print(f"medians of {options.runs} rounds of {options.seconds} s")
    for clients in (64, 1):
        for name in ("etcd", "latium"):
            print(f"{name:7} {clients:3} writers  {median(name, clients, 'rate'):9.0f} writes/s  "
                  f"p50 {median(name, clients, 'p50_us'):7.0f} us  {median(name, clients, 'node_cpu_us'):6.0f} us of processor a write")
    rate = median("latium", 64, "rate") / median("etcd", 64, "rate")
    latency = median("latium", 1, "p50_us") / median("etcd", 1, "p50_us")
    print(f"64 writers: {rate:.2f} times the writes of etcd (target 2 or more)")
    print(f"1 writer: {latency:.2f} of etcd's median latency (target 1 or less)")
    if options.json:
        options.json.write_text(json.dumps({"rate_ratio": rate, "p50_ratio": latency,
                                            "rounds": {f"{name} {clients}": each for (name, clients), each in results.items()}},
                                           indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
