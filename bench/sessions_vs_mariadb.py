#!/usr/bin/env python3
"""Sessions of Latium beside MariaDB, alone and as a Galera cluster of three, on one disk, in turn.

    bench/sessions_vs_mariadb.py [--programs build/release/bin] [--runs 3] [--seconds 4] [--clients 64] [--contenders 16]
                                 [--systems latium,latium-rc,mariadb,galera] [--cases mixed,one_row,zipfian] [--json FILE]

mixed: transactions of 3 reads and 2 updates, each a statement of its own, of rows drawn evenly from 100,000, --clients of them.
one_row, zipfian: a row is read and written back with one more, always the same one, or of 10,000 with skew 0.99, by --contenders.
Every system has a closed loop of the same clients, each a thread with one transaction at a time, which begins anew what was ended
by a conflict; the time of a transaction is from its first attempt to its commit. What an answered commit stands for:

    latium       three nodes, a copy each: 2 of 3 have synced it; serializable, what was read is checked
    latium-rc    the same, read committed: of what was only read nothing is checked (lost updates are impossible all the same)
    mariadb      one server, InnoDB: it has synced it (innodb_flush_log_at_trx_commit=1); repeatable read, its default: reads of a
                 snapshot that nothing checks. In one_row and zipfian the read is SELECT ... FOR UPDATE
    galera       three servers: all have received and certified it, and the one that was asked has synced it; the same isolation

Latium's nodes run in the program of the clients, as embedded nodes do, and speak over loopback; MariaDB's clients have prepared
statements over the servers' local sockets. Needs mariadb-server, galera-4 and libmariadb-dev (for mariadb_load) of Debian; a
system that is missing is named and left out. Exit status: 0 done, 2 nothing to compare with, 1 anything else.
"""
import argparse
import contextlib
import json
import os
import pathlib
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True

from bench_tools import cpu_seconds, free_ports, output, start  # noqa: E402

PATIENCE = 90
ROWS, COUNTERS, VALUE_BYTES = 100_000, 10_000, 100
PROVIDERS = ("/usr/lib/galera/libgalera_smm.so", "/usr/lib/libgalera_smm.so")
SYSTEMS = {
    "latium": "3 copies, 2 of 3 synced; serializable",
    "latium-rc": "3 copies, 2 of 3 synced; read committed",
    "mariadb": "1 copy, synced; repeatable read",
    "galera": "3 copies received, 1 synced; repeatable read",
}
CASES = ("mixed", "one_row", "zipfian")
SCHEMA = f"""
CREATE TABLE `rows` (id BIGINT PRIMARY KEY, value VARCHAR({VALUE_BYTES}) CHARACTER SET latin1 NOT NULL) ENGINE=InnoDB;
CREATE TABLE counters (id BIGINT PRIMARY KEY, value BIGINT NOT NULL) ENGINE=InnoDB;
INSERT INTO `rows` SELECT seq, REPEAT('v', {VALUE_BYTES}) FROM seq_0_to_{ROWS - 1};
INSERT INTO counters SELECT seq, 0 FROM seq_0_to_{COUNTERS - 1};
"""


def until(holds, otherwise):
    end = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > end:
            sys.exit(f"sessions_vs_mariadb: {otherwise}")
        time.sleep(0.1)


