"""Buckets of five real nodes on three sites: what a user sees of nodes that are away, and of their return."""

import json
import time
import unittest

from clusters import ClusterTest
from programs import PATIENCE


class BucketsTest(ClusterTest):
    def setUp(self):
        super().setUp()
        self.up("2,2,1", "--sites", 3)
        self.latium("tenant", "create", "acme", "--placement", "rennes:1,paris:1,lyon:1", "--partitions", "8")

    def get(self, key, *arguments, number=1):
        return json.loads(self.latium("--json", "kv", "get", "acme/b", key, *arguments, number=number))

    def wait_for(self, what, holds):
        until = time.monotonic() + PATIENCE
        while not holds():
            self.assertLess(time.monotonic(), until, what)
            time.sleep(0.2)  # another process has to act: asked again until then

    def hints(self):
        return sum(json.loads(self.latium("--json", "status", number=number))["hints"]["count"] for number in (1, 2, 3, 4))

    def test_writes_go_on_without_a_site_and_reach_it_afterwards(self):
        self.latium("kv", "put", "acme/b", "before", "v")
        self.cluster("kill", 5)  # all of lyon
        for i in range(40):
            self.latium("kv", "put", "acme/b", f"key{i}", f"value{i}", number=1 + i % 4)
        self.latium("kv", "delete", "acme/b", "before", number=2)
        self.assertEqual(self.get("key7", number=3)["values"], ["value7"])
        # The level that asks for every replica itself cannot be had.
        self.latium("kv", "put", "acme/b", "strict", "v", "--w", "all", status=4)
        self.cluster("start", 5)
        self.wait_for("hints are left", lambda: self.hints() == 0)
        for i in range(40):
            found = self.get(f"key{i}", "--r", "all", number=5)
            self.assertEqual(found["values"], [f"value{i}"])
            self.assertEqual(len(found["replicas"]), 3)
        self.latium("kv", "get", "acme/b", "before", "--r", "all", number=5, status=1)
        lines = self.latium("--json", "kv", "scan", "acme/b", "--prefix", "key", number=5).splitlines()
        self.assertEqual([json.loads(line)["key"] for line in lines], sorted(f"key{i}" for i in range(40)))

    def test_siblings_and_contexts(self):
        for number in (1, 2):
            self.latium("kv", "put", "acme/~carts", "k", f"from {number}", number=number)
        found = json.loads(self.latium("--json", "kv", "get", "acme/~carts", "k", "--r", "all"))
        self.assertEqual(sorted(found["values"]), ["from 1", "from 2"])
        self.latium("kv", "put", "acme/~carts", "k", "both", "--context", found["context"], number=4)
        self.assertEqual(self.latium("kv", "get", "acme/~carts", "k", number=3), "both\n")
        self.latium("kv", "put", "acme/~carts", "k", "v", "--context", "??", status=2)
        self.latium("kv", "put", "acme/~carts", "k", "v", "--w", "most", status=2)

    def test_import_and_export_through_different_nodes(self):
        source = self.directory.parent / "in.jsonl"
        source.write_text("".join(json.dumps({"key": f"k{i:04}", "value": "v" * 50}) + "\n" for i in range(2000)))
        with source.open("a") as lines:
            # The later line of a key stays; both are in the last batch.
            for value in ("first", "second"):
                lines.write(json.dumps({"key": "twice", "value": value}) + "\n")
        report = json.loads(self.latium("--json", "kv", "import", "acme/b", source, number=1))
        self.assertGreater(report["requests"]["count"], 0)
        self.assertGreaterEqual(report["requests"]["p99_us"], report["requests"]["p50_us"])
        self.assertEqual(self.get("twice", "--r", "all", number=3)["values"], ["second"])
        out = self.directory.parent / "out.jsonl"
        self.latium("kv", "export", "acme/b", out, number=5)
        keys = [json.loads(line)["key"] for line in out.read_text().splitlines()]
        self.assertEqual(keys, [*(f"k{i:04}" for i in range(2000)), "twice"])


if __name__ == "__main__":
    unittest.main()
