"""latiumd processes: started apart from this one, found again by id and time of birth, so that no other process is ever signalled."""

import os
import pathlib
import re
import signal
import subprocess
import time

from cluster_tool.state import Failure, UNAVAILABLE, USAGE, name_of

# Bounds of what hangs, not of what is slow.
READY_SECONDS = 120
# latiumd gives requests 3 s and itself 2 s more.
END_SECONDS = 20
LOG_LINES = 10


def _proc_stat(pid):
    """State letter and start time in ticks, or None."""
    try:
        # The name in parentheses may have spaces.
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return fields[0], int(fields[19])


def state_of(node):
    """`running`, `paused`; `killed`, `stopped`, or `dead`: ended by itself; `not started`."""
    if node["pid"] is None:
        return node["ended"]
    stat = _proc_stat(node["pid"])
    if stat is None or stat[1] != node["ticks"] or stat[0] in "ZX":
        return "dead"
    return "paused" if stat[0] in "Tt" else "running"


def is_alive(node):
    return state_of(node) in ("running", "paused")


def send(node, number):
    if is_alive(node):
        os.kill(node["pid"], number)


def wait_until_ended(nodes, seconds=END_SECONDS):
    """Those that are still there after that time."""
    until = time.monotonic() + seconds
    while (left := [node for node in nodes if is_alive(node)]) and time.monotonic() < until:
        time.sleep(0.02)
    return left


def wait_until_state(node, state):
    """For what a signal does a moment later."""
    until = time.monotonic() + END_SECONDS
    while state_of(node) != state:
        if time.monotonic() > until or not is_alive(node):
            raise Failure(UNAVAILABLE, f"{name_of(node)} is {state_of(node)}, not {state}: see status")
        time.sleep(0.01)


def ended(node, how):
    node.update(pid=None, ticks=None, ended=how)


def latium(cluster, node, *arguments):
    """Runs `latium` against a node, with --json."""
    return _run(cluster, "latium", lambda program: subprocess.run(
        [program, "--json", "--node", node["address"], *arguments], capture_output=True, text=True, check=False))


def _run(cluster, name, run):
    try:
        return run(cluster.program(name))
    except OSError as error:
        raise Failure(USAGE, f"cannot run {cluster.program(name)} ({error.strerror}): build it with scripts/build release "
                             "latiumd latium_command, or give its directory to up with --bin") from None


def _command(program, cluster, node):
    first = cluster.nodes[0]
    alone = cluster.standalone or node is first
    return [program, "--data-dir", cluster.node_directory(node) / "data", "--site", node["site"],
            "--listen", node["address"], "--enable-faults", *(["--bootstrap"] if alone else ["--seed", first["address"]])]


def start(cluster, node):
    """Starts a node and waits until it serves. When it does not, nothing of it is left running."""
    directory = cluster.node_directory(node)
    directory.mkdir(exist_ok=True)
    # Between its start and the note of its number, a process must not be lost to a signal that ends this command.
    held = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT, signal.SIGHUP})
    try:
        with open(directory / "out", "wb") as out, open(directory / "log", "ab") as log:
            # A session of its own: an interrupt of this command, or the end of its terminal, is not for the nodes.
            process = _run(cluster, "latiumd", lambda program: subprocess.Popen(
                _command(program, cluster, node), stdin=subprocess.DEVNULL, stdout=out, stderr=log, start_new_session=True,
                preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_SETMASK, held)))
        stat = _proc_stat(process.pid)
        node.update(pid=process.pid, ticks=stat[1] if stat else 0, ended="dead")
        cluster.save()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)
    try:
        _wait_until_ready(node, directory, process)
    except BaseException:
        process.kill()
        process.wait()
        ended(node, "dead")
        cluster.save()
        raise


def _wait_until_ready(node, directory, process):
    until = time.monotonic() + READY_SECONDS
    while not re.search(rb"^ready [^\n]*\n", (directory / "out").read_bytes(), re.MULTILINE):
        status = process.poll()
        if status is None and time.monotonic() < until:
            time.sleep(0.02)
            continue
        why = f"not ready within {READY_SECONDS} s" if status is None else f"exit status {status}"
        raise Failure(UNAVAILABLE, f"{name_of(node)} did not start: {why}; the end of its log, {directory / 'log'}:"
                                   + _log_tail(directory / "log"))


def _log_tail(log):
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_LINES:]
    return "".join(f"\n    {line}" for line in lines) or "\n    (empty)"


def end_all(cluster):
    """In order as far as they go, then at once. The numbers of those that had to be killed."""
    nodes = [node for node in cluster.nodes if is_alive(node)]
    for node in nodes:
        send(node, signal.SIGTERM)
        send(node, signal.SIGCONT)  # a paused one hears nothing before
    stubborn = wait_until_ended(nodes)
    for node in stubborn:
        send(node, signal.SIGKILL)
    left = wait_until_ended(stubborn)
    for node in nodes:
        if node not in left:
            ended(node, "stopped")
    cluster.save()
    if left:
        raise Failure(UNAVAILABLE, f"{name_of(left[0])} does not end, process {left[0]['pid']}: is its disk hanging?")
    return [node["number"] for node in stubborn]
