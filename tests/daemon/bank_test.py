"""Money moved between rows by sessions of the C++ library, over five real nodes on three sites, while nodes and the processes that
commit are killed. BANK_SECONDS in the environment makes it longer."""

import json
import os
import random
import subprocess
import time
import unittest

from clusters import ClusterTest
from programs import PATIENCE, PROGRAMS

SECONDS = int(os.environ.get("BANK_SECONDS", "15"))
SEED = int(os.environ.get("BANK_SEED", "1"))
SITES = ("rennes", "paris", "lyon")
TELLERS = 2  # processes, of four threads each


class BankTest(ClusterTest):
    def setUp(self):
        super().setUp()
        self.up("2,2,1", "--sites", 3)
        self.latium("tenant", "create", "bank", "--placement", "rennes:1,paris:1,lyon:1", "--partitions", 4)
        self.random = random.Random(SEED)
        self.log = self.directory.parent / "log"
        self.log.touch()
        self.lives = 0

    def teller(self, number, *arguments):
        """A process that is a node of its own, with a new directory in each life."""
        self.lives += 1
        seeds = [f"127.0.0.1:{self.port + (number + i) % 5}" for i in range(5)]
        process = subprocess.Popen(
            [PROGRAMS / "latium-bank", *seeds, "--data-dir", self.directory.parent / f"teller{self.lives}", "--site", SITES[number],
             "--name", f"life{self.lives}", "--log", self.log, "--threads", "4", "--seed", str(self.lives), *arguments],
            stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def start_teller(self, number, seconds):
        process = self.teller(number, "--seconds", str(max(1, int(seconds))))
        self.assertEqual(process.stdout.readline(), "ready\n")
        return process

    def test_money_is_neither_made_nor_lost(self):
        until = time.monotonic() + SECONDS
        tellers = [self.start_teller(i, SECONDS) for i in range(TELLERS)]
        killed = 0
        while time.monotonic() < until:
            time.sleep(self.random.uniform(0.5, 2))  # what runs lasts; nothing is waited for
            if self.random.random() < 0.3:
                number = self.random.randrange(TELLERS)
                tellers[number].kill()
                tellers[number] = self.start_teller(number, until - time.monotonic())
            else:
                node = self.random.randint(1, 5)
                self.cluster("kill", node)
                time.sleep(self.random.uniform(0, 1))
                self.cluster("start", node)
            killed += 1
        transfers = 0
        for teller in tellers:
            said, _ = teller.communicate(timeout=PATIENCE)
            self.assertEqual(teller.returncode, 0, said)
            transfers += json.loads(said.splitlines()[-1])["transfers"]
        checked = self.teller(0, "--verify")
        said, _ = checked.communicate(timeout=3 * PATIENCE)
        self.assertEqual(checked.returncode, 0, said)
        print(f"{killed} kills; the last lives made {transfers} transfers; {said.strip()}")
        self.assertGreater(json.loads(said.splitlines()[-1])["verified"], 10)


if __name__ == "__main__":
    unittest.main()
