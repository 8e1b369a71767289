/* Data fields and networks for the tests of nn/. */
#ifndef LEP_TESTS_NETS_H
#define LEP_TESTS_NETS_H

#include <string.h>

#include "nn/net.h"

static char nets_digits[10][2] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
static char *nets_entries[10] = {nets_digits[0], nets_digits[1], nets_digits[2], nets_digits[3],
	nets_digits[4], nets_digits[5], nets_digits[6], nets_digits[7], nets_digits[8], nets_digits[9]};
static size_t nets_lengths[10] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
static struct lep_table nets_table = {.n = 10, .entry = nets_entries, .length = nets_lengths};
static struct lep_table nets_no_table;
/* As many entries, but not the same. */
static char *nets_other_entries[10] = {nets_digits[9], nets_digits[1], nets_digits[2], nets_digits[3],
	nets_digits[4], nets_digits[5], nets_digits[6], nets_digits[7], nets_digits[8], nets_digits[0]};
static struct lep_table nets_other = {.n = 10, .entry = nets_other_entries, .length = nets_lengths};

#define NETS_NAME(s) ((char *)(uintptr_t)(s))

/* The first input is `image`, the target `label`. */
static struct lep_field nets_fields[] = {
	{.name = NETS_NAME("image"), .role = LEP_ROLE_INPUT, .dtype = LEP_U8,
		.shape = {.rank = 3, .extent = {28, 28, 1}}},
	{.name = NETS_NAME("label"), .role = LEP_ROLE_TARGET, .dtype = LEP_I32, .table = &nets_table},
	{.name = NETS_NAME("row"), .role = LEP_ROLE_INPUT, .dtype = LEP_F32,
		.shape = {.rank = 1, .extent = {12}}},
	{.name = NETS_NAME("word"), .role = LEP_ROLE_INPUT, .dtype = LEP_I32,
		.shape = {.rank = 1, .extent = {5}}, .table = &nets_table},
	{.name = NETS_NAME("price"), .role = LEP_ROLE_OTHER, .dtype = LEP_F32},
	{.name = NETS_NAME("none"), .role = LEP_ROLE_OTHER, .dtype = LEP_I32,
		.shape = {.rank = 1, .extent = {5}}, .table = &nets_no_table},
	{.name = NETS_NAME("long"), .role = LEP_ROLE_OTHER, .dtype = LEP_F32,
		.shape = {.rank = 1, .extent = {LEP_VARIES}}},
	{.name = NETS_NAME("square"), .role = LEP_ROLE_OTHER, .dtype = LEP_F32,
		.shape = {.rank = 2, .extent = {LEP_VARIES, LEP_VARIES}}},
	{.name = NETS_NAME("clip"), .role = LEP_ROLE_OTHER, .dtype = LEP_F32,
		.shape = {.rank = 3, .extent = {LEP_VARIES, 4, 3}}},
	{.name = NETS_NAME("words"), .role = LEP_ROLE_OTHER, .dtype = LEP_I32,
		.shape = {.rank = 1, .extent = {LEP_VARIES}}, .table = &nets_table},
	{.name = NETS_NAME("other"), .role = LEP_ROLE_OTHER, .dtype = LEP_I32, .table = &nets_other},
	{.name = NETS_NAME("said"), .role = LEP_ROLE_OTHER, .dtype = LEP_TEXT},
	{.name = NETS_NAME("wide"), .role = LEP_ROLE_OTHER, .dtype = LEP_F32,
		.shape = {.rank = 3, .extent = {1, 1, 1 << 24}}},
	{.name = NETS_NAME("huge"), .role = LEP_ROLE_OTHER, .dtype = LEP_F32,
		.shape = {.rank = 2, .extent = {1 << 20, 1 << 20}}},
	{.name = NETS_NAME("empty"), .role = LEP_ROLE_OTHER, .dtype = LEP_F32,
		.shape = {.rank = 2, .extent = {3, 0}}},
};

enum { NETS_FIELDS = sizeof(nets_fields) / sizeof(nets_fields[0]) };

/* A net for these fields, or NULL and *e. */
static inline struct lep_net *nets_build(const char *text, const struct lep_kernels *k, struct lep_error *e)
{
	struct lep_net *n;

	return lep_net_new(&n, text, "digits.net", nets_fields, NETS_FIELDS, NULL, k, e) ? NULL : n;
}

#endif
