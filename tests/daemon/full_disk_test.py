"""A disk that fills up: reads and deletes go on, and writes come back by themselves once there is room."""

import os
import signal
import subprocess
import unittest

from programs import DaemonTest, eventually

VALUE_BYTES = 1 << 20
DISK_BYTES = 64 << 20


class FullDiskTest(DaemonTest):
    def setUp(self):
        super().setUp()
        self.disk = self.directory / "disk"
        self.disk.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", self.disk], capture_output=True,
                                 text=True, check=False)
        if mounted.returncode != 0:
            raise unittest.SkipTest(f"a small disk cannot be mounted: {mounted.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", "--lazy", self.disk], check=True)
        self.value = self.directory / "value"

    def start_on_disk(self, write_buffer):
        """The larger the buffer, the more room is left when puts are refused: 8 MiB, enough for what RocksDB does by itself."""
        self.daemon = self.start("--log-level", "warn", "--write-buffer-bytes", write_buffer, data=self.disk / "data")

    def put(self, key):
        self.value.write_bytes(os.urandom(VALUE_BYTES))
        return self.try_latium(self.daemon, "kv", "put", "t/b", key, f"@{self.value}", "--durability", "buffered")

    def fill(self):
        """Puts until one is refused; the keys that were taken."""
        self.latium(self.daemon, "tenant", "create", "t")
        keys = []
        for number in range(2 * DISK_BYTES // VALUE_BYTES):
            done = self.put(f"k{number:04}")
            if done.returncode != 0:
                self.assertEqual(done.returncode, 3, done.stderr)
                self.assertIn('"code":"read_only"', done.stderr)
                self.assertIn('"certainty":"not_applied"', done.stderr)
                return keys
            keys.append(f"k{number:04}")
        raise AssertionError("the disk did not fill up")

    def assert_read_only(self):
        [status] = self.latium(self.daemon, "status")
        self.assertEqual(status["state"], "read_only")
        self.assertIn("full", status["state_reason"])

    def assert_serves_again(self):
        eventually("serving again", lambda: self.latium(self.daemon, "status")[0]["state"] == "serving")
        self.assertRegex(self.daemon.log.read_text(), "store_disk_full|store_background_error")

    def test_deletes_are_taken_and_bring_writes_back(self):
        self.start_on_disk("8MiB")
        keys = self.fill()
        self.assert_read_only()
        self.latium(self.daemon, "kv", "get", "t/b", keys[0])
        for key in keys[1:]:
            self.latium(self.daemon, "kv", "delete", "t/b", key, "--durability", "buffered")
        self.assert_serves_again()
        self.assertEqual(self.put("again").returncode, 0)
        self.latium(self.daemon, "kv", "get", "t/b", keys[0])
        self.assertEqual(self.daemon.end(signal.SIGTERM), (0, ""))

    def test_dropping_the_tenant_brings_writes_back(self):
        self.start_on_disk("8MiB")
        self.fill()
        self.assert_read_only()
        self.latium(self.daemon, "tenant", "drop", "t")
        self.assert_serves_again()
        self.latium(self.daemon, "tenant", "create", "t")
        self.assertEqual(self.put("again").returncode, 0)

    def test_a_node_killed_while_the_disk_is_full_starts_again(self):
        # Its logs need room to be recovered: that, too, is what the reserve is for.
        self.start_on_disk("1MiB")
        keys = self.fill()
        self.assert_read_only()
        self.daemon.end(signal.SIGKILL)
        self.daemon.start()
        for key in (keys[0], keys[-1]):
            self.latium(self.daemon, "kv", "get", "t/b", key)
