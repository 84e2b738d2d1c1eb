/* SPDX-License-Identifier: MIT */
/*
 * One table. A row is worth its place where the answer would be wrong without it. Modules are looked for in the places
 * of Debian, Fedora and a build of one's own.
 */
#include "known.h"

#include <fnmatch.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

#define WHILE_IT_RUNS "look at it while it runs: tlsbye check --pid PID"

static const struct known table[] = {
	{.names = "python[23] python[23].*",
	 .modules = "%s/lib/%n/lib-dynload/_ssl*.so %s/lib64/%n/lib-dynload/_ssl*.so",
	 .code = "python",
	 .note = "asyncio's TLS goes through memory BIOs, whose socket the object does not see: out of reach; "
		 "sockets of ssl.SSLContext.wrap_socket() (http.client, http.server, smtplib ...) are reached"},
	{.names = "perl perl5*",
	 .modules =
		 "%s/lib/*/perl5/*/auto/Net/SSLeay/SSLeay.so %s/lib/perl5/*/auto/Net/SSLeay/SSLeay.so "
		 "%s/lib64/perl5/*/auto/Net/SSLeay/SSLeay.so %s/local/lib/*/perl/*/auto/Net/SSLeay/SSLeay.so "
		 "%s/lib/perl5/*/*/*/auto/Net/SSLeay/SSLeay.so",
	 .code = "perl",
	 .note = "IO::Socket::SSL gives OpenSSL the socket itself",
	 .sockets = true},
	{.names = "ruby ruby[0-9]*",
	 .modules = "%s/lib/*/ruby/*/openssl.so %s/lib/ruby/*/*/openssl.so %s/lib64/ruby/openssl.so",
	 .code = "ruby",
	 .note = "its OpenSSL::SSL::SSLSocket gives OpenSSL the socket itself"},
	{.names = "lua lua[0-9]*",
	 .modules = "%s/lib/*/lua/*/ssl.so %s/lib/lua/*/ssl.so %s/local/lib/lua/*/ssl.so",
	 .code = "lua",
	 .note = "LuaSec gives OpenSSL the socket itself"},
	{.names = "luajit* pypy*",
	 .code = "foreign-functions",
	 .note = "it calls foreign functions that it looked up by dlsym: such calls go past the object",
	 .next = WHILE_IT_RUNS},
	{.names = "php php[0-9]* php-fpm* php-cgi*",
	 .modules = "%s/lib/php/*/*.so %s/lib64/php/modules/*.so",
	 .code = "php",
	 .note = "PHP loads its extensions by RTLD_DEEPBIND: the calls of what they bring along (libcurl of php-curl) go "
		 "past the object; its own streams (ssl://, https://) are reached",
	 .next = WHILE_IT_RUNS,
	 .deepbind = true},
	{.names = "tclsh* wish* expect",
	 .modules =
		 "%s/lib/tcltk/*/tcltls*/*.so %s/lib/tcltls*/*.so %s/lib64/tcl*/tcltls*/*.so %s/lib/*/tcltls*/*.so",
	 .code = "tcl",
	 .note = "its package tls puts a BIO of its own between OpenSSL and the channel"},
	{.names = "swipl swipl-ld",
	 .modules = "%s/../lib/*/ssl4pl.so %s/lib/swipl/lib/*/ssl4pl.so %s/lib/swi-prolog/lib/*/ssl4pl.so",
	 .code = "prolog",
	 .note = "its library(ssl) puts a BIO of its own between OpenSSL and the stream"},
	{.names = "dovecot imap-login pop3-login submission-login managesieve-login */dovecot/lmtp",
	 .modules =
		 "%s/lib/dovecot/modules/libssl_iostream_openssl.so %s/lib64/dovecot/libssl_iostream_openssl.so",
	 .code = "dovecot",
	 .note = "its TLS goes through pairs of memory BIOs, in processes (imap-login ...) that get an environment of "
		 "their own (import_environment)",
	 .memory = true},
	{.names = "postfix */postfix/master */postfix/sbin/master postmulti",
	 .code = "postfix",
	 .note = "its daemons (smtpd, smtp ...) speak TLS, and get an environment of their own: LD_PRELOAD is not in it",
	 .next = "name LD_PRELOAD and the TLSBYE_ settings in import_environment of main.cf, then: tlsbye check "
		 "/usr/lib/postfix/sbin/smtpd",
	 .launcher = true},
	{.names = "lighttpd",
	 .modules =
		 "%s/lib/lighttpd/mod_openssl.so %s/lib64/lighttpd/mod_openssl.so %s/lib/*/lighttpd/mod_openssl.so",
	 .code = "lighttpd",
	 .note = "its configuration decides which modules it loads"},
	{.names = "h2o",
	 .code = "h2o",
	 .note = "its TLS goes through a BIO of its own that is memory: the object does not see the socket there",
	 .memory = true},
	{.names = "puma pumactl",
	 .modules = "%s/lib/*/rubygems-integration/*/extensions/*/*/puma-*/puma/puma_http11.so "
		    "/var/lib/gems/*/extensions/*/*/puma-*/puma/puma_http11.so "
		    "%s/lib/ruby/gems/*/extensions/*/*/puma-*/puma/puma_http11.so "
		    "%s/lib/*/ruby/vendor_ruby/*/puma/puma_http11.so",
	 .code = "puma",
	 .note = "its server goes through memory BIOs, whose socket the object does not see: out of reach; "
		 "what it asks of others by net/http is reached"},
	{.names = "uvicorn hypercorn daphne",
	 .code = "asyncio",
	 .note = "it serves by asyncio, whose TLS goes through memory BIOs: the object does not see the socket there",
	 .memory = true},
	{.names = "debconf",
	 .code = "debconf",
	 .note = "it starts the program that it is given, which inherits the object",
	 .next = "tlsbye check each program that it starts",
	 .launcher = true},
	{.names =
		 "docker podman runc crun ctr nerdctl lxc lxc-start lxc-execute systemd-nspawn machinectl flatpak */bin/snap bwrap "
		 "firejail chroot schroot unshare nsenter",
	 .code = "container",
	 .note = "what it starts may live in another tree of files, with an environment of its own: the object has to be "
		 "installed there, and LD_PRELOAD set there",
	 .next = "run tlsbye inside: tlsbye run PROGRAM",
	 .launcher = true},
	{.names = "systemctl */sbin/service invoke-rc.d systemd-run",
	 .code = "services",
	 .note = "the service is started by somebody else: what this program inherits does not come to it",
	 .next = "a drop-in of the unit: [Service] Environment=LD_PRELOAD=...; libtlsbye.so(8) has it whole",
	 .launcher = true},
	{.names = "apache2 httpd",
	 .modules =
		 "%s/lib/apache2/modules/mod_ssl.so %s/lib64/httpd/modules/mod_ssl.so %s/modules/mod_ssl.so",
	 .code = "apache",
	 .note = "its configuration decides which modules it loads"},
	{.names = "proftpd",
	 .modules = "%s/lib/proftpd/mod_tls.so %s/lib64/proftpd/mod_tls.so %s/libexec/mod_tls.so",
	 .code = "proftpd",
	 .note = "its configuration decides which modules it loads; mod_tls gives OpenSSL the socket itself"},
	{.names = "openssl",
	 .code = "openssl",
	 .note = "s_client and s_server give OpenSSL the socket itself",
	 .sockets = true},
	{.names = "node nodejs",
	 .code = "node",
	 .note = "Node's TLS goes through a BIO of its own that is memory: the object does not see the socket there",
	 .next = "in the program: socket.end(), and destroy() only after 'close' or 'end'",
	 .memory = true},
	{.names = "dotnet",
	 .code = "dotnet",
	 .note = ".NET looks OpenSSL up by dlsym and goes through memory BIOs: out of reach",
	 .next = "in the program: await SslStream.ShutdownAsync(), then read to the end"},
	{.names = "git",
	 .code = "git",
	 .note = "for https it starts git-remote-https, which is another program",
	 .next = "tlsbye check $(git --exec-path)/git-remote-https",
	 .launcher = true},
	{.names =
		 "sh bash rbash dash ksh* zsh* mksh busybox env sudo su nice nohup timeout setsid xargs make",
	 .code = "launcher",
	 .note = "it starts other programs, which inherit the object; whether it reaches them is another question",
	 .next = "tlsbye check each program that it starts",
	 .launcher = true},
};

