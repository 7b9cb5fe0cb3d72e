"""What a cluster is, kept in DIR/cluster.json: its nodes with their processes, and the faults that are on."""

import contextlib
import fcntl
import json
import os
import pathlib

REFUSED, USAGE, UNAVAILABLE = 1, 2, 3


class Failure(Exception):
    """One line for people, and the exit status: as of `latium`, 1 refused, 2 wrong usage, 3 unavailable."""

    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


class Cluster:
    """`nodes`: number (from 1), site, address, and of the last process pid, ticks (when it began) and ended (what ended it).
    `cuts`: sites. `delays`: [site, site, milliseconds one way]."""

    def __init__(self, directory, data):
        self.directory, self.data = directory, data

    def __getattr__(self, name):
        try:
            return self.data[name]
        except KeyError:
            raise AttributeError(name) from None

    @classmethod
    def load(cls, directory):
        """None when there is no cluster."""
        file = directory / "cluster.json"
        if not file.exists():
            return None
        try:
            data = json.loads(file.read_text(encoding="utf-8"))
            data["nodes"], data["cuts"], data["delays"]
        except (OSError, ValueError, KeyError, TypeError):
            raise Failure(UNAVAILABLE, f"{file} cannot be read: end its latiumd processes and remove {directory}") from None
        return cls(directory, data)

    def save(self):
        # Renamed into place: a command that is killed must not lose track of processes.
        draft = self.directory / "cluster.json.new"
        draft.write_text(json.dumps(self.data, indent=1) + "\n", encoding="utf-8")
        draft.rename(self.directory / "cluster.json")

    @property
    def sites(self):
        return list(dict.fromkeys(node["site"] for node in self.nodes))

    def node(self, number):
        if not 1 <= number <= len(self.nodes):
            raise Failure(USAGE, f"there is no node {number}: this cluster has nodes 1 to {len(self.nodes)}")
        return self.nodes[number - 1]

    def check_site(self, site):
        if site not in self.sites:
            raise Failure(USAGE, f"there is no site '{site}': this cluster has {', '.join(self.sites)}")

    def node_directory(self, node):
        return self.directory / f"node-{node['number']}"

    def program(self, name):
        return pathlib.Path(self.bin) / name


def name_of(node):
    return f"node {node['number']} ({node['site']}, {node['address']})"


def own_directory(directory, make=False):
    """Refuses what somebody else has put there: the usual place is in /tmp, where anyone may."""
    try:
        if make:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        owner = directory.stat().st_uid
    except FileNotFoundError:
        return False
    except OSError as error:
        raise Failure(UNAVAILABLE, f"{directory} cannot be used ({error.strerror}): give another with --dir") from None
    if not directory.is_dir() or owner != os.getuid():
        raise Failure(REFUSED, f"{directory} is not a directory of yours: give another with --dir")
    return True


@contextlib.contextmanager
def locked(directory):
    """One command at a time changes a cluster."""
    with open(directory / "lock", "w", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Failure(REFUSED, f"another command is changing the cluster in {directory}: wait for its end") from None
        yield
