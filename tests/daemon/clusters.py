"""scripts/cluster for the tests beside this file: a cluster of real processes that is gone when the test is over."""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

from programs import PATIENCE, PROGRAMS, ROOT

SCRIPT = ROOT / "scripts" / "cluster"
sys.path.insert(0, str(ROOT / "scripts"))


PORTS = 5  # of one cluster


def take_ports():
    """The first of PORTS ports in a row that nobody listens on, and a socket whose name keeps other tests off them while it is open:
    they run at the same time, and each would find free what the other is about to use."""
    blocks = (32000 - 20000) // PORTS
    for i in range(blocks):
        base = 20000 + (os.getpid() + i) % blocks * PORTS
        taken = socket.socket(socket.AF_UNIX)
        try:
            taken.bind(f"\0latium-test-ports-{base}")
            for port in range(base, base + PORTS):
                socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            taken.close()
            continue
        return base, taken
    raise AssertionError("no free ports")


def processes_of(directory):
    """Ids of the processes that were started with something in `directory`."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and str(directory).encode() + b"/" in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:  # it has ended
            continue
    return found


class ClusterTest(unittest.TestCase):
    def setUp(self):
        top = pathlib.Path(tempfile.mkdtemp(prefix="latium-daemon-"))
        self.directory = top / "cluster"
        self.port, taken = take_ports()
        self.addCleanup(taken.close)
        self.addCleanup(shutil.rmtree, top, ignore_errors=True)
        self.addCleanup(self.end_what_is_left)

    def end_what_is_left(self):
        for pid in processes_of(self.directory):
            os.kill(pid, signal.SIGKILL)

    def cluster(self, *arguments, status=0):
        """Runs the script; what it printed, on stderr if it was to fail."""
        done = self.try_cluster(*arguments)
        self.assertEqual(done.returncode, status, done.stderr or done.stdout)
        return done.stderr if status else done.stdout

    def try_cluster(self, command, *arguments):
        return subprocess.run([SCRIPT, command, "--dir", self.directory, *map(str, arguments)], capture_output=True, text=True,
                              check=False, timeout=3 * PATIENCE)

    def up(self, nodes, *arguments, status=0):
        return self.cluster("up", "--bin", PROGRAMS, "--base-port", self.port, "--nodes", nodes, *arguments, status=status)

    def status(self):
        return json.loads(self.cluster("status", "--json"))

    def node(self, number=1):
        return self.status()["nodes"][number - 1]

    def latium(self, *arguments, number=1, status=0):
        done = subprocess.run([PROGRAMS / "latium", "--node", f"127.0.0.1:{self.port + number - 1}", *map(str, arguments)],
                              capture_output=True, text=True, check=False, timeout=PATIENCE)
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stdout

    def assert_refused(self, status, words, *arguments):
        text = self.cluster(*arguments, status=status)
        self.assertRegex(text, r"\Acluster: [^\n]+\n\Z", "not one line")
        for word in words:
            self.assertIn(word, text)
