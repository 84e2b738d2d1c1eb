# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
#
# Bats helpers around `tlsbye report`, whose input tests/lib/make-log makes.
#
#   make_log ARGS...              what such a log holds
#   report_json ARGS...           runs it with --json; $status and $stderr as of run --separate-stderr
#   assert_report KEY=VALUE...    the document says so. A key is a path with dots: totals.clean, groups.0.code; # is a
#                                 list's length. "skipped" is by reason: "skipped.NUL bytes" is its number of lines,
#                                 and "where.NUL bytes" the place of the first, as file:line.

make_log() {
  "$ROOT/tests/lib/make-log" "$@"
}

report_json() {
  run --separate-stderr "$TLSBYE" report --json "$@"
  printf '%s' "$output" >"$BATS_TEST_TMPDIR/report.json"
}

assert_report() {
  run python3 - "$BATS_TEST_TMPDIR/report.json" "$@" <<'PYTHON'
import json, sys

report = json.load(open(sys.argv[1]))
report["where"] = {s["reason"]: "%s:%d" % (s["file"], s["line"]) for s in report["skipped"]}
report["skipped"] = {s["reason"]: s["lines"] for s in report["skipped"]}
wrong = False
for expected in sys.argv[2:]:
    path, value = expected.split("=", 1)
    found = report
    for part in path.split("."):
        if part == "#":
            found = len(found)
        elif isinstance(found, list):
            found = found[int(part)] if int(part) < len(found) else None
        else:
            found = found.get(part) if isinstance(found, dict) else None
    text = found if isinstance(found, str) else json.dumps(found)
    if text != value:
        wrong = True
        print("%s is %s, expected %s" % (path, text, value))
if wrong:
    print("skipped:", json.dumps(report["skipped"]), "totals:", json.dumps(report["totals"]))
sys.exit(wrong)
PYTHON
  assert_success
}
