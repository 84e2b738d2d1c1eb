# SPDX-License-Identifier: MIT
"""Lets the system calls of tlsbye fail, one by one, and holds what becomes of a program against what becomes of it bare.

    faults.py [OPTION...] FOLDER PROGRAM [ARG...] -- [JUDGE ARG...]

PROGRAM is one of tests/programs; the judge (JUDGE) is its peer. Which calls are ours is learnt from a trace of the program
bare and one of it cured: what the cured run makes besides (the longest common subsequence of both tells), apart from what the
loader does for the object and from memory that malloc asks for. Each is named by its place among the thread's calls of that name, and
fails by `strace --inject=NAME:error=E:when=N`. A run in which another call than that one was hit says nothing, and is
counted as missed; so is one in which none was.

    --serves / --calls   the program is a server, or a client
    --by run|preload     under `tlsbye run` (TLSBYE), or with the object (OBJECT) in LD_PRELOAD
    --who program        whose calls fail: the program's own thread alone,
          all            with its children and tasks,
          hub            the hub that `tlsbye run` starts, from when the program serves,
          command        `tlsbye run` up to there,
          start          the hub from its first call on, but for those that would hit the command too
    --when nth|from      at the n-th alone; or from the first on after which the program makes no such call, on two connections
    --connections N      another number of them, for a program that leaves after the first
    --errors E,E...      (ENOMEM,EMFILE,EPERM,EINTR,EAGAIN,ENOSYS)
    --calls-of NAME,...  those only
    --jobs N             so many runs at a time (3)
    --list               print what would fail, and end

What has to hold in each run, else it is a line of the output and exit status 1:
    the program ends by the status, and with the output, that it has bare; in time; by no signal
    each connection whose data arrives whole bare has it whole here; no reset, no garbage, no open end where there is none bare
    close_notify only where the data is whole
    the hub ends by itself
The last line: N calls, N runs, N missed, N wrong. Rules: waits for conditions; bounded; ends only what it started.
"""

import argparse
import concurrent.futures
import glob
import os
import re
import shutil
import signal
import subprocess
import sys
import time

ERRORS = "ENOMEM,EMFILE,EPERM,EINTR,EAGAIN,ENOSYS"
# Made by malloc(), pthread_once() and OpenSSL, wherever they happen to; or with no result that could be an error.
UNSEEN = ("brk", "futex", "getpid", "gettid", "execve", "exit", "exit_group", "set_robust_list", "set_tid_address", "rseq",
          "arch_prctl", "alarm", "getuid", "geteuid", "getgid", "getegid", "rt_sigreturn", "restart_syscall", "vfork")
OURS_BLOCKED = "~[ILL TRAP BUS FPE "
PATIENCE_S = 25  # more than any limit of the judge's


def parsed(line):
    """(name, arguments, result) of a line; None where it is a signal or an exit."""
    call = re.match(r"(\w+)\((.*?)\)?\s+= (.*)", line)
    return call.groups() if call else None


def normal(name, arguments):
    """The call without what differs between two runs."""
    text = re.sub(r'"(?:[^"\\]|\\.)*"\.*', "VALUE", arguments)
    text = re.sub(r"@VALUE|\{[^{}]*\}|0x[0-9a-f]+|\[[^\[\]]*\]", "VALUE", text)
    text = re.sub(r"\{[^{}]*\}", "VALUE", text)
    text = re.sub(r"~?VALUE( => VALUE)?( /\* \d+ entries \*/)?", "VALUE", text)
    if name in ("poll", "ppoll", "epoll_wait", "wait4", "pidfd_open", "clock_gettime", "kill", "close_range"):
        text = re.sub(r"\b\d+\b|CLOCK_\w+", "N", text)
    if name in ("read", "write", "sendto", "recvfrom", "sendmsg", "recvmsg", "getrandom"):
        text = text.split(",")[0]
    return f"{name}({text})"


class Thread:
    """The calls of one thread, each with its place among those of its name, from what strace traced first."""

    def __init__(self, path):
        places, self.calls = {}, []
        self.lines = open(path, errors="replace").read().splitlines()
        for line in self.lines:
            call = parsed(line)
            if not call:
                continue
            name = call[0]
            places[name] = places.get(name, 0) + 1
            self.calls.append((name, places[name], normal(name, call[1]), line))
        self.pid = int(path.rsplit(".", 1)[1])

    def executed(self):
        """Where the last execve that succeeded stands."""
        return max((i for i, c in enumerate(self.calls) if c[0] == "execve" and c[3].endswith("= 0")), default=-1)

    def starts(self):
        """Where the loader is done."""
        for i in range(self.executed() + 1, len(self.calls)):
            if self.calls[i][0] == "munmap":
                return i + 1
        return len(self.calls)