/* A name that anybody could give a program has its folder with it. */
static bool matches(const char *patterns, const char *path, const char *name)
{
	char *list = memory_copy(patterns), *save, *word;
	bool found = false;

	for (word = strtok_r(list, " ", &save); word && !found; word = strtok_r(NULL, " ", &save))
		found = fnmatch(word, strchr(word, '/') ? path : name, 0) == 0;
	free(list);
	return found;
}

const struct known *known_program(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (matches(table[i].names, path, name))
			return &table[i];
	return NULL;
}

/* "%s/lib/%n": the prefix of the program (/usr for /usr/bin/x), and its name. */
static char *fill(const char *pattern, const char *program)
{
	char path[PATH_MAX], *text = memory_copy(""), *name;

	if (!realpath(program, path))
		snprintf(path, sizeof(path), "%s", program);
	name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	char *prefix = memory_copy(path);

	for (int up = 0; up < 2; up++)
		if (strrchr(prefix, '/'))
			*strrchr(prefix, '/') = '\0';
	for (; *pattern; pattern++) {
		if (*pattern != '%')
			text = memory_print("%s%c", text, *pattern);
		else
			text = memory_print("%s%s", text, *++pattern == 's' ? prefix : name);
	}
	return text;
}

static int add_matches(const char *pattern, bool deepbind, struct objects *objects)
{
	glob_t found = {0};
	int count = 0;

	if (glob(pattern, 0, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc; i++, count++) {
			int index = objects_add(objects, found.gl_pathv[i], found.gl_pathv[i],
						found.gl_pathv[i], NOBODY);

			objects->all[index].module = true;
			objects_add_needed(objects, index);
			for (size_t k = (size_t)index; k < objects->count; k++)
				objects->all[k].deepbind = deepbind;
		}
	}
	globfree(&found);
	return count;
}

int known_add_modules(const struct known *known, struct objects *objects)
{
	char *list = memory_copy(known->modules ? known->modules : ""), *save, *word;
	int count = 0;

	for (word = strtok_r(list, " ", &save); word; word = strtok_r(NULL, " ", &save))
		count += add_matches(fill(word, objects->all[0].opened), known->deepbind, objects);
	free(list);
	return count;
}
