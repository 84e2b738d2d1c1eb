/* SPDX-License-Identifier: MIT */
/*
 * One table. Each line is run by a test (rules.bats) against a peer that judges; where a language is not installed the test
 * says so.
 */
#include "languages.h"

#include <stddef.h>
#include <string.h>

#include "rules_lines.h"

#define ONLY_WHERE ", only where the protocol itself tells where its data ends"

const struct language languages[LANGUAGES] = {
	{"Python",
	 {"/_ssl.", "/python3", "/libpython3"},
	 "in the Python program, before conn.close(), which it does itself: "
	 "unwrap() alone waits for the peer, and fails where it has sent more",
	 "tls_goodbye(conn)",
	 rules_lines_goodbye_python,
	 "in the Python program, instead of conn.send(data): with a timeout sendall() repeats until all is written",
	 "conn.settimeout(30); conn.sendall(data)",
	 "in the Python program, after the making of the context" ONLY_WHERE
	 " (Python 3.10 and later does so itself)",
	 "context.options |= 0x80  # OP_IGNORE_UNEXPECTED_EOF"},
	{"Perl",
	 {"/SSLeay.so", "/bin/perl", "/libperl.so"},
	 "in the Perl program, before close($conn), which it does itself, "
	 "and before $conn goes out of scope, where IO::Socket::SSL says nothing",
	 "tls_goodbye($conn);",
	 rules_lines_goodbye_perl,
	 "in the Perl program, instead of syswrite($conn, $data): on a blocking socket print repeats until all is written",
	 "$conn->blocking(1); print {$conn} $data or die;",
	 NULL,
	 NULL},
	{"Ruby",
	 {"/ruby/", "/libruby", "/bin/ruby"},
	 "in the Ruby program, before ssl.close or the closing of the socket, which it does itself: "
	 "sync_close sends close_notify and closes at once",
	 "tls_goodbye(ssl)",
	 rules_lines_goodbye_ruby,
	 "in the Ruby program, instead of ssl.write_nonblock(data): write repeats until all is written",
	 "ssl.write(data)",
	 "in the Ruby program, after the making of the context" ONLY_WHERE,
	 "context.options |= OpenSSL::SSL::OP_IGNORE_UNEXPECTED_EOF"},
	{"PHP",
	 {"/bin/php", "/libphp", "/php-fpm", "/lib/php/"},
	 "in the PHP program, before fclose($conn), which it does itself",
	 "tls_goodbye($conn);",
	 rules_lines_goodbye_php,
	 "in the PHP program, instead of fwrite($conn, $data): on a blocking stream it repeats until all is written",
	 "stream_set_blocking($conn, true); fwrite($conn, $data);",
	 NULL,
	 NULL},
	{"Lua",
	 {"/lua/5", "/bin/lua", "/liblua"},
	 "in the Lua program, before conn:close(): read what the peer still sends, to its end where it ends first. LuaSec has "
	 "no half-close, and close() says close_notify and closes at once: what comes later still resets the connection, "
	 "unless the program runs under tlsbye",
	 "tls_read_away(conn)",
	 rules_lines_goodbye_lua,
	 "in the Lua program, instead of conn:send(data): with a timeout send() repeats until all is written",
	 "conn:settimeout(30); assert(conn:send(data))",
	 "in the Lua program, in the table of ssl.newcontext() or ssl.wrap()" ONLY_WHERE,
	 "options = {\"all\", \"ignore_unexpected_eof\"},"},
	{"Tcl",
	 {"/tcltls", "/libtcl", "/bin/tclsh", "/bin/wish"},
	 "in the Tcl program, before close $conn, which it does itself: FIN, and nothing resets; the package tls (1.7) has no "
	 "call that says close_notify",
	 "tls_goodbye $conn",
	 rules_lines_goodbye_tcl,
	 NULL,
	 NULL,
	 NULL,
	 NULL},
	{"JavaScript",
	 {"/bin/node", "/libnode", "/bin/nodejs"},
	 "in the program, before socket.destroy(), which it does itself",
	 "tlsGoodbye(socket);",
	 rules_lines_goodbye_node,
	 NULL,
	 NULL,
	 NULL,
	 NULL},
};

int languages_of(const char *path)
{
	for (int i = 0; path && i < LANGUAGES; i++)
		for (const char *const *part = languages[i].parts; *part; part++)
			if (strstr(path, *part))
				return i;
	return -1;
}