def threads_of(prefix):
    """In the order of their pids, which is the one in which they begin (a wrap aside)."""
    paths = glob.glob(glob.escape(prefix) + ".*")
    return sorted((Thread(path) for path in paths), key=lambda thread: thread.pid)


def besides(bare, cured):
    """Of two lists of calls: those of the second that no longest common subsequence needs."""
    rows = [[0] * (len(cured) + 1) for _ in range(len(bare) + 1)]
    for i in range(len(bare) - 1, -1, -1):
        for j in range(len(cured) - 1, -1, -1):
            same = bare[i][2] == cured[j][2]
            rows[i][j] = rows[i + 1][j + 1] + 1 if same else max(rows[i + 1][j], rows[i][j + 1])
    ours, theirs, i = [], [], 0
    for j, call in enumerate(cured):
        while i < len(bare) and rows[i + 1][j] == rows[i][j]:
            i += 1
        if i < len(bare) and bare[i][2] == call[2] and rows[i][j] == rows[i + 1][j + 1] + 1:
            theirs.append(call)
            i += 1
        else:
            ours.append(call)
    return ours, theirs


def filled(path):
    return os.path.exists(path) and os.path.getsize(path) > 0


class Run:
    """One run of the program and its peer in a folder of its own."""

    def __init__(self, options, folder, how, connections, inject=None):
        self.options, self.folder, self.how, self.connections = options, folder, how, connections
        self.trace = os.path.join(folder, "trace")
        self.inject, self.tracing = inject, None
        os.makedirs(folder)

    def command(self):
        o = self.options
        program = [os.path.join(os.environ["BUILD"], "tests/programs", o.program)] + o.arguments
        program += ["--connections", str(self.connections), "--tls", o.tls]
        if o.who == "hub":
            return program if self.how == "bare" else [os.environ["TLSBYE"], "run", "--"] + program
        if o.who in ("command", "start"):  # strace lets go of the program, and does not hear how it ends
            program = ["sh", "-c", '"$@"; echo $? >"$0"', os.path.join(self.folder, "status")] + program
            if self.how == "bare":
                return program
        strace = ["strace", "-ff", "-q", "-o", self.trace]
        if o.who == "program" or o.who == "command":
            strace = ["strace", "-q", "-o", self.trace + ".1"]
        if o.who in ("command", "start"):
            strace += ["-b", "execve"]
        if self.inject:
            strace += [f"--inject={self.inject}"]
        if self.how == "bare":
            return strace + program
        if o.by == "preload":
            return strace + ["-E", "LD_PRELOAD=" + os.environ["OBJECT"]] + program
        return strace + [os.environ["TLSBYE"], "run", "--"] + program

    def start(self, name, command):
        out, err = (open(os.path.join(self.folder, f"{name}.{end}"), "wb") for end in ("out", "err"))
        with out, err:
            environment = dict(os.environ, TMPDIR=self.folder)
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=environment, start_new_session=True)

    def text(self, name):
        with open(os.path.join(self.folder, name), errors="replace") as file:
            return file.read()

    def end(self, process, until):
        """Its status; None where it had to be killed."""
        try:
            return process.wait(max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return None

    def status_of(self, process, until):
        if self.options.who not in ("command", "start"):
            return self.end(process, until)
        path = os.path.join(self.folder, "status")
        while self.how == "cured" and not self.is_detached() and process.poll() is None and time.monotonic() < until:
            time.sleep(0.01)
        if self.how == "cured" and not self.is_detached():
            return self.end(process, until)
        while not filled(path):
            if time.monotonic() > until:
                self.end(process, until)
                return None
            time.sleep(0.01)
        self.tracing = process
        return int(self.text("status"))

    def trace_hub(self, program, until):
        """Of a program that serves already: its hub is idle."""
        with open(f"/proc/{program.pid}/environ", "rb") as file:
            hub = re.search(rb"\0TLSBYE_HUB=\d+:(\d+):", b"\0" + file.read()).group(1).decode()
        inject = [f"--inject={self.inject}"] if self.inject else []
        self.tracing = self.start("strace", ["strace", "-o", self.trace + ".1"] + inject + ["-p", hub])
        while "attached" not in self.text("strace.err") and time.monotonic() < until and self.tracing.poll() is None:
            time.sleep(0.01)

    def is_detached(self):
        if self.options.who not in ("command", "start") or self.how == "bare":
            return False
        paths = glob.glob(os.path.join(glob.escape(self.folder), "trace.*"))
        return any("<detached" in self.text(os.path.basename(path)) for path in paths)

    def port(self, process, until):
        path = os.path.join(self.folder, "port")
        while time.monotonic() < until and (process.poll() is None or self.is_detached()) and not filled(path):
            time.sleep(0.01)
        return self.text("port").strip() if os.path.exists(path) else None

    def go(self):
        o, begin = self.options, time.monotonic()
        until = begin + PATIENCE_S
        common = ["--connections", str(self.connections), "--tls", o.tls, "--limit", "10"] + o.judge
        port_file = ["--port-file", os.path.join(self.folder, "port")]
        if o.serves:
            program = self.start("program", self.command() + port_file)
            port = self.port(program, until)
            if port and o.who == "hub" and self.how == "cured":
                self.trace_hub(program, until)
            if port:
                judge = self.start("judge", [os.environ["JUDGE"], "connect"] + common + [port])
                self.end(judge, until)
        else:
            judge = self.start("judge", [os.environ["JUDGE"], "serve"] + common + port_file)
            port = self.port(judge, until)
            program = self.start("program", self.command() + ["--port", port])
        self.status = self.status_of(program, until)
        self.seconds = time.monotonic() - begin
        if not o.serves:
            self.end(judge, until)
        self.output = self.text("program.out")
        self.verdicts = {}
        for line in self.text("judge.out").splitlines() if port else []:
            if line.startswith("verdict: "):
                words = dict(word.split("=", 1) for word in line.split()[1:])
                self.verdicts[words["id"]] = words
        return self

    def hub_has_ended(self):
        until = time.monotonic() + PATIENCE_S
        if self.tracing:
            ended = self.end(self.tracing, until) is not None
            if not ended or self.options.who in ("hub", "start"):  # its folder stays where it may not be removed
                return ended
        while glob.glob(os.path.join(glob.escape(self.folder), "tlsbye-*")):
            if time.monotonic() > until:
                return False
            time.sleep(0.02)
        return True

    def injected(self):
        return [(t, c) for t in threads_of(self.trace) for c in t.calls if c[3].endswith("(INJECTED)")]


def masks(run):
    """What the program's signal masks were set to."""
    lines = (line for thread in threads_of(run.trace) for line in thread.lines if line.endswith("= 0"))
    found = (re.match(r"rt_sigprocmask\(SIG_SETMASK, (.*?), (?:NULL|\S+), 8\)", line) for line in lines)
    return {match.group(1) for match in found if match}


def wrong(bare, cured, run):
    """What does not hold, in words."""
    said = []
    # Ours may come back where they stand in each other, or where taking them away is what failed.
    others = {mask for mask in masks(run) - masks(cured) if not mask.startswith(OURS_BLOCKED)}
    if run.options.who in ("program", "all") and others:
        said.append(f"its signal mask was set to {others}")
    if run.status is None:
        said.append(f"it hangs ({PATIENCE_S} s)")
    elif run.options.who == "command" and run.status == 125 and run.text("program.err").startswith("tlsbye: "):
        return []  # it says why it does not begin
    elif run.status != bare.status:
        said.append(f"it ended with {run.status}, bare with {bare.status}")
    if run.output != bare.output:
        said.append("its output is another than bare")
    for number, was in bare.verdicts.items():
        now = run.verdicts.get(number)
        if not now:
            said.append(f"connection {number}: none")
            continue
        if was["whole"] == "yes" and now["whole"] != "yes":
            said.append(f"connection {number}: not whole")
        if now["tls"] == "close_notify" and now["whole"] != "yes":
            said.append(f"connection {number}: close_notify, and not whole")
        if now["tls"] not in ("close_notify", was["tls"]) and not (now["tls"] == "none" and was["tls"] == "torn"):
            said.append(f"connection {number}: tls={now['tls']}, bare {was['tls']}")
        # What the peer answers to close_notify meets a socket that is closed: it has everything then.
        answered = now["order"].startswith("data>close_notify>fin") and now["tcp"] == "fin+rst"
        if now["tcp"] != "fin" and was["tcp"] == "fin" and not answered:
            said.append(f"connection {number}: tcp={now['tcp']}")
        for key in ("content", "plain", "late"):
            if now[key] != was[key]:
                said.append(f"connection {number}: {key}={now[key]}, bare {was[key]}")
    for thread in threads_of(run.trace):
        said += [f"thread {thread.pid}: {line}" for line in thread.lines if line.startswith("+++ killed by")]
    return said


def of_the_loader(calls):
    """Until the object is there: its openat() to the close(). A loader that may not map ends the program, or does without."""
    kept, loading = [], False
    for call in calls:
        if call[0] == "openat" and "/libtlsbye.so" in call[3]:
            loading = True
        if not loading:
            kept.append(call)
        if loading and call[0] == "close":
            loading = False
    return kept


def ours_of(options, bare, cured):
    """(calls of ours, calls of the program's), each of one name and place."""
    if options.who == "program" or options.who == "all":
        ours, theirs = [], []
        pairs = list(zip(threads_of(bare.trace), threads_of(cured.trace)))
        for b, c in pairs:
            added, same = besides(b.calls[b.starts():], c.calls[c.starts():])
            ours += added
            theirs += same
        for c in threads_of(cured.trace)[len(pairs):]:
            ours += c.calls
        return ours, theirs
    threads = threads_of(cured.trace)
    if options.who == "command":
        command = threads[0]
        start = next(i for i, c in enumerate(command.calls) if c[0] == "munmap") + 1
        return command.calls[start:], command.calls[:start]
    if options.who == "start":  # the places are each thread's own: the n-th of both would fail
        return [c for t in threads[1:] for c in t.calls], threads[0].calls
    return threads[0].calls, []


def targets(options, bare, cured):
    """[(name, place, what it looks like)]."""
    ours, theirs = ours_of(options, bare, cured)
    ours = [c for c in of_the_loader(ours) if c[0] not in UNSEEN and not (options.only and c[0] not in options.only)]
    found = {}
    for name, place, what, line in ours:
        found.setdefault((name, place), what)
    last_of_theirs = {}
    for name, place, _, _ in theirs:
        last_of_theirs[name] = max(place, last_of_theirs.get(name, 0))
    if options.when == "nth":
        taken = {(c[0], c[1]) for c in theirs}
        return [(name, str(place), what) for (name, place), what in found.items() if (name, place) not in taken]
    first = {}
    for (name, place), what in sorted(found.items()):
        if place > last_of_theirs.get(name, 0):
            first.setdefault(name, (name, f"{place}+", what))
    return list(first.values())


def arguments():
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--serves", action="store_true", default=True)
    parser.add_argument("--calls", dest="serves", action="store_false")
    parser.add_argument("--by", choices=("run", "preload"), default="run")
    parser.add_argument("--who", choices=("program", "all", "hub", "command", "start"), default="program")
    parser.add_argument("--when", choices=("nth", "from"), default="nth")
    parser.add_argument("--errors", type=lambda s: s.split(","), default=ERRORS.split(","))
    parser.add_argument("--calls-of", dest="only", type=lambda s: s.split(","))
    parser.add_argument("--connections", type=int)
    parser.add_argument("--jobs", type=int, default=3)
    parser.add_argument("--tls", default="1.3")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("folder")
    parser.add_argument("program")
    words = sys.argv[1:]
    at = words.index("--")
    judge = words[at + 1:]
    options, rest = parser.parse_known_args(words[:at])
    options.arguments, options.judge = rest, judge
    options.folder = os.path.abspath(options.folder)
    return options


def main():
    options = arguments()
    connections = options.connections or (2 if options.when == "from" else 1)
    bare = Run(options, os.path.join(options.folder, "bare"), "bare", connections).go()
    cured = Run(options, os.path.join(options.folder, "cured"), "cured", connections).go()
    if options.by == "run":
        cured.hub_has_ended()
    those = targets(options, bare, cured)
    forms = {c[2] for c in ours_of(options, bare, cured)[0]} - {c[2] for c in ours_of(options, bare, cured)[1]}
    if options.list:
        for name, place, what in those:
            print(name, place, what)
        return 0

    def one(number, name, place, what, error):
        folder = os.path.join(options.folder, f"{number}")
        run = Run(options, folder, "cured", connections, f"{name}:error={error}:when={place}").go()
        ended = options.by != "run" or run.hub_has_ended()
        hit = run.injected()
        expected = "+" in place or all(c[2] == what or c[2] in forms for _, c in hit)
        said = wrong(bare, cured, run) + ([] if ended else ["a hub has not ended"])
        shown = f"{name} {place} {error} {what}"
        if not hit or not expected:
            missed = f"missed: {shown}: hit {[c[2] for _, c in hit]}{', ' + ', '.join(said) if said else ''}"
            shutil.rmtree(folder, ignore_errors=True)
            return missed, None, run.seconds
        if said:
            return None, f"wrong: {shown}: {'; '.join(said)}", run.seconds
        shutil.rmtree(folder, ignore_errors=True)
        return None, None, run.seconds

    todo = [(i, *t) for i, t in enumerate((*t, error) for t in those for error in options.errors)]
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        results = list(pool.map(lambda t: one(*t), todo))
    missed = [r[0] for r in results if r[0]]
    failed = [r[1] for r in results if r[1]]
    print("\n".join(missed + failed))
    slowest = max(((r[2], t) for r, t in zip(results, todo)), default=(0, ""))
    print(f"slowest: {slowest[0]:.1f} s {slowest[1]}")
    print(f"{len(those)} calls, {len(todo)} runs, {len(missed)} missed, {len(failed)} wrong")
    return 1 if failed or not todo or len(missed) > len(todo) / 3 else 0


sys.exit(main())
