"""Nodes that hang and come back, and nodes that are told to stop while they join, as processes."""

import signal
import socket
import subprocess

from programs import PATIENCE, DaemonTest, Daemon, eventually


class LivenessTest(DaemonTest):
    def start_cluster(self, count):
        nodes = [self.start(data=self.directory / "data-0")]
        for number in range(1, count):
            command = self.latiumd_command("--seed", nodes[0].address, data=self.directory / f"data-{number}", bootstrap=False)
            nodes.append(Daemon(command, self.directory / f"log-{number}"))
            self.addCleanup(nodes[-1].end, signal.SIGKILL)
        return nodes

    def liveness(self, asked, node):
        """What the one says of the other, in topology; status has to agree."""
        [topology] = self.latium(asked, "topology")
        states = {each["id"]: each["liveness"] for site in topology["sites"] for each in site["nodes"]}
        return states.get(node.node)

    def test_a_paused_node_is_known_to_be_down_and_holds_nobody_up(self):
        nodes = self.start_cluster(3)
        for asked in nodes:
            eventually("all up", lambda: all(self.liveness(asked, node) == "up" for node in nodes))
        self.latium(nodes[0], "tenant", "create", "t", "--placement", "rennes:3")
        [ring] = self.latium(nodes[0], "ring", "show", "t", "--key", "l")
        first = ring["replicas"][0]["id"]
        [victim] = [node for node in nodes if node.node == first]
        others = [node for node in nodes if node is not victim]
        victim.process.send_signal(signal.SIGSTOP)
        self.addCleanup(victim.process.send_signal, signal.SIGCONT)
        # Nobody has noticed yet: the command's own timeout is the bound.
        [lock] = self.latium(others[0], "--timeout", "10s", "lock", "acquire", "t", "l", "--owner", "me", "--ttl", "60s")
        self.assertEqual(lock["token"], 1)
        for asked in others:
            eventually("down", lambda: self.liveness(asked, victim) == "down")
            [status] = self.latium(asked, "status")
            self.assertEqual((status["members"]["up"], status["members"]["down"]), (2, 1))
            self.assertEqual([node["id"] for node in status["members"]["not_up"]], [victim.node])
        text = subprocess.run(self.latium_command(others[0], "status"), capture_output=True, text=True, check=True,
                              timeout=PATIENCE).stdout
        self.assertRegex(text, rf"(?m)^members +2 up, 1 down: {victim.address} \(rennes\) down$")
        victim.process.send_signal(signal.SIGCONT)
        for asked in nodes:
            eventually("up again", lambda: all(self.liveness(asked, node) == "up" for node in nodes))


class JoiningTest(DaemonTest):
    def test_a_node_that_joins_ends_when_it_is_told_to(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            seed = f"127.0.0.1:{silent.getsockname()[1]}"
            for number in (signal.SIGTERM, signal.SIGINT):
                process = subprocess.Popen(self.latiumd_command("--seed", seed, bootstrap=False), stdout=subprocess.PIPE,
                                           stderr=subprocess.PIPE, text=True)
                self.addCleanup(self.end_process, process)
                silent.accept()[0].close()  # it asks to be taken in
                process.send_signal(number)
                # A join that nobody answers takes 60 s.
                out, err = process.communicate(timeout=PATIENCE / 3)
                self.assertEqual((process.returncode, out), (0, ""))
                self.assertIn("latiumd: told to stop before it was ready\n", err)
