# SPDX-License-Identifier: MIT
"""Holds the `end` events of an observed program against the judging peer's account of the same connections.

    agreement.py compare PROGRAM EVENTS SKIP JUDGE TALLY
    agreement.py table TALLY

compare takes the end events of EVENTS behind the first SKIP of them, one for each verdict line of JUDGE, in order: the
connections came one after the other. It adds a line for each to TALLY, and prints those that disagree; exit status 1
where there is one. table prints the sum, a line for each program.

What is compared. close_notify: the event says who sent it; the judge, whether it arrived. Where the event says that the
close resets, one that was sent may be lost with the rest. The end: will_reset yes is RST, no is FIN, possible is a word
of its own. The data: safe is whole, lost is not, and no more is lost than the judge missed; unknown is no agreement.
"""

import json
import sys


def verdicts(path):
    lines = (line.split() for line in open(path) if line.startswith("verdict: "))
    return [dict(word.split("=", 1) for word in line[1:]) for line in lines]


def ends(path, skip):
    events = (json.loads(line) for line in open(path))
    return [event for event in events if event["event"] == "end"][skip:]


def of_close_notify(event, judged):
    sent, arrived = event["close_notify"] == "program", judged["tls"] == "close_notify"
    if sent and not arrived and event["will_reset"] != "no" and "rst" in judged["tcp"]:
        return "lost"
    return "agrees" if sent == arrived else "DISAGREES"


def of_end(event, judged):
    said, seen = event["will_reset"], "rst" if "rst" in judged["tcp"] else judged["tcp"]
    if said == "possible":
        return "open"
    return "agrees" if {"yes": "rst", "no": "fin"}.get(said) == seen else "DISAGREES"


def of_data(event, judged):
    said, whole = event["data"], judged["whole"] == "yes"
    if said == "unknown":
        return "unknown-whole" if whole else "unknown-truncated"
    missing = int(judged["expected"]) - int(judged["bytes"])
    if said == "lost" and event.get("lost_bytes", 0) > missing:
        return "DISAGREES"
    return said if (said == "safe") == whole else "DISAGREES"


def compare(program, events_path, skip, judge_path, tally):
    events, judged = ends(events_path, int(skip)), verdicts(judge_path)
    if len(events) != len(judged) or not events:
        print(f"{len(events)} end events for {len(judged)} connections")
        return 1
    wrong = 0
    with open(tally, "a") as sums:
        for event, verdict in zip(events, judged):
            words = of_close_notify(event, verdict), of_end(event, verdict), of_data(event, verdict)
            print(program, *words, file=sums)
            if "DISAGREES" in words:
                wrong += 1
                print("close_notify {}, end {}, data {}:".format(*words))
                print(" ", json.dumps({key: event[key] for key in event if key not in ("objects", "sites")}))
                print(" ", *(f"{key}={value}" for key, value in verdict.items()))
    return 1 if wrong else 0


def table(tally):
    rows = {}
    for line in open(tally):
        program, notify, end, data = line.split()
        rows.setdefault(program, []).append((notify, end, data))
    head = ("program", "connections", "close_notify", "lost too", "RST or FIN", "possible", "lost", "safe", "unknown: whole", "cut", "disagree")
    print(("{:<22}" + "{:>15}" * 10).format(*head))
    for program, lines in rows.items():
        count = [sum(words[at] == what for words in lines) for at, what in (
            (0, "agrees"), (0, "lost"), (1, "agrees"), (1, "open"), (2, "lost"), (2, "safe"),
            (2, "unknown-whole"), (2, "unknown-truncated"))]
        wrong = sum("DISAGREES" in words for words in lines)
        print(("{:<22}" + "{:>15}" * 10).format(program, len(lines), *count, wrong))


if __name__ == "__main__":
    sys.exit(compare(*sys.argv[2:]) if sys.argv[1] == "compare" else table(*sys.argv[2:]))
