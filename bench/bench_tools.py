"""What the comparisons with other programs share: processes that end with the script, ports, and a cluster of latiumd."""
import contextlib
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys


def name():
    return pathlib.Path(sys.argv[0]).stem


def free_ports(count):
    with contextlib.ExitStack() as stack:
        taken = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in taken]


def output(*command):
    if not shutil.which(str(command[0])):
        sys.exit(f"{name()}: {command[0]} is missing: scripts/build release {pathlib.Path(command[0]).name}")
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{name()}: {command[0]} failed: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def cpu_seconds(processes):
    total = 0
    for process in processes:
        fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def start(stack, log, command, stdout=subprocess.DEVNULL):
    errors = stack.enter_context(open(log, "w", encoding="utf-8"))
    process = subprocess.Popen([str(part) for part in command], stdout=stdout, stderr=errors, text=True)
    stack.callback(process.wait)
    stack.callback(process.terminate)
    return process


def start_latium(stack, directory, programs, count, *arguments):
    """`count` nodes of one site, "bench": their processes and addresses. `arguments`: more for each."""
    processes, nodes = [], []
    for i in range(count):
        seed = ["--seed", nodes[0]] if nodes else ["--bootstrap"]
        process = start(stack, directory / f"latium{i}.log", [
            programs / "latiumd", "--data-dir", directory / f"latium{i}", "--site", "bench", "--listen", "127.0.0.1:0",
            "--log-level", "warn", *seed, *arguments], stdout=subprocess.PIPE)
        ready = re.match(r"ready node=\S+ listen=(\S+)", process.stdout.readline())
        if not ready:
            sys.exit(f"{name()}: latiumd did not start, see {directory / f'latium{i}.log'}")
        processes.append(process)
        nodes.append(ready.group(1))
    return processes, nodes
