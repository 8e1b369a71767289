/*
 * CRC-32C (Castagnoli), as in RFC 3720: by the processor's instruction, three
 * lanes at a time, where it has one; by table elsewhere.
 */
#ifndef LEP_BASE_CRC32C_H
#define LEP_BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* crc is 0 to begin with, or the result for the bytes before these. */
uint32_t lep_crc32c(uint32_t crc, const void *data, size_t len);

/* The same by table alone, for tests. */
uint32_t lep_crc32c_portable(uint32_t crc, const void *data, size_t len);

#endif
