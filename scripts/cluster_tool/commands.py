"""The commands. Each takes the parsed options and returns the exit status."""

import pathlib
import shutil
import signal

from cluster_tool import faults, processes, show
from cluster_tool.state import Cluster, Failure, REFUSED, UNAVAILABLE, USAGE, locked, name_of, own_directory

SITES = ("rennes", "paris", "lyon", "nantes", "lille", "brest", "nice", "toulouse", "bordeaux", "strasbourg")
DEFAULT_PORT = 7400
DEFAULT_PROGRAMS = pathlib.Path(__file__).resolve().parents[2] / "build" / "release" / "bin"


def _layout(options, before):
    """Nodes a site and the first port: as asked for, else as `before`, else the usual ones."""
    counts, sites = options.nodes, options.sites
    if counts is None and before and sites in (None, len(before.counts)):
        counts = before.counts
    elif counts is None:
        counts = [2] * ((sites or 3) - 1) + [1]
    elif len(counts) == 1 and sites:
        counts = counts * sites
    if sites and len(counts) != sites:
        raise Failure(USAGE, f"--nodes {','.join(map(str, counts))} is for {len(counts)} sites and --sites says {sites}: "
                             "give one number for each site, or one for all")
    if len(counts) > len(SITES):
        raise Failure(USAGE, f"{len(counts)} sites are too many: at most {len(SITES)}")
    port = options.base_port or (before.base_port if before else DEFAULT_PORT)
    if port + sum(counts) > 65536:
        raise Failure(USAGE, f"--base-port {port} leaves no ports for {sum(counts)} nodes: give a smaller one")
    return counts, port


def _new_cluster(options, counts, port):
    sites = [site for site, count in zip(SITES, counts) for _ in range(count)]
    nodes = [{"number": i + 1, "site": site, "address": f"127.0.0.1:{port + i}", "pid": None, "ticks": None,
              "ended": "not started"} for i, site in enumerate(sites)]
    return Cluster(options.dir, {"bin": str(options.bin or DEFAULT_PROGRAMS), "counts": counts, "base_port": port, "standalone": options.standalone,
                                 "nodes": nodes, "cuts": [], "delays": []})


def _cluster_to_start(options):
    before = Cluster.load(options.dir)
    if before and any(map(processes.is_alive, before.nodes)):
        raise Failure(REFUSED, f"a cluster runs in {options.dir}: see status, or end it with down")
    if not before and any(entry.name != "lock" for entry in options.dir.iterdir()):
        raise Failure(REFUSED, f"{options.dir} has files that are not of a cluster: give an empty or new directory with --dir")
    counts, port = _layout(options, None if options.fresh else before)
    if before and options.fresh:
        _remove_contents(options.dir)
    elif before:
        if (counts, port) != (before.counts, before.base_port):
            kept = ",".join(map(str, before.counts))
            raise Failure(REFUSED, f"{options.dir} keeps a cluster of --nodes {kept} --base-port {before.base_port}: leave "
                                   "these options out to start it again, or say --fresh to begin anew")
        before.data["bin"] = str(options.bin or before.bin)
        return before
    return _new_cluster(options, counts, port)


def _remove_contents(directory):
    for entry in directory.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry)
        elif entry.name != "lock":
            entry.unlink()


def up(options):
    own_directory(options.dir, make=True)
    with locked(options.dir):
        cluster = _cluster_to_start(options)
        try:
            for node in cluster.nodes:
                processes.start(cluster, node)
            faults.apply(cluster, cluster.nodes)
        except BaseException:
            processes.end_all(cluster)
            raise
    show.table(cluster)
    show.how_to_use(cluster)
    return 0


def _loaded(options):
    cluster = Cluster.load(options.dir) if own_directory(options.dir) else None
    if cluster is None:
        raise Failure(REFUSED, f"there is no cluster in {options.dir}: begin one with up")
    return cluster


def status(options):
    cluster = _loaded(options)
    if options.json:
        show.as_json(cluster)
    else:
        show.table(cluster)
    return 0


