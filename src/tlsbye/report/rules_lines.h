/* SPDX-License-Identifier: MIT */
/*
 * The lines that a report suggests. In C they are functions, to be pasted in front of the function that needs them.
 */
#ifndef TLSBYE_REPORT_RULES_LINES_H
#define TLSBYE_REPORT_RULES_LINES_H

extern const char rules_lines_goodbye_c[]; /* tls_goodbye(ssl, fd) */
extern const char rules_lines_write_c[];   /* tls_write_all(ssl, fd, data, length) */
extern const char rules_lines_flush_c[];   /* tls_flush(bio, fd) */
extern const char rules_lines_goodbye_python[];
extern const char rules_lines_goodbye_perl[];
extern const char rules_lines_goodbye_ruby[];
extern const char rules_lines_goodbye_php[];
extern const char rules_lines_goodbye_lua[];
extern const char rules_lines_goodbye_tcl[];
extern const char rules_lines_goodbye_node[];

#endif
