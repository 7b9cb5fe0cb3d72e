"""Copies of buckets on five real nodes of three sites: made equal where hints were not enough, and deletions that are forgotten."""

import json
import shlex
import unittest

from clusters import ClusterTest
from programs import PROGRAMS, eventually


class RepairTest(ClusterTest):
    def up_with(self, *arguments):
        """Nodes with `arguments` beside those that the script gives them."""
        programs = self.directory.parent / "programs"
        programs.mkdir()
        (programs / "latium").symlink_to(PROGRAMS / "latium")
        latiumd = programs / "latiumd"
        latiumd.write_text(f"#!/bin/sh\nexec {shlex.quote(str(PROGRAMS / 'latiumd'))} \"$@\" {shlex.join(arguments)}\n")
        latiumd.chmod(0o755)
        self.cluster("up", "--bin", programs, "--base-port", self.port, "--nodes", "2,2,1", "--sites", 3)
        self.latium("tenant", "create", "acme", "--placement", "rennes:1,paris:1,lyon:1", "--partitions", "8")

    def converge(self, within="60s"):
        return json.loads(self.latium("--json", "--timeout", "50s", "status", "--wait-converged", "--within", within))

    def dropped(self):
        return sum(hints["dropped"] for number in (1, 2, 3, 4)
                   for hints in json.loads(self.latium("--json", "status", number=number))["hints"]["nodes"])

    def assert_clean(self):
        for line in self.latium("--json", "verify", "acme").splitlines():
            self.assertEqual(json.loads(line)["wrong"], [])
        for line in self.latium("--json", "audit", "placement", "acme").splitlines():
            self.assertEqual(json.loads(line)["found"], [])

    def test_a_site_that_missed_more_than_hints_hold_catches_up(self):
        self.up_with("--hints-max-bytes", "4KiB", "--hints-max-bytes-a-node", "4KiB")
        self.cluster("cut", "lyon")
        source = self.directory.parent / "in.jsonl"
        source.write_text("".join(json.dumps({"key": f"k{i:04}", "value": "v" * 100}) + "\n" for i in range(1000)))
        self.latium("kv", "import", "acme/b", source, number=1)
        # Each write is given to a stand-in after it has waited for lyon for a while.
        eventually("more hints than there is room for", lambda: self.dropped() > 100)
        self.latium("--timeout", "5s", "status", "--wait-converged", "--within", "1s", status=3)
        self.cluster("heal")
        self.converge()
        for number in range(1, 6):
            for i in (0, 1, 500, 999):
                self.assertEqual(self.latium("kv", "get", "acme/b", f"k{i:04}", "--r", "one", number=number), "v" * 100 + "\n")
        self.assert_clean()

    def test_what_was_deleted_while_a_replica_hung_is_forgotten_and_stays_deleted(self):
        self.up_with()
        for i in range(20):
            self.latium("kv", "put", "acme/b", f"key{i}", "v")
        self.converge()
        self.cluster("pause", 5)
        for i in range(0, 20, 2):
            self.latium("kv", "delete", "acme/b", f"key{i}", number=1 + i % 4)
        self.cluster("resume", 5)
        self.assertIn("remembered", self.converge())
        eventually("no deletion is remembered", lambda: self.converge()["remembered"] == 0)
        for number in (1, 3, 5):
            lines = self.latium("--json", "kv", "scan", "acme/b", number=number).splitlines()
            self.assertEqual(sorted(json.loads(line)["key"] for line in lines), sorted(f"key{i}" for i in range(1, 20, 2)))
        self.latium("kv", "get", "acme/b", "key4", "--r", "all", number=5, status=1)
        self.assert_clean()

    def test_wrong_usage(self):
        self.up_with()
        for arguments in (["status", "--within", "1s"], ["status", "--wait-converged", "--within", "x"], ["verify"],
                          ["audit", "acme"], ["audit", "placement"]):
            self.latium(*arguments, status=2)
        self.latium("verify", "nobody", status=1)
        self.latium("audit", "placement", "nobody", status=1)
        # One that does not run is named: what it holds was not looked at.
        self.cluster("kill", 5)
        self.latium("--timeout", "5s", "status", "--wait-converged", "--within", "1s", status=3)
        self.latium("--timeout", "5s", "verify", "acme", status=3)


if __name__ == "__main__":
    unittest.main()
