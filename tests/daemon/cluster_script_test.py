"""scripts/cluster with real processes: what it starts, breaks, heals and ends, and that it leaves nothing running."""

import json
import os
import signal
import socket
import subprocess
import unittest

from clusters import SCRIPT, ClusterTest, processes_of
from programs import PATIENCE, PROGRAMS, eventually

from cluster_tool import faults  # noqa: E402
from cluster_tool.state import Cluster  # noqa: E402


class OneNodeTest(ClusterTest):
    def setUp(self):
        super().setUp()
        self.out = self.up("1")

    def test_up_says_what_there_is_and_how_to_use_it(self):
        for words in ("rennes", f"127.0.0.1:{self.port}", "serving", f"latium --node 127.0.0.1:{self.port} status"):
            self.assertIn(words, self.out)
        node = self.node()
        self.assertEqual((node["process"], node["state"], node["site"]), ("running", "serving", "rennes"))
        self.assertEqual([node["pid"]], processes_of(self.directory))
        self.assertIn(str(node["pid"]), self.cluster("status"))

    def test_a_killed_node_comes_back_with_its_data(self):
        self.latium("tenant", "create", "t")
        self.latium("kv", "put", "t/b", "k", "v")
        before = self.node()
        self.cluster("kill", 1)
        self.assertEqual(processes_of(self.directory), [])
        self.assertEqual(self.node()["process"], "killed")
        self.latium("status", status=3)
        self.cluster("start", 1)
        after = self.node()
        self.assertEqual(after["node"], before["node"])
        self.assertNotEqual(after["pid"], before["pid"])
        self.assertEqual(self.latium("kv", "get", "t/b", "k"), "v\n")

    def test_stop_is_in_order_even_of_a_paused_node(self):
        self.cluster("pause", 1)
        self.cluster("stop", 1)
        self.assertEqual(self.node()["process"], "stopped")
        self.assertIn("node_stopped", (self.directory / "node-1" / "log").read_text())

    def test_a_paused_node_is_silent_until_it_is_resumed(self):
        self.cluster("pause", 1)
        node = self.node()
        self.assertEqual((node["process"], node["state"]), ("paused", None))
        self.latium("--timeout", "200ms", "status", status=3)
        self.cluster("resume", 1)
        self.assertEqual(self.node()["state"], "serving")

    def test_a_node_that_ended_by_itself_is_told_and_started_again(self):
        os.kill(self.node()["pid"], signal.SIGKILL)
        self.assertEqual(self.node()["process"], "dead")
        self.cluster("start", 1)
        self.assertEqual(self.node()["state"], "serving")

    def test_faults_are_kept_and_lifted(self):
        self.assertIn("rennes is cut off", self.cluster("cut", "rennes"))
        self.assertIn("rennes - rennes 20 ms", self.cluster("delay", "rennes", "rennes", 20))
        self.cluster("kill", 1)
        self.cluster("start", 1)
        status = self.status()
        self.assertEqual((status["cuts"], status["delays"]), (["rennes"], [{"sites": ["rennes", "rennes"], "one_way_ms": 20}]))
        self.assertEqual(status["nodes"][0]["state"], "serving", "clients are not cut")
        self.assertIn("20 ms", self.cluster("heal"))
        self.cluster("delay", "rennes", "rennes", 0)
        self.assertEqual((self.status()["cuts"], self.status()["delays"]), ([], []))
        self.cluster("delay", "rennes", "rennes", 5)
        self.assertEqual(self.cluster("heal", "--all"), "faults: none\n")

    def test_down_ends_paused_nodes_too_and_up_goes_on(self):
        self.latium("tenant", "create", "t")
        self.cluster("pause", 1)
        self.cluster("down")
        self.assertEqual(processes_of(self.directory), [])
        self.cluster("up")
        self.latium("tenant", "describe", "t")
        self.cluster("down")
        self.up("1", "--fresh")
        self.latium("tenant", "describe", "t", status=1)

    def test_purge_removes_the_directory(self):
        self.cluster("down", "--purge")
        self.assertFalse(self.directory.exists())
        self.assertEqual(processes_of(self.directory), [])
        self.cluster("down", "--purge")

    def test_what_cannot_be_is_refused_with_the_remedy(self):
        self.assert_refused(1, ["runs in", "down"], "up")
        self.assert_refused(2, ["no node 2", "1 to 1"], "kill", 2)
        self.assert_refused(2, ["no node 2", "1 to 1"], "start", 2)
        self.assert_refused(1, ["node 1", "running"], "start", 1)
        self.assert_refused(1, ["node 1", "running", "paused"], "resume", 1)
        self.assert_refused(2, ["'mars'", "rennes"], "cut", "mars")
        self.assert_refused(2, ["'mars'", "rennes"], "delay", "rennes", "mars", 1)
        self.assert_refused(2, ["'60001'", "60000"], "delay", "rennes", "rennes", 60001)
        self.assert_refused(2, ["--help"], "explode")
        self.cluster("kill", 1)
        self.assert_refused(1, ["node 1", "killed", "start 1"], "kill", 1)
        self.assert_refused(1, ["node 1", "killed", "start 1"], "pause", 1)
        self.assert_refused(1, ["keeps", "--fresh"], "up", "--nodes", "2")
        self.assertEqual(self.node()["process"], "killed")