class Load:
    """A program that serves lines of load with lines of results."""

    def __init__(self, stack, log, command):
        self.log = log
        self.process = subprocess.Popen([str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=stack.enter_context(open(log, "w", encoding="utf-8")), text=True)
        stack.callback(self.process.wait)
        stack.callback(self.process.stdin.close)
        self.line()

    def line(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"sessions_vs_mariadb: {self.process.args[0]} ended: {self.log.read_text(encoding='utf-8').strip()}")
        return line

    def run(self, case, clients, seconds):
        self.process.stdin.write(f"{case} {clients} {seconds}\n")
        self.process.stdin.flush()
        return json.loads(self.line())


class Latium:
    def __init__(self, stack, directory, programs, more=()):
        self.servers = []
        directory.mkdir()
        self.load = Load(stack, directory / "log", [programs / "session_load", "--directory", directory, *more])


class Mariadb:
    def __init__(self, stack, directory, programs, servers):
        directory.mkdir()
        # Not as root: Galera's rsync would leave it, and then may not read what is root's.
        user = ["--user=mysql"] if os.geteuid() == 0 else []
        if user:
            directory.parent.chmod(0o755)
            shutil.chown(directory, "mysql", "mysql")
        homes = [directory / f"server{i}" for i in range(servers)]
        self.sockets = [home.with_suffix(".sock").resolve() for home in homes]
        self.servers = []
        ports = [self.ports_in_a_row(3) for _ in homes] if servers > 1 else []
        for i, home in enumerate(homes):
            output("mariadb-install-db", "--no-defaults", f"--datadir={home.resolve()}", "--auth-root-authentication-method=normal",
                   "--skip-test-db", *user)
            self.servers.append(start(stack, directory / f"server{i}.log", [
                "mariadbd", "--no-defaults", f"--datadir={home.resolve()}", f"--socket={self.sockets[i]}", "--skip-networking",
                f"--pid-file={home.resolve()}/pid", "--innodb-flush-log-at-trx-commit=1", "--innodb-buffer-pool-size=256M",
                "--innodb-log-file-size=256M", "--max-connections=300", "--skip-log-bin",
                *user, *(self.galera(ports, i) if servers > 1 else [])]))
            until(lambda at=i: self.answers(at), f"a server did not start, see {directory / f'server{i}.log'}")
        self.client(0, "CREATE DATABASE bench")
        self.client(0, SCHEMA, "bench")
        for i in range(servers):
            until(lambda at=i: self.client(at, "SELECT COUNT(*) FROM counters", "bench", check=False).strip() == str(COUNTERS),
                  "a server does not get the rows")
        self.load = Load(stack, directory / "log", [programs / "mariadb_load", *(f"--socket={each}" for each in self.sockets)])

    @staticmethod
    def ports_in_a_row(count):
        while True:
            first = free_ports(1)[0]
            with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
                for port in range(first, first + count):
                    stack.enter_context(socket.create_server(("127.0.0.1", port)))
                return first

    @staticmethod
    def galera(ports, i):
        provider = next(path for path in PROVIDERS if os.path.exists(path))
        return ["--binlog-format=ROW", "--innodb-autoinc-lock-mode=2", "--wsrep-on=ON", f"--wsrep-provider={provider}",
                f"--wsrep-cluster-address=gcomm://{','.join(f'127.0.0.1:{port}' for port in ports)}", "--wsrep-cluster-name=bench",
                f"--wsrep-node-address=127.0.0.1:{ports[i]}", f"--wsrep-node-name=n{i}", "--wsrep-sst-method=rsync",
                f"--wsrep-sst-receive-address=127.0.0.1:{ports[i] + 2}", "--wsrep-slave-threads=4",
                f"--wsrep-provider-options=gmcast.listen_addr=tcp://127.0.0.1:{ports[i]};ist.recv_addr=127.0.0.1:{ports[i] + 1}",
                *(["--wsrep-new-cluster"] if i == 0 else [])]

    def client(self, i, statement, database="mysql", check=True):
        done = subprocess.run(["mariadb", "--no-defaults", f"--socket={self.sockets[i]}", "-uroot", "-N", database], input=statement,
                              capture_output=True, text=True, check=False)
        if check and done.returncode != 0:
            sys.exit(f"sessions_vs_mariadb: MariaDB refuses: {done.stderr.strip()}")
        return done.stdout if done.returncode == 0 else ""

    def answers(self, i):
        if self.servers[i].poll() is not None:
            log = self.sockets[i].with_suffix(".log").read_text(encoding="utf-8", errors="replace").splitlines()
            sys.exit("sessions_vs_mariadb: mariadbd ended: " + ("\n".join(line for line in log if "ERROR" in line) or log[-1]))
        ready = self.client(i, "SHOW STATUS LIKE 'wsrep_ready'", check=False)
        return "ON" in ready if len(self.sockets) > 1 else bool(self.client(i, "SELECT 1", check=False))


def missing(name, programs):
    if name.startswith("latium"):
        return None if shutil.which(programs / "session_load") else "session_load is missing: scripts/build release session_load"
    if not shutil.which("mariadbd") or not shutil.which("mariadb-install-db"):
        return "mariadbd is missing: apt-get install mariadb-server"
    if not shutil.which(programs / "mariadb_load"):
        return "mariadb_load is missing: apt-get install libmariadb-dev, then scripts/build release mariadb_load"
    if name == "galera" and not any(os.path.exists(path) for path in PROVIDERS):
        return "Galera's provider is missing: apt-get install galera-4"
    return "rsync is missing: apt-get install rsync" if name == "galera" and not shutil.which("rsync") else None


def begin(name, stack, directory, programs):
    if name.startswith("latium"):
        return Latium(stack, directory / name, programs, ["--read-committed"] if name == "latium-rc" else [])
    return Mariadb(stack, directory / name, programs, 3 if name == "galera" else 1)


def measure(name, system, case, options):
    clients = options.clients if case == "mixed" else options.contenders
    before = cpu_seconds(system.servers)
    report = system.load.run(case, clients, options.seconds)
    report["server_cpu_us"] = (cpu_seconds(system.servers) - before) * 1e6 / max(1, report["transactions"])
    if report.get("missing"):
        if name == "galera":  # FOR UPDATE holds on one server only
            print(f"sessions_vs_mariadb: {name} has lost {report['missing']} acknowledged increments", file=sys.stderr)
            return report
        sys.exit(f"sessions_vs_mariadb: {name} has lost {report['missing']} acknowledged increments")
    return report


def show(results, options):
    def median(name, case, what):
        return statistics.median(each[what] for each in results[name, case])

    ratios = {}
    print(f"medians of {options.runs} rounds of {options.seconds} s; mixed: {options.clients} clients, others: {options.contenders}")
    for case in options.cases:
        for name in options.systems:
            cpu = median(name, case, "server_cpu_us") + median(name, case, "cpu_us")
            print(f"{case:8} {name:10} {median(name, case, 'rate'):8.0f}/s  p50 {median(name, case, 'p50_us') / 1000:7.2f} ms  "
                  f"p99 {median(name, case, 'p99_us') / 1000:8.2f} ms  longest {max(each['longest_us'] for each in results[name, case]) / 1000:8.1f} ms  "
                  f"begun {median(name, case, 'begun_a_commit'):.2f} times a commit  "
                  f"client least/most {median(name, case, 'least_of_a_client') / max(1, median(name, case, 'most_of_a_client')):.2f}  "
                  f"{cpu:.0f} us of processor  ({SYSTEMS[name]})")
        for ours in options.systems:
            for peer in options.systems:
                if ours.startswith("latium") and not peer.startswith("latium"):
                    ratio = {what: median(ours, case, what) / max(1e-9, median(peer, case, what)) for what in ("rate", "p50_us", "p99_us")}
                    ratios[f"{case}: {ours} / {peer}"] = ratio
                    print(f"{case:8} {ours} / {peer}: rate {ratio['rate']:.2f}  p50 {ratio['p50_us']:.2f}  p99 {ratio['p99_us']:.2f}")
    return ratios


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", type=pathlib.Path, default=pathlib.Path("build/release/bin"))
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--contenders", type=int, default=16)
    parser.add_argument("--systems", type=lambda text: text.split(","), default=list(SYSTEMS))
    parser.add_argument("--cases", type=lambda text: text.split(","), default=list(CASES))
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    if not set(options.systems) <= set(SYSTEMS) or not set(options.cases) <= set(CASES):
        parser.error(f"systems are {', '.join(SYSTEMS)}; cases are {', '.join(CASES)}")
    programs = options.programs.resolve()
    for name in list(options.systems):
        if why := missing(name, programs):
            print(f"sessions_vs_mariadb: without {name}: {why}", file=sys.stderr)
            options.systems.remove(name)
    if not options.systems:
        return 2
    # Sockets have short names.
    directory = pathlib.Path(tempfile.mkdtemp(prefix="sessions-vs-mariadb-", dir="."))
    results = {(name, case): [] for case in options.cases for name in options.systems}
    told = {"processors": os.cpu_count(), "kernel": platform.release(), "load_before": os.getloadavg()[0], "durability": SYSTEMS}
    if any(not name.startswith("latium") for name in options.systems):
        told["mariadb"] = output("mariadbd", "--version").strip()
    try:
        with contextlib.ExitStack() as stack:
            systems = {name: begin(name, stack, directory, programs) for name in options.systems}
            for system in systems.values():
                system.load.run("mixed", options.clients, 1)
            for _ in range(options.runs):
                for name, case in results:
                    results[name, case].append(measure(name, systems[name], case, options))
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    ratios = show(results, options)
    if options.json:
        options.json.write_text(json.dumps({**told, "load_after": os.getloadavg()[0], "clients": options.clients, "contenders": options.contenders,
                                            "ratios": ratios, "rounds": {f"{name} {case}": each for (name, case), each in results.items()}},
                                           indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
