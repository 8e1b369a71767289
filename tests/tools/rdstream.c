/* rdstream [FILE]: read a stream to its end and say how many records it has. */
#include <inttypes.h>
#include <stdio.h>

#include "stream/reader.h"

int main(int argc, char **argv)
{
	struct lep_reader *r;
	struct lep_frame frame;
	struct lep_error e;
	int status = lep_reader_open(&r, argc > 1 ? argv[1] : NULL, NULL, &e);

	if (status >= 0) {
		do
			status = lep_reader_next(r, &frame, &e);
		while (status > 0);
		if (status == 0)
			printf("%" PRIu64 " records, %" PRIu64 " bytes\n", lep_reader_records(r), lep_reader_bytes(r));
		lep_reader_close(r);
	}
	if (status < 0)
		fprintf(stderr, "rdstream: %s\n", e.text);
	return lep_exit_status(status);
}
