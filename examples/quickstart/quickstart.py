#!/usr/bin/env python3
"""Shows a Latium node at work on real data: import, read back, a load, kill -9 in the middle of it, and what is there afterwards.

    examples/quickstart/quickstart.py DIRECTORY_OF_PROGRAMS
"""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = ROOT / "examples" / "data"
LOAD_SECONDS = 6
KILL_AFTER_SECONDS = 3


class Daemon:
    """A latiumd on loopback, on a port that the system picks, over one data directory."""

    def __init__(self, programs, directory):
        self.command = [programs / "latiumd", "--data-dir", directory / "node", "--site", "rennes", "--listen", "127.0.0.1:0",
                        "--bootstrap", "--log-level", "warn"]
        self.start()

    def start(self):
        began = time.monotonic()
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        ready = re.match(r"ready node=(\S+) listen=(\S+)", line)
        if not ready:
            sys.exit(f"quickstart: latiumd did not start (it said {line!r})")
        self.node, self.address = ready.groups()
        self.start_ms = (time.monotonic() - began) * 1000

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Client:
    """The latium command, with JSON answers."""

    def __init__(self, programs, daemon):
        self.program = programs / "latium"
        self.daemon = daemon

    def command(self, *arguments):
        return [self.program, "--node", self.daemon.address, "--json", *map(str, arguments)]

    def run(self, *arguments, **options):
        done = subprocess.run(self.command(*arguments), capture_output=True, text=True, check=False, **options)
        if done.returncode != 0:
            sys.exit(f"quickstart: latium {' '.join(map(str, arguments))} failed ({done.returncode}): {done.stderr or done.stdout}")
        return [json.loads(line) for line in done.stdout.splitlines()]


def say(text):
    print(text, flush=True)


def import_rows(latium, directory):
    rows = subprocess.run([sys.executable, DATA / "rows_of_trace.py", DATA / "boot_trace.jsonl"], capture_output=True, text=True,
                          check=True).stdout
    wanted = {row["key"]: row["value"] for row in map(json.loads, rows.splitlines())}
    (directory / "rows.jsonl").write_text(rows)
    latium.run("tenant", "create", "nova", "--placement", "rennes:1")
    began = time.monotonic()
    report = latium.run("kv", "import", "nova/rows", directory / "rows.jsonl")[0]
    seconds = time.monotonic() - began
    # Latencies are those of the requests, each of many rows.
    return wanted, ("import, in batches", len(wanted), len(wanted) / seconds, report["requests"], sum(len(k) + len(v) for k, v in wanted.items()))


def check_rows(latium, wanted):
    """Reads every row back; the number that is missing or differs."""
    latium_keys = {}
    after = []
    while True:
        page = latium.run("kv", "scan", "nova/rows", "--limit", 200, *after)
        for item in page:
            latium_keys[item["key"]] = item["values"][0]
        if len(page) < 200:
            break
        after = ["--after", page[-1]["key"]]
    return sum(latium_keys.get(key) != value for key, value in wanted.items())


def load(latium, directory, daemon):
    """Writes until the node is killed in the middle; every acknowledged write is in the log."""
    log = directory / "acknowledged"
    arguments = ["bench", "kv", "nova/load", "--clients", 4, "--pipeline", 16, "--reads", 0, "--keys", 100000, "--value-bytes", 100,
                 "--duration", f"{LOAD_SECONDS}s", "--timeout", "2s", "--acked-log", log, "--until-unavailable"]
    writers = subprocess.Popen(latium.command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(KILL_AFTER_SECONDS)
    daemon.kill()
    out, err = writers.communicate()
    if writers.returncode != 0:
        sys.exit(f"quickstart: the load failed: {err or out}")
    return log, json.loads(out)


def row_of(report, kind, bytes_each):
    part = report[kind]
    return (kind, part["operations"], part["rate"], part, part["operations"] * bytes_each)


def print_table(rows):
    say(f"\n  {'what':<22}{'operations':>12}{'per second':>14}{'p50 ms':>10}{'p99 ms':>10}{'bytes':>14}")
    for name, operations, rate, latency, size in rows:
        p50, p99 = (f"{latency[key] / 1000:.3f}" for key in ("p50_us", "p99_us"))
        say(f"  {name:<22}{operations:>12,}{rate:>14,.0f}{p50:>10}{p99:>10}{size:>14,}")


def main(programs, directory):
    daemon = Daemon(programs, directory)
    latium = Client(programs, daemon)
    try:
        say(f"latiumd serves on {daemon.address} ({daemon.start_ms:.0f} ms after its start)")
        wanted, imported = import_rows(latium, directory)
        wrong = check_rows(latium, wanted)
        say(f"{len(wanted)} rows of a real Nova controller imported, one key each; {len(wanted) - wrong} read back as they were")
        log, report = load(latium, directory, daemon)
        say(f"killed with SIGKILL after {KILL_AFTER_SECONDS} s of synced writes from 64 writers")
        daemon.start()
        say(f"started again on the same directory: serves after {daemon.start_ms:.0f} ms")
        check = latium.run("bench", "check", "nova/load", "--acked-log", log)[0]
        wrong += check_rows(latium, wanted)
        say(f"keys with acknowledged writes {check['acknowledged']:,}, missing {check['missing']}, stale {check['stale']}; "
            f"rows missing or changed {wrong}")
        reads = latium.run("bench", "kv", "nova/load", "--clients", 1, "--pipeline", 64, "--reads", 100, "--keys", 100000,
                           "--duration", "2s")[0]
        one = latium.run("bench", "kv", "nova/load", "--clients", 1, "--pipeline", 1, "--reads", 100, "--keys", 100000,
                         "--duration", "2s")[0]
        print_table([imported, ("synced puts, 64 at once", *row_of(report, "writes", 116)[1:]),
                     ("gets, 64 at once", *row_of(reads, "reads", 116)[1:]), ("gets, 1 at once", *row_of(one, "reads", 116)[1:])])
        return 1 if wrong or check["missing"] or check["stale"] else 0
    finally:
        daemon.stop()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: quickstart.py DIRECTORY_OF_PROGRAMS")
    work = pathlib.Path(tempfile.mkdtemp(prefix="latium-quickstart-"))
    try:
        status = main(pathlib.Path(sys.argv[1]).resolve(), work)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    sys.exit(status)