def _each(options, wanted, refusal, act):
    """Checks all nodes first, so that a wrong number changes nothing."""
    _loaded(options)
    with locked(options.dir):
        cluster = _loaded(options)
        nodes = list({number: cluster.node(number) for number in options.number}.values())
        for node in nodes:
            state = processes.state_of(node)
            if state not in wanted:
                raise Failure(REFUSED, f"{name_of(node)} is {state}: {refusal(node, state)}")
        for node in nodes:
            act(cluster, node)
            cluster.save()
    return 0


def _start_first(node, _state):
    return f"start {node['number']} first"


def kill(options):
    def act(_cluster, node):
        processes.send(node, signal.SIGKILL)
        _wait(node)
        processes.ended(node, "killed")
        print(f"{name_of(node)} killed")
    return _each(options, ("running", "paused"), _start_first, act)


def stop(options):
    def act(_cluster, node):
        processes.send(node, signal.SIGTERM)
        processes.send(node, signal.SIGCONT)
        _wait(node)
        processes.ended(node, "stopped")
        print(f"{name_of(node)} stopped")
    return _each(options, ("running", "paused"), _start_first, act)


def _wait(node):
    if processes.wait_until_ended([node]):
        raise Failure(UNAVAILABLE, f"{name_of(node)} has not ended within {processes.END_SECONDS} s: kill {node['number']}")


def start(options):
    def act(cluster, node):
        processes.start(cluster, node)
        faults.apply(cluster, [node])
        print(f"{name_of(node)} started")

    def refusal(node, state):
        return f"resume {node['number']} wakes it" if state == "paused" else "kill or stop it first"
    return _each(options, ("killed", "stopped", "dead", "not started"), refusal, act)


def pause(options):
    def act(_cluster, node):
        processes.send(node, signal.SIGSTOP)
        processes.wait_until_state(node, "paused")
        print(f"{name_of(node)} paused")

    def refusal(node, state):
        return f"resume {node['number']} wakes it" if state == "paused" else _start_first(node, state)
    return _each(options, ("running",), refusal, act)


def resume(options):
    def act(cluster, node):
        processes.send(node, signal.SIGCONT)
        processes.wait_until_state(node, "running")
        # What was set while it slept.
        faults.apply(cluster, [node])
        print(f"{name_of(node)} resumed")

    def refusal(node, state):
        return "only a paused one is resumed" if state == "running" else _start_first(node, state)
    return _each(options, ("paused",), refusal, act)


def _change_faults(options, change):
    _loaded(options)
    with locked(options.dir):
        cluster = _loaded(options)
        change(cluster)
        cluster.save()
        faults.apply(cluster, cluster.nodes)
        print("faults: " + (faults.describe(cluster) or "none"))
    return 0


def cut(options):
    def change(cluster):
        cluster.check_site(options.site)
        if options.site not in cluster.cuts:
            cluster.cuts.append(options.site)
    return _change_faults(options, change)


def heal(options):
    def change(cluster):
        if options.site:
            cluster.check_site(options.site)
        cluster.cuts[:] = [site for site in cluster.cuts if options.site and site != options.site]
        if options.all:
            cluster.delays.clear()
    return _change_faults(options, change)


def delay(options):
    def change(cluster):
        cluster.check_site(options.one)
        cluster.check_site(options.other)
        if not 0 <= options.ms <= faults.MAX_DELAY_MS:
            raise Failure(USAGE, f"a delay of {options.ms} ms is out of bounds: give 0 to {faults.MAX_DELAY_MS}")
        faults.set_delay(cluster, options.one, options.other, options.ms)
    return _change_faults(options, change)


def down(options):
    cluster = Cluster.load(options.dir) if own_directory(options.dir) else None
    if cluster is None:
        print(f"there is no cluster in {options.dir}")
        return 0
    with locked(options.dir):
        cluster = Cluster.load(options.dir)
        killed = processes.end_all(cluster)
        if options.purge:
            shutil.rmtree(options.dir)
    if killed:
        print(f"killed, since they did not stop in time: {', '.join(map(str, killed))}")
    print(f"all nodes have ended; {options.dir} is " + ("removed" if options.purge else "kept: up starts them again"))
    return 0
