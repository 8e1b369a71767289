/* What bytes that are no tensor stream look like, for messages. */
#ifndef LEP_STREAM_SNIFF_H
#define LEP_STREAM_SNIFF_H

#include <stddef.h>

/* "a PNG image", "text", ...; NULL if they look like nothing known. */
const char *lep_sniff(const unsigned char *p, size_t n);

#endif
