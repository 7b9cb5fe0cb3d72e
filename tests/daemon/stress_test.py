"""Registers and locks of five real nodes on three sites, while those are killed, paused, cut off and slowed down."""

import unittest

from faults import FaultyCluster


class StressTest(FaultyCluster):
    def test_what_clients_were_told_is_linearizable_and_fenced(self):
        said, history = self.stress()
        self.assertGreater(history.read_text().count('"type":"ok"'), 300, said)
        judged = self.judge(history)
        self.assertIn("locks:", judged)
        self.assertIn("registers:", judged)


if __name__ == "__main__":
    unittest.main()
