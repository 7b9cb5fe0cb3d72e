"""TLS with certificates that the recipe of docs/operations.md makes."""

import signal
import subprocess

from programs import OPERATIONS, PATIENCE, DaemonTest


def recipe():
    """The commands of the page up to its calls of `issue`; the programs that it starts then are left out."""
    block = OPERATIONS.read_text().split("\n## Certificates\n")[1].split("```bash\n")[1].split("```")[0]
    commands, _, _ = block.partition("\nlatiumd ")
    return commands


class TlsTest(DaemonTest):
    def setUp(self):
        super().setUp()
        self.make("ours", "")
        self.daemon = self.start(*self.files("ours", "rennes"))

    def make(self, folder, more):
        directory = self.directory / folder
        directory.mkdir(exist_ok=True)
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", recipe() + more], cwd=directory, capture_output=True, text=True,
                              check=False, timeout=PATIENCE)
        self.assertEqual(done.returncode, 0, done.stderr)

    def files(self, folder, name, ca="ca"):
        directory = self.directory / folder
        return ["--tls-cert", directory / f"{name}.pem", "--tls-key", directory / f"{name}.key", "--tls-ca", directory / f"{ca}.pem"]

    def assert_client_refused(self, status, words, *tls):
        done = subprocess.run(self.latium_command(self.daemon, "--timeout", "5s", *tls, "status"), capture_output=True, text=True,
                              check=False, timeout=PATIENCE)
        self.assertEqual((done.returncode, done.stdout), (status, ""), done.stderr)
        self.assert_one_line(done.stderr, "latium: ", words)

    def test_works(self):
        [status] = self.latium(self.daemon, *self.files("ours", "client"), "status")
        self.assertEqual(status["node"], self.daemon.node)

    def test_client_of_another_authority_is_refused(self):
        self.make("theirs", "")
        self.assert_client_refused(1, ["certificate"], *self.files("theirs", "client"))
        # Also one that takes our word for the node's.
        directory = self.directory / "theirs"
        (directory / "ours.pem").write_bytes((self.directory / "ours" / "ca.pem").read_bytes())
        self.assert_client_refused(1, ["certificate"], *self.files("theirs", "client", "ours"))

    def test_client_without_tls_is_refused(self):
        self.assert_client_refused(3, [self.daemon.address])

    def test_expired_certificates_are_refused(self):
        self.make("ours", """
issue_expired() {
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$1.key" -subj "/CN=$1" -out "$1.csr"
  openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -sha256 -days 0 \\
    -extfile <(echo "subjectAltName=URI:$2") -out "$1.pem"
}
issue_expired old_client latium:client
issue_expired old_node latium:site:rennes
""")
        self.assert_client_refused(1, ["expired"], *self.files("ours", "old_client"))
        self.daemon.end(signal.SIGTERM)
        self.assert_refused(1, ["expired"], *self.files("ours", "old_node"))

    def test_node_of_another_site_than_its_certificate_does_not_start(self):
        self.daemon.end(signal.SIGTERM)
        self.assert_refused(1, ["rennes", "paris"], *self.files("ours", "rennes"), site="paris", data=self.directory / "other")
