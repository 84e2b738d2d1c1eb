# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# shellcheck disable=SC2154  # program_err and top are set in judge.bash
#
# Call sites of events in JSON, and what they must be by other means: python reads the JSON, binutils the objects.
#
#   in_json COMMAND...            with TLSBYE_LOG_FORMAT=json
#   event_value EVENT KEY...      of the first such event in $program_err, a line each, empty where it is absent
#   count_events EVENT            how many there are: the value of "count"
#   assert_value EVENT KEY=VALUE...
#   site EVENT CALL [FRAME]       sets site_path, site_offset and site_build_id of a frame (0), and site_frames, how many
#   line_of_site                  FILE:LINE of the call, by addr2line
#   line_with FILE TEXT           FILE:LINE of the first line that holds a text

in_json() {
  TLSBYE_LOG_FORMAT=json "$@"
}

event_reader='
import json, sys
what, name = sys.argv[1], sys.argv[2]
events = []
for line in sys.stdin:
    if line.startswith("{"):
        event = json.loads(line)
        if event["event"] == name:
            events.append(event)
if what == "value":
    for key in sys.argv[3:]:
        value = events[0].get(key, "") if events else "no such event"
        if key == "count":
            value = len(events)
        print(json.dumps(value) if isinstance(value, (bool, list, dict)) else value)
else:
    frames = events[0].get("sites", {}).get(sys.argv[3]) if events else None
    if frames is None:
        sys.exit("no site of %s in %s" % (sys.argv[3], events[:1]))
    place, offset = frames[int(sys.argv[4])]
    found = {} if place is None else events[0]["objects"][place]
    print(len(frames), hex(offset), found.get("path", "-"), found.get("build_id", "-"))
'

event_value() {
  await_hub
  python3 -c "$event_reader" value "$@" <"$program_err"
}

count_events() {
  event_value "$1" count
}

# shellcheck disable=SC2034  # for the test that called
site() {
  local found
  await_hub
  found=$(python3 -c "$event_reader" site "$1" "$2" "${3:-0}" <"$program_err") || fail_showing "no such site: $*" || return 1
  read -r site_frames site_offset site_path site_build_id <<<"$found"
}

# The address behind a call may be the next line's already.
line_of_site() {
  local place
  place=$(addr2line -e "$site_path" "$(printf '%#x' $((site_offset - 1)))")
  place=${place%% *}
  echo "${place##*/}"
}

line_with() {
  local line
  line=$(grep -nF -m1 -- "$2" "$top/tests/programs/$1")
  echo "$1:${line%%:*}"
}

assert_value() {
  local name=$1 is
  shift
  is=$(event_value "$name" "${@%%=*}" | paste -d = <(printf '%s\n' "${@%%=*}") -)
  [[ $is == "$(printf '%s\n' "$@")" ]] || fail_showing "$name says:" "$is"
}
