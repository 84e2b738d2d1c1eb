# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Servers of Debian's that begin in plaintext, on top of real.bash and hosts.bash: their programs as they are shipped, a
# configuration of their own in $real, a port that was free.
#
#   postfix_on_free_port, dovecot_on_free_port, postgres_on_free_port   set $port and $starttls_command
#   start_starttls PROTOCOL          starts the one that speaks smtp, imap, ftp or postgres; skips where it is not installed
#
# Rules: servers stay in the foreground, and each ends what it started when it is ended itself; no account but Debian's own is used.
#
# shellcheck disable=SC2034,SC2154  # what judge.bash, real.bash and the tests set and read

# master(8) of its own queue and configuration, with the smtpd that Debian ships; nothing is delivered.
postfix_on_free_port() {
  local folder=$real/postfix
  free_port
  mkdir -p "$folder/conf" "$folder/data" "$folder/queue"
  chown postfix "$folder/data"
  cat >"$folder/conf/main.cf" <<CONF
compatibility_level = 3.6
queue_directory = $folder/queue
data_directory = $folder/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = localhost
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mydestination =
alias_maps =
maillog_file =
smtpd_tls_cert_file = $real/cert.pem
smtpd_tls_key_file = $real/key.pem
smtpd_tls_security_level = may
smtpd_peername_lookup = no
CONF
  cat >"$folder/conf/master.cf" <<CONF
127.0.0.1:$port inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
rewrite unix - - n - - trivial-rewrite
anvil unix - - n - 1 anvil
tlsmgr unix - - n 1000? 1 tlsmgr
proxymap unix - - n - - proxymap
scache unix - - n - 1 scache
CONF
  postfix -c "$folder/conf" check >"$folder/check" 2>&1 3>&- || true
  starttls_command=(/usr/lib/postfix/sbin/master -c "$folder/conf" -d)
}

dovecot_on_free_port() {
  local folder=$real/dovecot
  free_port
  mkdir -p "$folder"
  cat >"$folder/conf" <<CONF
protocols = imap
base_dir = $folder/run
log_path = $folder/log
listen = 127.0.0.1
ssl = yes
ssl_cert = <$real/cert.pem
ssl_key = <$real/key.pem
mail_location = maildir:$folder/mail
passdb {
  driver = static
  args = nopassword=y
}
service imap-login {
  inet_listener imap {
    port = $port
  }
  inet_listener imaps {
    port = 0
  }
}
CONF
  starttls_command=("$(sbin dovecot)" -F -c "$folder/conf")
}

postgres_path() {
  local found
  for found in /usr/lib/postgresql/*/bin; do
    [[ ! -x $found/postgres ]] || echo "$found"
  done | tail -n 1
}

# Its key has to be its own, and it refuses to be root's.
postgres_on_free_port() {
  local folder=$real/postgres bin
  bin=$(postgres_path)
  free_port
  mkdir -p "$folder"
  cp "$real/key.pem" "$folder/key.pem"
  chmod 600 "$folder/key.pem"
  chown -R postgres "$folder"
  setpriv --reuid postgres --regid postgres --clear-groups "$bin/initdb" --no-sync -A trust -D "$folder/data" >"$folder/initdb" 2>&1 3>&-
  starttls_command=(setpriv --reuid postgres --regid postgres --clear-groups "$bin/postgres" -D "$folder/data" -p "$port"
    -c listen_addresses=127.0.0.1 -c "unix_socket_directories=$folder" -c fsync=off -c ssl=on
    -c "ssl_cert_file=$real/cert.pem" -c "ssl_key_file=$folder/key.pem")
}

starttls_needs() {
  [[ -n $2 ]] || skip "$1 is not installed"
  [[ $EUID -eq 0 ]] || skip "$1 has to be started by root"
}

start_starttls() {
  case $1 in
    smtp)
      starttls_needs postfix "$(sbin postfix)"
      postfix_on_free_port
      ;;
    imap)
      starttls_needs dovecot "$(sbin dovecot)"
      dovecot_on_free_port
      ;;
    ftp)
      starttls_needs vsftpd "$(vsftpd_path)"
      vsftpd_on_free_port
      starttls_command=("${ftp_command[@]}")
      ;;
    postgres)
      starttls_needs postgres "$(postgres_path)"
      postgres_on_free_port
      ;;
  esac
  start_program "${2:-bare}" "${starttls_command[@]}"
  wait_until_listens "$port" "$program_pid"
}
