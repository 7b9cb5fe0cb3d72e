"""How latiumd starts, and each way in which it refuses to: the exit status and one line that says what to do."""

import signal
import socket
import subprocess

from programs import PATIENCE, PROGRAMS, DaemonTest


class StartTest(DaemonTest):
    def test_says_ready_and_nothing_more_on_stdout(self):
        # The form of the line is checked by every start.
        daemon = self.start()
        [status] = self.latium(daemon, "status")
        self.assertEqual((status["node"], status["listen"]), (daemon.node, daemon.address))
        self.assertEqual(daemon.end(signal.SIGTERM), (0, ""))

    def test_sigint_stops_in_order_too(self):
        self.assertEqual(self.start().end(signal.SIGINT), (0, ""))

    def test_the_same_directory_is_the_same_node_whether_or_not_it_says_bootstrap(self):
        first = self.start()
        first.end(signal.SIGTERM)
        again = self.start(bootstrap=False)
        self.assertEqual(again.node, first.node)

    def test_command_line_wins_over_the_file(self):
        config = self.directory / "node.toml"
        config.write_text('site = "paris"\nrack = "r7"\nlisten = "127.0.0.1:1"\n')
        [status] = self.latium(self.start("--config", config), "status")
        self.assertEqual((status["site"], status["rack"]), ("rennes", "r7"))

    def test_faults_are_taken_by_those_who_ask_for_them_and_that_is_logged(self):
        rules = '[{"site":"paris","cut":true}]'
        daemon = self.start()
        self.assertIn("--enable-faults", self.latium(daemon, "faults", "--rules", rules, status=1)["error"])
        daemon.end(signal.SIGTERM)
        daemon = self.start("--enable-faults")
        self.assertEqual(self.latium(daemon, "faults", "--rules", rules), [{"rules": 1}])
        self.assertIn("faults_enabled", daemon.log.read_text())


class RefusedOptionTest(DaemonTest):
    def refuse_config(self, text, words):
        config = self.directory / "node.toml"
        config.write_text(text)
        self.assert_refused(2, [f"{config}:2", *words], "--config", config)

    def test_no_site(self):
        self.assert_refused(2, ["site"], site=None)

    def test_unknown_option(self):
        self.assert_refused(2, ["--colour", "--help"], "--colour")

    def test_unknown_role(self):
        self.assert_refused(2, ["role", "'king'", "storage", "client"], "--role", "king")

    def test_file_with_an_unknown_key(self):
        self.refuse_config('rack = "r1"\ncolour = 1\n', ["'colour'"])

    def test_file_with_a_wrong_type(self):
        self.refuse_config('rack = "r1"\nblocking_threads = "many"\n', ["blocking_threads", "whole number"])

    def test_file_that_is_no_toml(self):
        self.refuse_config('rack = "r1"\nsite = = 2\n', [])

    def test_file_that_is_a_directory(self):
        self.assert_refused(2, [str(self.directory), "directory"], "--config", self.directory)

    def test_file_that_is_missing(self):
        self.assert_refused(2, ["none.toml"], "--config", self.directory / "none.toml")

    def test_address_that_others_reach_without_tls(self):
        self.assert_refused(2, ["0.0.0.0:0", "tls_cert", "plaintext"], listen="0.0.0.0:0")

    def test_faults_on_an_address_that_others_reach_without_tls(self):
        self.assert_refused(2, ["enable_faults", "0.0.0.0:0", "tls_cert"], "--plaintext", "--enable-faults", listen="0.0.0.0:0")

    def test_new_directory_without_bootstrap(self):
        self.assert_refused(2, ["bootstrap"], bootstrap=False)
        self.assertFalse((self.directory / "data" / "db").exists(), "a refused start leaves nothing behind")


class RefusedDirectoryTest(DaemonTest):
    def test_held_by_another_process(self):
        daemon = self.start()
        self.assert_refused(1, ["in use"])
        self.latium(daemon, "status")

    def test_of_another_cluster(self):
        daemon = self.start("--cluster-id", "00000000000000aa")
        daemon.end(signal.SIGTERM)
        self.assert_refused(1, ["00000000000000aa", "00000000000000bb"], "--cluster-id", "00000000000000bb")

    def test_of_another_site(self):
        self.start().end(signal.SIGTERM)
        self.assert_refused(2, ["'rennes'", "'paris'"], site="paris")

    def test_of_a_newer_disk_format(self):
        first = self.start()
        self.latium(first, "tenant", "create", "t")
        first.end(signal.SIGTERM)
        self.set_format(4096)
        self.assert_refused(1, [str(self.directory / "data"), "format 4096", "newer software"])
        self.assert_refused(1, ["format 4096"], bootstrap=False)
        # Nothing was changed: it still says so, and once it is of this format again all is there.
        self.set_format(1)
        again = self.start()
        self.assertEqual(again.node, first.node)
        self.assertEqual(self.latium(again, "status")[0]["tenants"], 1)

    def set_format(self, version):
        subprocess.run([PROGRAMS / "set_format", self.directory / "data", str(version)], check=True, timeout=PATIENCE)

    def test_that_cannot_be_made(self):
        self.assert_refused(3, ["/proc/latium"], data="/proc/latium")


class RefusedAddressTest(DaemonTest):
    def setUp(self):
        super().setUp()
        taken = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(taken.close)
        self.taken = "127.0.0.1:%d" % taken.getsockname()[1]

    def test_listen_in_use(self):
        self.assert_refused(3, [self.taken, "in use"], listen=self.taken)

    def test_metrics_in_use(self):
        self.assert_refused(3, [self.taken, "--metrics"], "--metrics", self.taken)


class ClientTest(DaemonTest):
    def test_no_node(self):
        daemon = self.start()
        daemon.end(signal.SIGTERM)
        error = self.latium(daemon, "status", status=3)
        self.assertEqual((error["code"], error["certainty"]), ("unavailable", "not_applied"))

    def test_statuses_of_refusals(self):
        daemon = self.start()
        self.assertEqual(self.latium(daemon, "kv", "put", "none/b", "k", "v", status=1)["certainty"], "not_applied")
        self.latium(daemon, "tenant", "create", "t")
        self.latium(daemon, "tenant", "create", "t", status=1)
        self.latium(daemon, "kv", "get", "t/b", "none", status=1)
        self.latium(daemon, "kv", "put", "no-slash", "k", "v", status=2)
