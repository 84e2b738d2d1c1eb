# SPDX-License-Identifier: MIT
"""Compares the system calls of two runs of a program, thread by thread, as `strace -ff -o` recorded them.

    system_calls.py RULES BARE OTHER

BARE and OTHER are what -o got. OTHER has to make all calls of BARE, in their order; what it makes besides has to stand
in RULES, a file of lines of four kinds, with # before a comment:

    allowed REGEX         a call that OTHER may make besides: the whole of it, as it is printed here
    neither REGEX         a call that is looked at in neither run
    file REGEX NAME...    from the openat() of such a file to its close(): calls of these names
    socket REGEX NAME...  from the socket() with such arguments to its close(): likewise, but for a message that gives a
                          descriptor away

What the command `tlsbye` does before the program's execve is no part of the program, nor are the children it starts there.

Threads and processes are paired by who started them, as the how many-th. Of a call its name, its descriptors and its
other arguments are compared, not what differs between two runs of one program: addresses, process ids, ports that the
kernel chose, bytes and their number, times. Repetitions of a call of input or output count once, waits not at all, nor
do calls that would have to wait (EAGAIN): how many it takes to read a stream is the network's doing. A thread that the
end of its process cut short counts as far as it came.

Exit status: 0 the same, 1 not; then the differences are printed.
"""

import glob
import re
import sys

STARTS = ("clone", "clone3", "fork", "vfork")
STREAMS = ("read", "write", "recvfrom", "sendto", "recvmsg", "sendmsg", "readv", "writev")
WAITS = ("poll", "ppoll", "select", "pselect6", "epoll_wait", "epoll_pwait", "pause", "restart_syscall")
OPENS = ("openat", "socket", "accept", "accept4", "dup", "epoll_create1", "eventfd2")
NUMBERS_DIFFER = ("getrandom", "sysinfo", "alarm", "times", "set_tid_address", "wait4", "futex", "tgkill", "kill")
MOST = 20  # differences printed of one thread


def parsed(line):
    """(name, arguments, result) of a line; None where it is a signal, an exit, or a call that did not return."""
    call = re.match(r"(\w+)\((.*)\)\s+= (.*)", line)
    return call.groups() if call else None


def normal(name, arguments, result):
    """The call without what differs between two runs of one program."""
    error = re.match(r"-1 (E\w+)", result)
    end = f" = {error.group(1)}" if error else ""
    if name == "sendmsg" and "SCM_RIGHTS" in arguments:
        return f"sendmsg({arguments.split(',')[0]}, SCM_RIGHTS){end}"
    if name in STREAMS:
        return f"{name}({arguments.split(',')[0]}){end}"
    if name in STARTS:
        flags = re.search(r"flags=([\w|]+)", arguments)
        return f"{name}({flags.group(1) if flags else ''})"
    if name == "execve":
        arguments = arguments.split(",")[0]
    if name in OPENS and not error:
        end = f" = {result.split()[0]}"
    text = re.sub(r'"(?:[^"\\]|\\.)*"\.*', lambda s: s.group() if s.group().startswith('"/') else "BYTES", arguments)
    for pattern, word in (
        (r"0x[0-9a-f]+", "ADDRESS"),
        (r"nl_pid=\d+", "nl_pid=N"),
        (r"htons\(\d+\)", "htons(PORT)"),
        (r"data=\{[^}]*\}", "data"),
        (r"\{st_[^}]*\}", "{STATUS}"),
        (r"\[\d+( => \d+)?\]", "[N]"),
    ):
        text = re.sub(pattern, word, text)
    if name in NUMBERS_DIFFER:
        text = re.sub(r"\b\d+\b", "N", text)
    return f"{name}({text}){end}"


