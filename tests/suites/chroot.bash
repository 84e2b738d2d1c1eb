# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
#
# A Debian of another generation in a folder, with this tree built in it: for tests/suites/chroots, and for suites of
# others that need another Debian. Who sources it has say and
# nothing_can_be_run, and sets
#   scratch    where they lie: $scratch/SUITE, and the logs in $scratch/log
#   root       the source tree
#   packages   what is installed there
#   base, borrows, seconds_to_install, seconds_to_build   as tests/suites/chroots has them
#
# Rules: all mounts live in a mount namespace, and all processes in a PID namespace, that end with the command inside.
# Every step has a time limit. The source tree is only read.

# --- this machine ---

# debootstrap reads http, https and file alike, but no list of mirrors.
mirror() {
  if [[ -n ${TLSBYE_MIRROR:-} ]]; then
    echo "$TLSBYE_MIRROR"
  else
    # shellcheck disable=SC2016  # apt's own variables
    apt-get indextargets --format '$(ORIGIN) $(LABEL) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
      sed -nE 's/^Debian Debian main ((https?|file|copy):.*)/\1/p' | head -n 1
  fi
}

check_machine() {
  local tool
  ((EUID == 0)) || nothing_can_be_run "only root can make chroots"
  for tool in debootstrap unshare chroot; do
    command -v "$tool" >/dev/null || nothing_can_be_run "$tool is missing; setup/packages names it"
  done
  unshare --mount --pid --fork --kill-child --propagation private true 2>/dev/null ||
    nothing_can_be_run "no namespaces here: a chroot's /proc could be left mounted"
  mirror=$(mirror)
  [[ -n $mirror ]] || nothing_can_be_run "apt names no Debian mirror here; TLSBYE_MIRROR can"
}

# --- one chroot ---

# bounded SECONDS COMMAND...: in namespaces of its own. The shell stays process 1 there, to wait for orphans.
bounded() {
  local seconds=$1
  shift
  timeout --kill-after=10 "$seconds" unshare --mount --pid --fork --kill-child --propagation private -- \
    sh -c '"$@"; exit $?' sh "$@" </dev/null
}

# inside SECONDS SUITE COMMAND...: in its chroot, with /proc and /dev, and nothing of our environment.
inside() {
  local seconds=$1 chroot=$scratch/$2
  shift 2
  # shellcheck disable=SC2016  # for the shell in there
  bounded "$seconds" sh -c 'mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" || exit 1
    chroot "$0" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
      DEBIAN_FRONTEND=noninteractive "$@"
    exit $?' "$chroot" "$@"
}

# logged SUITE NAME COMMAND...: its output goes to a log whose end is shown when it fails.
logged() {
  local log=$scratch/log/$1.$2
  shift 2
  "$@" >"$log" 2>&1 || {
    tail -n 15 "$log" | sed 's/^/  /'
    return 1
  }
}

# This machine's way to the network, and its clock, hold in there as well. No service is started.
write_apt_settings() {
  local suite=$1 etc=$scratch/$1/etc/apt from codename wanted
  {
    apt-config dump --format '%F "%v";%n' Acquire::http Acquire::https Acquire::Check-Valid-Until Acquire::Check-Date
    echo 'Acquire::Languages "none";'
  } >"$etc/apt.conf.d/90tlsbye"
  printf '#!/bin/sh\nexit 101\n' >"$scratch/$suite/usr/sbin/policy-rc.d"
  chmod 755 "$scratch/$suite/usr/sbin/policy-rc.d"
  [[ -n ${borrows[$suite]:-} ]] || return 0
  read -r from codename wanted <<<"${borrows[$suite]}"
  echo "deb $mirror $from main" >"$etc/sources.list.d/borrowed.list"
  printf '%s\n' 'Package: *' "Pin: release n=$codename" 'Pin-Priority: -1' '' \
    "Package: $wanted" "Pin: release n=$codename" 'Pin-Priority: 990' >"$etc/preferences.d/borrowed"
}

make_chroot() {
  local suite=$1 proxy=
  say "$suite: making the chroot"
  eval "$(apt-config shell proxy Acquire::http::Proxy)"
  rm -rf --one-file-system "${scratch:?}/$suite"
  http_proxy=${http_proxy:-$proxy} logged "$suite" debootstrap \
    bounded "$seconds_to_install" debootstrap --variant=minbase "${base[$suite]:-$suite}" "$scratch/$suite" "$mirror" || return 1
  write_apt_settings "$suite"
  touch "$scratch/$suite/made"
}

# A chroot that is used again has what it was made with: what is said to be there stands in `installed`.
install() {
  local suite=$1 installed=$scratch/$1/installed
  [[ -e $scratch/$suite/made ]] || make_chroot "$suite" || return 1
  [[ ! -e $installed || $(<"$installed") != "${packages[*]}" ]] || return 0
  say "$suite: installing"
  logged "$suite" update inside "$seconds_to_install" "$suite" apt-get -q update &&
    logged "$suite" install inside "$seconds_to_install" "$suite" \
      apt-get -q -y --no-install-recommends install "${packages[@]}" &&
    echo "${packages[*]}" >"$installed"
}

# The tree as a release holds it: with its configure, made where Autotools are new enough. Times of files are kept,
# so that nothing is made anew in there.
put_tree() {
  local there=$scratch/$1/tlsbye
  rm -rf "$there"
  mkdir "$there"
  tar -C "$root" -c --exclude=./.git --exclude=./build --exclude='./autom4te.cache' . | tar -C "$there" -x --no-same-owner
  [[ $there/configure -nt $there/configure.ac && $there/Makefile.in -nt $there/Makefile.am ]] ||
    (cd "$there" && autoreconf --install --force) >"$scratch/log/$1.autoreconf" 2>&1
}

build() {
  # shellcheck disable=SC2016
  logged "$1" build inside "$seconds_to_build" "$1" \
    sh -ec 'mkdir -p /tlsbye/build; cd /tlsbye/build; ../configure; make -j"$(nproc)"'
}
