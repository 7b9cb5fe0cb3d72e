"""latiumd and latium as processes, for the tests beside this file: LATIUM_PROGRAMS is the directory they are in."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
OPERATIONS = ROOT / "docs" / "operations.md"
PROGRAMS = pathlib.Path(os.environ.get("LATIUM_PROGRAMS", ROOT / "build" / "release" / "bin"))
READY = re.compile(r"ready node=([0-9a-f]{16}) listen=(\S+:[1-9]\d*)\n")
# Bounds of what hangs, not of what is slow: sanitizers and a busy machine stay far below.
PATIENCE = 60


def eventually(what, condition):
    """The first true value of `condition`, asked until then: for what another process does in its own time."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if value := condition():
            return value
        time.sleep(0.02)
    raise AssertionError(f"{what}: not within {PATIENCE} s")


class Daemon:
    """A latiumd that serves, from `start` to `end`. Its log is in `log`."""

    def __init__(self, command, log):
        self.command, self.log = command, log
        self.start()

    def start(self):
        with open(self.log, "a", encoding="utf-8") as log:
            self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=log, text=True)
        line = self.process.stdout.readline()
        ready = READY.fullmatch(line)
        if not ready:
            self.end(signal.SIGKILL)
            raise AssertionError(f"latiumd did not start: {line!r}, {self.log.read_text()}")
        self.node, self.address = ready.groups()

    def end(self, signal_number):
        """Sends it and waits; the exit status, and what was on stdout after the ready line."""
        if self.process.stdout.closed:
            return self.process.returncode, ""
        self.process.send_signal(signal_number)
        try:
            rest, _ = self.process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            raise
        return self.process.returncode, rest


class DaemonTest(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="latium-daemon-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)

    def latiumd_command(self, *arguments, data=None, site="rennes", listen="127.0.0.1:0", bootstrap=True):
        return [PROGRAMS / "latiumd", "--data-dir", data or self.directory / "data", *(["--site", site] if site else []),
                *(["--listen", listen] if listen else []), *(["--bootstrap"] if bootstrap else []), *map(str, arguments)]

    def start(self, *arguments, **options):
        daemon = Daemon(self.latiumd_command(*arguments, **options), self.directory / "log")
        self.addCleanup(daemon.end, signal.SIGKILL)
        return daemon

    def assert_refused(self, status, words, *arguments, **options):
        """latiumd ends with `status` and one line on stderr, which has all of `words`."""
        done = subprocess.run(self.latiumd_command(*arguments, **options), capture_output=True, text=True, check=False,
                              timeout=PATIENCE)
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertEqual(done.stdout, "")
        self.assert_one_line(done.stderr, "latiumd: ", words)

    def assert_one_line(self, text, start, words):
        self.assertRegex(text, r"\A[^\n]+\n\Z", "not one line")
        self.assertTrue(text.startswith(start), text)
        for word in words:
            self.assertIn(word, text)

    def latium_command(self, daemon, *arguments):
        return [PROGRAMS / "latium", "--node", daemon.address, *map(str, arguments)]

    def latium(self, daemon, *arguments, status=0):
        """Runs it with --json; the objects that it printed (`status` 0), else its error."""
        done = self.try_latium(daemon, *arguments)
        self.assertEqual(done.returncode, status, done.stderr or done.stdout)
        lines = [json.loads(line) for line in (done.stdout if status == 0 else done.stderr).splitlines()]
        return lines if status == 0 else lines[-1]

    def try_latium(self, daemon, *arguments):
        return subprocess.run(self.latium_command(daemon, "--json", *arguments), capture_output=True, text=True, check=False,
                              timeout=PATIENCE)

    def start_load(self, daemon, log):
        """Synced writes to t/load until the node goes away; what is acknowledged is in `log`. Returns once some are."""
        load = subprocess.Popen(
            self.latium_command(daemon, "--json", "--timeout", "3s", "bench", "kv", "t/load", "--clients", 4, "--pipeline", 8,
                                "--reads", 0, "--keys", 20000, "--duration", "60s", "--acked-log", log, "--until-unavailable"),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(self.end_process, load)
        before = log.stat().st_size if log.exists() else 0
        eventually("acknowledged writes", lambda: log.exists() and log.stat().st_size > before + 20000)
        return load

    def finish_load(self, load):
        out, err = load.communicate(timeout=PATIENCE)
        self.assertEqual(load.returncode, 0, err or out)

    @staticmethod
    def end_process(process):
        process.kill()
        process.communicate()

    def assert_nothing_lost(self, daemon, log):
        [check] = self.latium(daemon, "bench", "check", "t/load", "--acked-log", log)
        self.assertGreater(check["acknowledged"], 0)
        self.assertEqual((check["missing"], check["stale"]), (0, 0))