class Trace:
    """One run: threads is {"1": [call, ...], "1.1": ...}; cut_short are those that did not exit by themselves."""

    def __init__(self, prefix, files, sockets):
        self.files, self.sockets, self.threads, self.cut_short = files, sockets, {}, set()
        paths = glob.glob(glob.escape(prefix) + ".*")
        self.lines = {int(path.rsplit(".", 1)[1]): open(path, errors="replace").read().splitlines() for path in paths}
        started = {child for lines in self.lines.values() for child in self.children(map(parsed, lines))}
        (root,) = self.lines.keys() - started
        self.add("1", root)

    @staticmethod
    def children(calls):
        return [int(c[2].split()[0]) for c in calls if c and c[0] in STARTS and c[2].split()[0].isdigit()]

    def add(self, name, pid):
        lines = self.lines.get(pid, [])
        calls = self.of_program(lines)
        self.threads[name] = self.of_interest(calls)
        if not any(re.match(r"exit(_group)?\(", line) for line in lines[-2:]):
            self.cut_short.add(name)
        for i, child in enumerate(self.children(calls)):
            self.add(f"{name}.{i + 1}", child)

    @staticmethod
    def of_program(lines):
        """From the program's execve on, which the command `tlsbye` does."""
        calls = [c for c in map(parsed, lines) if c]
        while calls and calls[0][0] == "execve" and re.match(r'"[^"]*/tlsbye"', calls[0][1]):
            next_one = (i for i, c in enumerate(calls) if i > 0 and c[0] == "execve" and c[2] == "0")
            calls = calls[next(next_one, len(calls)) :]
        return calls

    def names_for(self, name, arguments):
        """Of the calls that may be made with what this one opens, where a rule has it."""
        if name == "openat":
            what, rules = arguments.split('"')[1], self.files
        elif name == "socket":
            what, rules = arguments, self.sockets
        else:
            return []
        return next((names for pattern, *names in rules if re.search(pattern, what)), [])

    def of_interest(self, calls):
        """Without what is done with the rules' files and sockets."""
        kept, fd, names = [], None, []
        for name, arguments, result in calls:
            if fd is None and result.isdigit():
                names = self.names_for(name, arguments)
                if names:
                    fd = result
                    continue
            if fd and name in names and "SCM_RIGHTS" not in arguments and (name.startswith("rt_sig") or re.search(rf"\b{fd}\b", arguments)):
                fd = None if name == "close" else fd
                continue
            if name not in WAITS and not result.startswith("-1 EAGAIN"):
                kept.append(normal(name, arguments, result))
        return kept


def matches(call, patterns):
    return any(re.fullmatch(pattern, call) for pattern in patterns)


def repeats(call, before):
    return call == before and call.split("(")[0] in STREAMS


def without_repetitions(calls):
    return [call for i, call in enumerate(calls) if i == 0 or not repeats(call, calls[i - 1])]


def differences(bare, other, allowed, cut_short):
    """What other makes besides, and what it lacks."""
    at, added = 0, []
    for call in other:
        if at < len(bare) and call == bare[at]:
            at += 1
        elif at == len(bare) and cut_short:
            break
        elif not (at > 0 and repeats(call, bare[at - 1])) and not matches(call, allowed):
            added.append(call)
    return added, bare[at:]


def main():
    rules_path, bare_prefix, other_prefix = sys.argv[1:]
    lines = [line.split() for line in open(rules_path) if line.strip() and not line.startswith("#")]
    allowed, neither = ([" ".join(words[1:]) for words in lines if words[0] == kind] for kind in ("allowed", "neither"))
    files, sockets = ([words[1:] for words in lines if words[0] == kind] for kind in ("file", "socket"))
    bare, other = Trace(bare_prefix, files, sockets), Trace(other_prefix, files, sockets)

    same = True
    for thread in sorted(bare.threads.keys() | other.threads.keys()):
        calls = [[c for c in run.threads.get(thread, []) if not matches(c, neither)] for run in (bare, other)]
        added, missing = differences(without_repetitions(calls[0]), calls[1], allowed, thread in bare.cut_short)
        if thread in other.cut_short:
            missing = []
        for what, those in ("added", added), ("missing", missing):
            same = same and not those
            for call in those[:MOST]:
                print(f"thread {thread}: {what}: {call}")
            if len(those) > MOST:
                print(f"thread {thread}: {what}: and {len(those) - MOST} more")
    sys.exit(0 if same else 1)


main()
