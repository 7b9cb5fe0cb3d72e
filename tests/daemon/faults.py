"""Faults for five real nodes on three sites: what breaks something for a while and mends it."""

import os
import random
import subprocess
import time

from clusters import ClusterTest
from programs import PATIENCE, PROGRAMS

SITES = ("rennes", "paris", "lyon")
SEED = 1
# How long the nodes are tormented; the environment may ask for more than CI has time for.
SECONDS = int(os.environ.get("LATIUM_STRESS_SECONDS", "15"))


class FaultyCluster(ClusterTest):
    def setUp(self):
        super().setUp()
        self.up("2,2,1", "--sites", 3)
        self.random = random.Random(SEED)

    def kill(self, number):
        self.cluster("kill", number)
        yield
        self.cluster("start", number)

    def pause(self, number):
        self.cluster("pause", number)
        yield
        self.cluster("resume", number)

    def cut(self, number):
        self.cluster("cut", SITES[number % 3])
        yield
        self.cluster("heal")

    def delay(self, number):
        self.cluster("delay", SITES[number % 3], SITES[(number + 1) % 3], 100)
        yield
        self.cluster("heal", "--all")

    def torment(self):
        """One fault after the other for SECONDS: short ones, and a cut that lasts a quarter of the time."""
        faults = [self.kill, self.pause, self.cut, self.delay]
        end = time.monotonic() + SECONDS
        long_cut_at = end - SECONDS / 2
        while time.monotonic() < end:
            longest = 2.0
            fault = faults.pop(0)
            faults.append(fault)
            if time.monotonic() > long_cut_at:
                fault, longest, long_cut_at = self.cut, SECONDS / 4, end
            broken = fault(self.random.randint(1, 5))
            next(broken)
            time.sleep(self.random.uniform(longest / 10, longest))  # what is broken lasts; nothing is waited for
            next(broken, None)

    def stress(self, *arguments):
        """What latium-stress said, and the file with what its clients were told."""
        history = self.directory.parent / "history.jsonl"
        nodes = [f"127.0.0.1:{self.port + i}" for i in range(5)]
        stress = subprocess.Popen([PROGRAMS / "latium-stress", *nodes, "--seconds", str(SECONDS), "--history", history, *arguments],
                                  stdout=subprocess.PIPE, text=True)
        self.addCleanup(stress.stdout.close)
        self.addCleanup(stress.kill)
        self.torment()
        said, _ = stress.communicate(timeout=3 * PATIENCE)
        self.assertEqual(stress.returncode, 0, said)
        return said, history

    def judge(self, history, *arguments):
        judged = subprocess.run([PROGRAMS / "latium-check", history, *arguments], capture_output=True, text=True, check=False,
                                timeout=PATIENCE)
        self.assertEqual(judged.returncode, 0, judged.stdout + judged.stderr)
        return judged.stdout