class RulesTest(unittest.TestCase):
    """What each node of three sites is told."""

    def setUp(self):
        nodes = [{"number": i + 1, "site": site, "address": f"h:{i + 1}"} for i, site in enumerate(["a", "a", "b", "c"])]
        self.cluster = Cluster(None, {"nodes": nodes, "cuts": [], "delays": []})

    def rules(self, number):
        return faults.rules_of(self.cluster, self.cluster.nodes[number - 1])

    def test_none_when_nothing_is_wrong(self):
        self.assertEqual([self.rules(number) for number in range(1, 5)], [[]] * 4)

    def test_a_cut_is_said_on_both_sides_of_it_and_not_inside_the_site(self):
        self.cluster.cuts.append("a")
        self.assertEqual(self.rules(1), [{"site": "b", "address": ["h:3"], "cut": True},
                                         {"site": "c", "address": ["h:4"], "cut": True}])
        self.assertEqual(self.rules(3), [{"site": "a", "address": ["h:1", "h:2"], "cut": True}])

    def test_two_sites_that_are_cut_off_do_not_hear_each_other(self):
        self.cluster.cuts.extend(["a", "b"])
        self.assertEqual([rule["site"] for rule in self.rules(3)], ["a", "c"])

    def test_a_delay_is_said_on_both_sides_and_replaced(self):
        faults.set_delay(self.cluster, "a", "b", 20)
        faults.set_delay(self.cluster, "b", "a", 30)
        self.assertEqual(self.rules(1), [{"site": "b", "address": ["h:3"], "delay_ms": 30}])
        self.assertEqual(self.rules(3), [{"site": "a", "address": ["h:1", "h:2"], "delay_ms": 30}])
        self.assertEqual(self.rules(4), [])
        faults.set_delay(self.cluster, "a", "b", 0)
        self.assertEqual(self.rules(1), [])

    def test_a_delay_inside_a_site_is_not_of_the_node_itself(self):
        faults.set_delay(self.cluster, "a", "a", 5)
        self.assertEqual(self.rules(1), [{"site": "a", "address": ["h:2"], "delay_ms": 5}])


class RefusedUpTest(ClusterTest):
    def test_a_wrong_layout(self):
        self.assert_refused(2, ["2,2", "3"], "up", "--sites", 3, "--nodes", "2,2")
        self.assert_refused(2, ["'2,x'"], "up", "--nodes", "2,x")
        self.assert_refused(2, ["65535", "--base-port"], "up", "--base-port", 65535)

    def test_no_programs(self):
        self.assert_refused(2, ["latiumd", "scripts/build", "--bin"], "up", "--bin", self.directory)

    def test_a_directory_with_something_else(self):
        self.directory.mkdir()
        (self.directory / "thesis.tex").write_text("mine")
        self.assert_refused(1, ["--dir"], "up", "--fresh")
        self.assertTrue((self.directory / "thesis.tex").exists())

    def test_no_cluster(self):
        for command in (["status"], ["kill", 1], ["cut", "rennes"]):
            self.assert_refused(1, ["no cluster", "up"], *command)

    def test_an_up_that_is_ended_leaves_nothing_running(self):
        with subprocess.Popen([SCRIPT, "up", "--dir", self.directory, "--bin", PROGRAMS, "--base-port", str(self.port), "--nodes",
                               "5", "--standalone"], stdout=subprocess.DEVNULL) as up:
            eventually("the first node", lambda: (self.directory / "node-1").exists())
            up.terminate()
            self.assertEqual(up.wait(PATIENCE), 128 + signal.SIGTERM)
        self.assertEqual(processes_of(self.directory), [])

    def test_a_node_that_does_not_start_takes_the_others_with_it(self):
        taken = socket.create_server(("127.0.0.1", self.port + 1))
        self.addCleanup(taken.close)
        text = self.up("2", "--standalone", status=3)
        for words in ("node 2", "rennes", str(self.port + 1), "in use", "log"):
            self.assertIn(words, text)
        self.assertEqual(processes_of(self.directory), [])


class SeparateNodesTest(ClusterTest):
    """Three nodes that do not know each other: what the script does to several at once."""

    def test_cuts_and_heals_reach_those_that_run(self):
        self.up("1,1,1", "--standalone")
        self.assertEqual([node["site"] for node in self.status()["nodes"]], ["rennes", "paris", "lyon"])
        self.cluster("cut", "lyon")
        self.cluster("kill", 1, 2)
        self.assertEqual([node["process"] for node in self.status()["nodes"]], ["killed", "killed", "running"])
        self.cluster("start", 2)
        self.cluster("pause", 2, 3)
        self.cluster("heal")
        self.cluster("resume", 3)
        self.assertEqual([node["process"] for node in self.status()["nodes"]], ["killed", "paused", "running"])
        self.cluster("down")
        self.assertEqual(processes_of(self.directory), [])


class FiveNodesTest(ClusterTest):
    def setUp(self):
        super().setUp()
        done = self.try_cluster("up", "--bin", PROGRAMS, "--base-port", self.port)
        if done.returncode == 3 and "through seeds is not part of this version" in done.stderr:
            self.skipTest("this latiumd does not join clusters through seeds yet")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_three_sites_come_up_break_and_heal(self):
        nodes = self.status()["nodes"]
        self.assertEqual([node["site"] for node in nodes], ["rennes", "rennes", "paris", "paris", "lyon"])
        self.assertEqual([node["state"] for node in nodes], ["serving"] * 5)
        self.assertEqual(len({node["node"] for node in nodes}), 5)
        clusters = {json.loads(self.latium("--json", "status", number=number))["cluster"] for number in range(1, 6)}
        self.assertEqual(len(clusters), 1)

        self.cluster("cut", "lyon")
        self.cluster("delay", "rennes", "paris", 10)
        self.cluster("kill", 5)
        self.cluster("start", 5)
        self.cluster("pause", 3)
        self.cluster("heal", "--all")
        self.cluster("resume", 3)
        self.assertEqual({node["process"] for node in self.status()["nodes"]}, {"running"})
        self.cluster("down", "--purge")
        self.assertEqual(processes_of(self.directory), [])


if __name__ == "__main__":
    unittest.main()
