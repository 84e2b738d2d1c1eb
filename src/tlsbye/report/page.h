/* SPDX-License-Identifier: MIT */
/*
 * The parts of the page that are files of their own, as the build found them: the styles in page/, and page/page.js.
 */
#ifndef TLSBYE_REPORT_PAGE_H
#define TLSBYE_REPORT_PAGE_H

/* Each ends with a 0. */
extern const char page_css[], page_js[];

#endif
