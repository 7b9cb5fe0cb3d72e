"""What was acknowledged is there after the node went away, in order or not."""

import json
import signal
import subprocess

from programs import PATIENCE, DaemonTest, eventually

# Enough that the import does not end between its first lines and the kill.
LINES = 200000


class CrashTest(DaemonTest):
    def setUp(self):
        super().setUp()
        self.daemon = self.start("--log-level", "warn")
        self.latium(self.daemon, "tenant", "create", "t")

    def test_sigterm_under_load_stops_in_order_and_loses_nothing(self):
        log = self.directory / "acked"
        load = self.start_load(self.daemon, log)
        # In order also means in time: latiumd itself ends with status 3 when a stop takes more than five seconds.
        self.assertEqual(self.daemon.end(signal.SIGTERM), (0, ""))
        self.finish_load(load)
        self.daemon.start()
        self.assert_nothing_lost(self.daemon, log)

    def test_sigkill_in_the_middle_of_synced_writes_loses_nothing(self):
        for round_number in range(3):
            with self.subTest(round=round_number):
                log = self.directory / f"acked{round_number}"
                load = self.start_load(self.daemon, log)
                self.daemon.end(signal.SIGKILL)
                self.finish_load(load)
                self.daemon.start()
                self.assert_nothing_lost(self.daemon, log)

    def test_import_goes_on_after_the_node_was_killed(self):
        rows = {f"row{i:06}": f"value {i} " for i in range(LINES)}
        file = self.directory / "rows.jsonl"
        file.write_text("".join(json.dumps({"key": key, "value": value}) + "\n" for key, value in rows.items()))
        checkpoint = self.directory / "checkpoint"
        arguments = ["kv", "import", "t/rows", file, "--checkpoint", checkpoint]
        started = subprocess.Popen(self.latium_command(self.daemon, "--json", "--timeout", "2s", *arguments),
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(self.end_process, started)
        eventually("some lines imported", lambda: self.latium(self.daemon, "status")[0]["keys"] > 1000)
        self.daemon.end(signal.SIGKILL)
        out, err = started.communicate(timeout=PATIENCE)
        self.assertEqual(started.returncode, 3, err or out)

        self.daemon.start()
        [rest] = self.latium(self.daemon, *arguments, "--resume")
        self.assertLess(rest["lines"], LINES, "it did not go on, it began anew")
        exported = self.directory / "exported.jsonl"
        self.latium(self.daemon, "kv", "export", "t/rows", exported)
        lines = [json.loads(line) for line in exported.read_text().splitlines()]
        self.assertEqual(len(lines), LINES)
        self.assertEqual({line["key"]: line["value"] for line in lines}, rows)
