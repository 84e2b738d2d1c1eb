/* SPDX-License-Identifier: MIT */
/*
 * What is set here holds for every connection of the context. A certificate is always looked at; whether one that is not trusted
 * ends the handshake is --verify's.
 */
#include "context.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "judge/tls.h"

bool context_is_address(const char *host)
{
	unsigned char address[16];

	/* An address with a zone (fe80::1%eth0) is one as well. */
	return inet_pton(AF_INET, host, address) == 1 || strchr(host, ':') != NULL;
}

/* OpenSSL's first error, as a reason to be read; it has no words for the system's. */
static const char *reason(void)
{
	unsigned long error = ERR_peek_error();
	const char *text = ERR_GET_LIB(error) == ERR_LIB_SYS ? strerror(ERR_GET_REASON(error))
							     : ERR_reason_error_string(error);

	return text ? text : "OpenSSL tells no reason";
}

static bool trust(const struct plan *plan, SSL_CTX *ctx, struct trouble *trouble)
{
	X509_VERIFY_PARAM *param = SSL_CTX_get0_param(ctx);
	const char *name = plan->server_name ? plan->server_name : plan->host;

	if (plan->cafile || plan->capath) {
		if (SSL_CTX_load_verify_locations(ctx, plan->cafile, plan->capath) != 1)
			return plan_trouble_is(trouble, "%s: no certificates can be read there (%s)",
					       plan->cafile ? plan->cafile : plan->capath, reason());
	} else {
		SSL_CTX_set_default_verify_paths(ctx);
	}
	if (context_is_address(name))
		X509_VERIFY_PARAM_set1_ip_asc(param, name);
	else
		X509_VERIFY_PARAM_set1_host(param, name, 0);
	SSL_CTX_set_verify(ctx, plan->verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
	return true;
}

/* h2,http/1.1 as OpenSSL takes it: each name behind its length. */
static bool set_alpn(const char *list, SSL_CTX *ctx, struct trouble *trouble)
{
	unsigned char wire[256];
	size_t n = 0;

	for (const char *at = list; *at != '\0';) {
		size_t length = strcspn(at, ",");

		if (length == 0 || n + length + 1 > sizeof(wire))
			return plan_trouble_is(trouble,
					       "--alpn=%s: not a short list of names like h2,http/1.1", list);
		wire[n++] = (unsigned char)length;
		memcpy(wire + n, at, length);
		n += length;
		at += length;
		if (*at == ',')
			at++;
	}
	/* 0 is success here. */
	if (n == 0 || SSL_CTX_set_alpn_protos(ctx, wire, (unsigned)n) != 0)
		return plan_trouble_is(trouble, "--alpn=%s: not a list of names like h2,http/1.1", list);
	return true;
}

static bool own_certificate(const struct plan *plan, SSL_CTX *ctx, struct trouble *trouble)
{
	if (SSL_CTX_use_certificate_chain_file(ctx, plan->cert) != 1)
		return plan_trouble_is(trouble, "%s: no certificate in PEM can be read there (%s)",
				       plan->cert, reason());
	if (SSL_CTX_use_PrivateKey_file(ctx, plan->key, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_check_private_key(ctx) != 1)
		return plan_trouble_is(trouble, "%s: no key in PEM that fits %s can be read there (%s)",
				       plan->key, plan->cert, reason());
	return true;
}

SSL_CTX *context_new(const struct plan *plan, const struct script *script, struct trouble *trouble)
{
	SSL_CTX *ctx = tls_context(script);
	bool ready;

	if (!ctx) {
		plan_trouble_is(trouble, "no TLS context can be made: %s", reason());
		ERR_clear_error();
		return NULL;
	}
	if (script->server)
		ready = !plan->cert || own_certificate(plan, ctx, trouble);
	else
		ready = trust(plan, ctx, trouble) && (!plan->alpn || set_alpn(plan->alpn, ctx, trouble));
	ERR_clear_error();
	if (ready)
		return ctx;
	SSL_CTX_free(ctx);
	return NULL;
}
