#!/usr/bin/env python3
"""Gets of a latiumd over loopback beside a bare Asio echo of about the same bytes, in turn, as ratios.

    bench/loopback_get.py [--programs build/release/bin] [--runs 5] [--json FILE]

One request at a time: median latency over that of the echo. 64 in flight on one connection: rate, and rate a second of the
processor time that the node used, which is what one core of it serves.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

KEYS = 100_000
VALUE_BYTES = 100


def run(*command):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, check=True).stdout


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def start(programs, directory):
    node = subprocess.Popen([programs / "latiumd", "--data-dir", directory / "node", "--site", "bench", "--listen", "127.0.0.1:0",
                             "--bootstrap", "--log-level", "warn"], stdout=subprocess.PIPE, text=True)
    ready = re.match(r"ready node=\S+ listen=(\S+)", node.stdout.readline())
    if not ready:
        sys.exit("loopback_get: latiumd did not start")
    return node, ready.group(1)


def gets(programs, address):
    return [programs / "latium", "--node", address, "--json", "bench", "kv", "--keys", KEYS, "--value-bytes", VALUE_BYTES, "--reads",
            100]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", type=pathlib.Path, default=pathlib.Path("build/release/bin"))
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    programs = options.programs.resolve()
    directory = pathlib.Path(tempfile.mkdtemp(prefix="latium-loopback-get-"))
    node, address = start(programs, directory)
    try:
        run(*gets(programs, address), "--load", "--durability", "buffered", "--ops", 1)
        # A restart writes the keys to tables, where most keys of a node are, instead of the write buffer.
        node.terminate()
        node.wait()
        node, address = start(programs, directory)
        latium = gets(programs, address)
        run(*latium, "--pipeline", 64, "--duration", "2s")
        rounds = []
        for _ in range(options.runs):
            report = directory / "echo.json"
            run(programs / "net_bench", "--runs", 1, "--tenths", 20, "--in-flight", 64, "--payload", 128, "--json", report)
            echo = json.loads(report.read_text())
            one = json.loads(run(*latium, "--pipeline", 1, "--duration", "2s"))["reads"]
            before = cpu_seconds(node.pid)
            many = json.loads(run(*latium, "--pipeline", 64, "--duration", "2s"))["reads"]
            used = cpu_seconds(node.pid) - before
            rounds.append({"echo_p50_us": echo_p50(echo), "get_p50_us": one["p50_us"], "p50_ratio": one["p50_us"] / echo_p50(echo),
                           "gets_per_s_64": many["rate"], "gets_per_cpu_s": many["operations"] / used})
        medians = {name: round(statistics.median(part[name] for part in rounds), 2) for name in rounds[0]}
        print("  ".join(f"{name}={value}" for name, value in medians.items()), f" (medians of {options.runs} rounds)")
        if options.json:
            options.json.write_text(json.dumps({"medians": medians, "rounds": rounds}, indent=1))
    finally:
        node.terminate()
        node.wait()
        shutil.rmtree(directory, ignore_errors=True)


def echo_p50(report):
    return next(case for case in report["results"] if case["in_flight"] == 1)["bare_p50_us"]


if __name__ == "__main__":
    main()
