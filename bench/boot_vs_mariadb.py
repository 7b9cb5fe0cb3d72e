#!/usr/bin/env python3
"""Boots of a recorded controller on Latium and on MariaDB, on one machine and one disk, in turn.

    bench/boot_vs_mariadb.py [--programs build/release/bin] [--runs 3] [--boots 20] [--json FILE]

The statements and transactions of examples/data/boot_trace.jsonl with fresh names, by 1 and by 8 controllers, each a thread with databases
of its own; every answer is checked against the trace. Latium: a node in the program of the controllers, one copy; MariaDB: InnoDB behind
a local socket, each commit synced (innodb_flush_log_at_trx_commit=1), foreign keys not checked, values in the text of the statements as its
drivers for Python put them. Both sync every commit. Needs mariadb-server and libmariadb-dev of Debian. Exit status: 0 done, 2 nothing
to compare with, 1 anything else.
"""
import argparse
import contextlib
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True

from bench_tools import output, start  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[1]
CONTROLLERS = (1, 8)
PATIENCE = 60


class Mariadb:
    def __init__(self, stack, directory):
        home = directory / "mariadb"
        self.socket = directory / "socket"
        user = ["--user=root"] if os.geteuid() == 0 else []
        output("mariadb-install-db", "--no-defaults", f"--datadir={home}", "--auth-root-authentication-method=normal", "--skip-test-db", *user)
        self.log = directory / "mariadb.log"
        start(stack, self.log, [
            "mariadbd", "--no-defaults", f"--datadir={home}", f"--socket={self.socket}", "--skip-networking", f"--pid-file={home}/pid",
            "--innodb-flush-log-at-trx-commit=1", "--innodb-buffer-pool-size=256M", "--skip-log-bin", *user])
        end = time.monotonic() + PATIENCE
        while not self.client("SELECT 1"):
            if time.monotonic() > end:
                sys.exit(f"boot_vs_mariadb: the server did not start, see {self.log}")
            time.sleep(0.1)

    def client(self, sql):
        return subprocess.run(["mariadb", "--no-defaults", f"--socket={self.socket}", "-N", "-e", sql], capture_output=True, text=True,
                              check=False).stdout

    def clear(self):
        for name in self.client("SHOW DATABASES").split():
            if name.startswith(("nova_", "placement_")):
                self.client(f"DROP DATABASE {name}")


def measure(system, controllers, options, directory, server):
    command = [options.programs / "boot_load", "--trace", ROOT / "examples/data/boot_trace.jsonl", "--system", system, "--controllers",
               controllers, "--boots", options.boots]
    if system == "mariadb":
        server.clear()
        return json.loads(output(*command, "--socket", server.socket))
    data = directory / "latium"
    shutil.rmtree(data, ignore_errors=True)
    return json.loads(output(*command, "--directory", data))


def middle(results, *path):
    values = []
    for result in results:
        for key in path:
            result = result[key]
        values.append(result)
    return statistics.median(values), min(values), max(values)


def show(results):
    print(f"{'system':<10}{'controllers':>12}{'statement us, mean':>28}{'p99':>10}{'boots/s':>24}{'boot ms p50':>13}")
    for (system, controllers), runs in results.items():
        mean, boots = middle(runs, "statement_us", "mean"), middle(runs, "boots_per_second")
        print(f"{system:<10}{controllers:>12}{f'{mean[0]:.0f} ({mean[1]:.0f} to {mean[2]:.0f})':>28}"
              f"{middle(runs, 'statement_us', 'p99')[0]:>10.0f}{f'{boots[0]:.2f} ({boots[1]:.2f} to {boots[2]:.2f})':>24}"
              f"{middle(runs, 'boot_ms', 'p50')[0]:>13.0f}")
    for controllers in CONTROLLERS:
        mean = [middle(results[system, controllers], "statement_us", "mean")[0] for system in ("latium", "mariadb")]
        boots = [middle(results[system, controllers], "boots_per_second")[0] for system in ("latium", "mariadb")]
        print(f"{controllers} controllers: mean statement {mean[0] / mean[1]:.2f} x MariaDB's, boots/s {boots[0] / boots[1]:.2f} x")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=pathlib.Path, default=ROOT / "build/release/bin")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--boots", type=int, default=20)
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    if not shutil.which("mariadbd") or not shutil.which("mariadb-install-db"):
        print("boot_vs_mariadb: mariadbd is missing: apt-get install mariadb-server", file=sys.stderr)
        return 2
    directory = pathlib.Path(tempfile.mkdtemp(prefix="boot-vs-mariadb-"))
    results = {(system, controllers): [] for controllers in CONTROLLERS for system in ("latium", "mariadb")}
    try:
        with contextlib.ExitStack() as stack:
            server = Mariadb(stack, directory)
            for _ in range(options.runs):
                for system, controllers in results:
                    results[system, controllers].append(measure(system, controllers, options, directory, server))
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    show(results)
    if options.json:
        options.json.write_text(json.dumps([each for runs in results.values() for each in runs], indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
