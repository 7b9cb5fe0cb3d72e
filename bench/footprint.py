#!/usr/bin/env python3
"""Memory and start-up time of latiumd by the number of keys of 100 bytes that it holds.

    bench/footprint.py [--programs build/release/bin] [--keys 0,100000,1000000] [--json FILE]

For each size: loads that many keys, restarts the node three times and notes the median time until it serves, then reads random
keys for a few seconds and notes the resident memory, with the block cache beside it.
"""
import argparse
import json
import pathlib
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time


class Node:
    def __init__(self, programs, directory):
        self.programs = programs
        self.directory = directory

    def start(self):
        began = time.monotonic()
        self.process = subprocess.Popen([self.programs / "latiumd", "--data-dir", self.directory, "--site", "bench", "--listen",
                                         "127.0.0.1:0", "--bootstrap", "--log-level", "warn"], stdout=subprocess.PIPE, text=True)
        ready = re.match(r"ready node=\S+ listen=(\S+)", self.process.stdout.readline())
        if not ready:
            sys.exit("footprint: latiumd did not start")
        self.address = ready.group(1)
        return (time.monotonic() - began) * 1000

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def latium(self, *arguments):
        done = subprocess.run([self.programs / "latium", "--node", self.address, "--json", "--timeout", "60s", *map(str, arguments)],
                              capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    def resident_mib(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) / 1024


def measure(node, keys):
    node.start()
    result = {"keys": keys}
    if keys:
        began = time.monotonic()
        node.latium("bench", "kv", "--load", "--keys", keys, "--value-bytes", 100, "--durability", "buffered", "--ops", 1, "--reads",
                    100)
        result["load_keys_per_s"] = round(keys / (time.monotonic() - began))
    result["disk_mib"] = round(node.latium("status")["disk_bytes"] / 2**20, 1)
    for way, end in (("after_stop", node.stop), ("after_kill", node.kill)):
        starts = []
        for _ in range(3):
            end()
            starts.append(node.start())
        result[f"start_ms_{way}"] = round(statistics.median(starts), 1)
    if keys:
        node.latium("bench", "kv", "--keys", keys, "--reads", 100, "--pipeline", 64, "--duration", "5s")
    status = node.latium("status")
    cache = status["block_cache_bytes"] / 2**20
    resident = node.resident_mib()
    result |= {"resident_mib": round(resident, 1), "block_cache_mib": round(cache, 1), "without_cache_mib": round(resident - cache, 1)}
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", type=pathlib.Path, default=pathlib.Path("build/release/bin"))
    parser.add_argument("--keys", default="0,100000,1000000")
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    results = []
    for keys in map(int, options.keys.split(",")):
        directory = pathlib.Path(tempfile.mkdtemp(prefix="latium-footprint-"))
        node = Node(options.programs.resolve(), directory / "node")
        try:
            results.append(measure(node, keys))
        finally:
            node.kill()
            shutil.rmtree(directory, ignore_errors=True)
        print("  ".join(f"{name}={value}" for name, value in results[-1].items()), flush=True)
    if options.json:
        options.json.write_text(json.dumps({"machine": platform.processor() or platform.machine(), "results": results}, indent=1))


if __name__ == "__main__":
    main()
