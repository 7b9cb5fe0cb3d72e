"""What a node reports is what docs/operations.md says that it reports."""

import json
import re
import signal
import urllib.request

from programs import OPERATIONS, DaemonTest, eventually


def table_names(heading, pattern):
    """Names in the first column of the tables below `heading`."""
    section = OPERATIONS.read_text().split(f"\n## {heading}\n")[1].split("\n## ")[0]
    names = set()
    for line in section.splitlines():
        if line.startswith("| `"):
            names.update(re.findall(pattern, line.split("|")[1]))
    return names


class ObserveTest(DaemonTest):
    def started(self, daemon):
        """The log line that says where it serves what."""
        def find():
            lines = [json.loads(line) for line in daemon.log.read_text().splitlines(keepends=True) if line.endswith("\n")]
            return next((line for line in lines if line["event"] == "node_started"), None)
        return eventually("node_started", find)

    def test_metrics_are_those_of_the_table(self):
        daemon = self.start("--metrics", "127.0.0.1:0", "--log-format", "json")
        address = self.started(daemon)["metrics"]
        self.assertRegex(address, r"\A127\.0\.0\.1:[1-9]\d*\Z")
        self.latium(daemon, "tenant", "create", "t")
        with urllib.request.urlopen(f"http://{address}/metrics", timeout=30) as answer:
            text = answer.read().decode()
        served = set(re.findall(r"^(latium_\w+)(?:\{[^}]*\})? [-+0-9.e]+$", text, re.MULTILINE))
        self.assertEqual(served, table_names("Metrics", r"`(latium_\w+)`"))
        for name in served:
            self.assertRegex(text, rf"(?m)^# HELP {name} \w")
        self.assertRegex(text, r"(?m)^latium_up 1$")
        self.assertRegex(text, r"(?m)^latium_tenants 1$")

    def test_status_has_the_fields_of_the_table(self):
        [status] = self.latium(self.start(), "status")
        self.assertEqual(set(status), table_names("Status", r"`(\w+)`") - {"serving", "read_only", "stopping", "remembered"})
        self.assertEqual((status["site"], status["state"], status["epoch"], status["tenants"]), ("rennes", "serving", 1, 0))
        self.assertEqual(status["hints"], {"count": 0, "bytes": 0, "nodes": []})
        self.assertIsInstance(status["uptime_ms"], int)
        self.assertIsInstance(status["keys"], int)

    def test_log_lines_as_json_are_documented_events(self):
        daemon = self.start("--log-format", "json")
        eventually("a log line", lambda: daemon.log.stat().st_size > 0)
        daemon.end(signal.SIGTERM)
        lines = [json.loads(line) for line in daemon.log.read_text().splitlines()]
        self.assertEqual([line["event"] for line in lines if line["event"] != "rocksdb"], ["node_started", "node_stopped"])
        self.assertLessEqual({line["event"] for line in lines}, table_names("Logs", r"`(\w+)`"))
        self.assertLessEqual({"ts", "level", "event"}, set(lines[0]))
