"""Buckets of five real nodes on three sites, while those are killed, paused, cut off and slowed down: afterwards all copies become
equal, nothing acknowledged is lost, nothing deleted is back, and every deletion is forgotten. Judged key by key."""

import json
import unittest

from faults import FaultyCluster


class BucketsStressTest(FaultyCluster):
    def test_nothing_is_lost_and_nothing_comes_back(self):
        said, history = self.stress("--buckets")
        self.assertGreater(history.read_text().count('"type":"ok"'), 300, said)
        self.assertIn("buckets:", self.judge(history, "--kind", "bucket"))
        self.assertEqual(json.loads(self.latium("--json", "status", "--wait-converged", "--within", "60s"))["hints"]["count"], 0)
        for line in self.latium("--json", "verify", "acme").splitlines():
            self.assertEqual(json.loads(line)["wrong"], [])
        for line in self.latium("--json", "audit", "placement", "acme").splitlines():
            self.assertEqual(json.loads(line)["found"], [])


if __name__ == "__main__":
    unittest.main()
