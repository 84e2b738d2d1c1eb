# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
#
# Debian's source packages, by an apt of our own: its lists and its cache lie in $scratch, its entries are the host's
# with deb-src in the place of deb. Nothing of the host's own configuration is changed, and root is not needed.

# The host's entries for its own release: others' need not have sources.
write_source_entries() {
  local codename parts=$1 file
  codename=$(sed -nE 's/^VERSION_CODENAME=//p' /etc/os-release)
  : >"$parts/own.list"
  : >"$parts/own.sources"
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [[ -r $file ]] || continue
    sed -nE "s/^deb[[:space:]](.*[[:space:]]${codename}[-/[:space:]])/deb-src \1/p" "$file" >>"$parts/own.list"
  done
  for file in /etc/apt/sources.list.d/*.sources; do
    [[ -r $file ]] || continue
    awk -v suites="Suites:[^\n]* $codename" 'BEGIN { RS = ""; ORS = "\n\n" }
      $0 ~ suites { gsub(/(^|\n)Types:[^\n]*/, "\nTypes: deb-src"); print }' "$file" >>"$parts/own.sources"
  done
  [[ -s $parts/own.list || -s $parts/own.sources ]]
}

source_apt() {
  local command=$1
  shift
  timeout 300 "$command" -q -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$scratch/apt/parts" \
    -o Dir::State::lists="$scratch/apt/lists" -o Dir::Cache="$scratch/apt/cache" -o APT::Sandbox::User= \
    -o Acquire::Retries=2 "$@"
}

# Once in a scratch folder.
update_source_lists() {
  [[ ! -e $scratch/apt/updated ]] || return 0
  mkdir -p "$scratch"/apt/{parts,lists/partial,cache/archives/partial}
  write_source_entries "$scratch/apt/parts" && source_apt apt-get update >&2 &&
    # apt-get calls it a success when it could fetch nothing.
    compgen -G "$scratch/apt/lists/*_Sources*" >/dev/null &&
    touch "$scratch/apt/updated"
}

# fetch_source PACKAGE: unpacks it in the folder where we are; one line on stdout and 1 where it cannot be had.
# The version that is installed, when there is one, or the newest that the mirror really has.
fetch_source() {
  local package=$1 tool version
  for tool in apt-get dpkg-source; do
    command -v "$tool" >/dev/null || {
      echo "$tool is missing (sources come from Debian's packages)"
      return 1
    }
  done
  update_source_lists || {
    echo "apt-get update found no deb-src lists (no network, or no entry for this release)"
    return 1
  }
  while IFS= read -r version; do
    if source_apt apt-get source "$package=$version" >&2; then
      return 0
    fi
  done < <(
    dpkg-query --show --showformat='${source:Version}\n' "$package" 2>/dev/null || true
    source_apt apt-cache showsrc "$package" | sed -n 's/^Version: //p' | sort -Vr
  )
  echo "no version of the source package $package could be fetched"
  return 1
}
