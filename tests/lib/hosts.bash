# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Bats helpers around the hosts of tests/hosts.bats and exit_times.bats: servers of Debian with a configuration of their own,
# on top of judge.bash and real.bash.
#
#   proftpd_on_free_port, vsftpd_on_free_port    set $port and $ftp_command; user reader, password secret, in $real
#   sessions bare|cured login|retr COUNT         starts $ftp_command, has ftps_client.py judge it; lines in $sessions_log
#   sessions_with WORD...                        how many of these lines hold all of the words
#   redis_on_free_port                           sets $port and $redis_command
#   ms_now                                       the time of day
#   least NUMBER...                              the least of them: what else the machine does only adds
#   slack MS                                     so many for a machine that has nothing else to do, more for a loaded one
#
# Rules: servers stay in the foreground and are ended by their number; FTP servers end what they forked themselves.
#
# shellcheck disable=SC2034,SC2154  # what judge.bash, real.bash and the tests set and read

proftpd_on_free_port() {
  local folder hash
  free_port
  folder=$BATS_TEST_TMPDIR
  hash=$(openssl passwd -6 secret)
  echo "reader:$hash:$(id -u nobody):$(id -g nobody)::$real:/bin/sh" >"$folder/passwd"
  chmod 600 "$folder/passwd"
  cat >"$folder/proftpd.conf" <<CONF
ModulePath /usr/lib/proftpd
LoadModule mod_tls.c
ServerType standalone
DefaultAddress 127.0.0.1
UseIPv6 off
Port $port
User nobody
Group nogroup
PidFile $folder/proftpd.pid
ScoreboardFile $folder/proftpd.scoreboard
SystemLog $folder/proftpd.log
TransferLog none
WtmpLog off
UseReverseDNS off
MaxInstances 30
RequireValidShell off
AuthOrder mod_auth_file.c
AuthUserFile $folder/passwd
<IfModule mod_delay.c>
DelayEngine off
</IfModule>
TLSEngine on
TLSLog $folder/proftpd.tls
TLSProtocol TLSv1.2 TLSv1.3
TLSRequired on
TLSECCertificateFile $real/cert.pem
TLSECCertificateKeyFile $real/key.pem
TLSOptions NoSessionReuseRequired
TLSVerifyClient off
CONF
  ftp_user=reader
  ftp_command=("$(sbin proftpd)" --nodaemon --config "$folder/proftpd.conf")
}

# It conflicts with proftpd, so that setup/prepare unpacks it beside the build. No PAM: a session is anonymous.
vsftpd_path() {
  sbin vsftpd || { [[ ! -x $BUILD/unpacked/usr/sbin/vsftpd ]] || echo "$BUILD/unpacked/usr/sbin/vsftpd"; }
}

# seccomp_sandbox: with TLS the session's helper needs calls that it forbids (bare as well); Debian's manual says to
# switch it off. All else is its default: chroot, two processes a session, name spaces of their own.
vsftpd_on_free_port() {
  local folder=$real/vsftpd
  free_port
  mkdir -p "$folder/empty"
  cat >"$folder/conf" <<CONF
listen=YES
listen_ipv6=NO
listen_address=127.0.0.1
listen_port=$port
background=NO
anonymous_enable=YES
no_anon_password=YES
anon_root=$real
ftp_username=daemon
nopriv_user=nobody
secure_chroot_dir=$folder/empty
ssl_enable=YES
allow_anon_ssl=YES
ssl_tlsv1=YES
require_ssl_reuse=NO
ssl_ciphers=HIGH
rsa_cert_file=$real/cert.pem
rsa_private_key_file=$real/key.pem
seccomp_sandbox=NO
CONF
  ftp_user=anonymous
  ftp_command=("$(vsftpd_path)" "$folder/conf")
}

sessions() {
  local how=$1 mode=$2 count=$3
  sessions_log=$BATS_TEST_TMPDIR/sessions
  start_program "$how" "${ftp_command[@]}"
  wait_until_listens "$port" "$program_pid" || return 1
  timeout "$judge_timeout" /usr/bin/python3 "$ROOT/tests/lib/ftps_client.py" "$mode" "$port" "$ftp_user" "$count" \
    page "$page_bytes" >"$sessions_log" 2>&1 3>&-
  stop_program
  [[ $(sessions_with session:) -eq $count ]] || fail_sessions "not $count sessions"
}

sessions_with() {
  local word lines
  lines=$(<"$sessions_log")
  for word in "$@"; do
    lines=$(grep -E -- "(^| )$word( |\$)" <<<"$lines" || true)
  done
  grep -c . <<<"$lines" || true
}

fail_sessions() {
  {
    echo "-- $*"
    cat "$sessions_log"
  } >&2
  show_all
  return 1
}

# assert_sessions COUNT WORD...
assert_sessions() {
  local want=$1 is
  shift
  is=$(sessions_with "$@")
  [[ $is -eq $want ]] || fail_sessions "$is sessions, not $want, say $*"
}

redis_on_free_port() {
  free_port
  redis_command=(/usr/bin/redis-server --port 0 --tls-port "$port" --bind 127.0.0.1 --dir "$BATS_TEST_TMPDIR"
    --tls-cert-file "$real/cert.pem" --tls-key-file "$real/key.pem" --tls-ca-cert-file "$real/cert.pem"
    --tls-auth-clients no --save '' --hz 500 --loglevel warning)
}

ms_now() {
  echo $((${EPOCHREALTIME/[.,]/} / 1000))
}

least() {
  printf '%s\n' "$@" | sort -n | head -n 1
}

# By the processes that wait for a processor just now.
slack() {
  local waiting
  waiting=$(awk '{ split($4, n, "/"); print n[1] }' /proc/loadavg)
  echo $(($1 * (1 + waiting / $(nproc))))
}
