"""Registers and locks of five real nodes on three sites, while those are killed, paused, cut off and slowed down."""

import random
import subprocess
import time
import unittest

from clusters import ClusterTest
from programs import PATIENCE, PROGRAMS

SITES = ("rennes", "paris", "lyon")
SECONDS = 20
SEED = 1


class StressTest(ClusterTest):
    def setUp(self):
        super().setUp()
        self.up("2,2,1", "--sites", 3)
        self.random = random.Random(SEED)

    # Each breaks something for a while and mends it.

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

    def test_what_clients_were_told_is_linearizable_and_fenced(self):
        history = self.directory.parent / "history.jsonl"
        nodes = [f"127.0.0.1:{self.port + i}" for i in range(5)]
        stress = subprocess.Popen([PROGRAMS / "latium-stress", *nodes, "--seconds", str(SECONDS), "--history", history],
                                  stdout=subprocess.PIPE, text=True)
        self.addCleanup(stress.stdout.close)
        self.addCleanup(stress.kill)
        faults = [self.kill, self.pause, self.cut, self.delay]
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            fault = faults[0](self.random.randint(1, 5))
            faults.append(faults.pop(0))
            next(fault)
            time.sleep(self.random.uniform(0.2, 2))  # what is broken lasts; nothing is waited for
            next(fault, None)
        said, _ = stress.communicate(timeout=3 * PATIENCE)
        self.assertEqual(stress.returncode, 0, said)
        done = history.read_text().count('"type":"ok"')
        self.assertGreater(done, 500, said)
        judged = subprocess.run([PROGRAMS / "latium-check", history], capture_output=True, text=True, check=False, timeout=PATIENCE)
        self.assertEqual(judged.returncode, 0, judged.stdout + judged.stderr)
        self.assertIn("locks:", judged.stdout)
        self.assertIn("registers:", judged.stdout)


if __name__ == "__main__":
    unittest.main()
