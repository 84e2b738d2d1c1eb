/* SPDX-License-Identifier: MIT */
/* The plugin of check_unloading.c: says whether a hooked function of libssl comes from the libssl that an unhooked one does. */
#include <dlfcn.h>
#include <stdio.h>
#include <openssl/ssl.h>

void plugin_names_libssl(void);

void plugin_names_libssl(void)
{
	Dl_info own, hooked;

	if (!dladdr((void *)TLS_method(), &own) || !dladdr((void *)BIO_f_ssl(), &hooked))
		printf("not found\n");
	else if (own.dli_fbase == hooked.dli_fbase)
		printf("its own libssl\n");
	else
		printf("another libssl: %s, not %s\n", hooked.dli_fname, own.dli_fname);
}
