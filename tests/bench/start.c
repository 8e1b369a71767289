/* How long a program takes from its start to its end: the median of many. */
#include "bench.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

enum { STARTS = 51 };

static int by_value(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int bench_start(int argc, char **argv)
{
	extern char **environ;
	double took[STARTS];
	posix_spawn_file_actions_t quiet;

	if (argc < 2)
		bench_die("start: a program, please");
	posix_spawn_file_actions_init(&quiet);
	posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
	for (int i = 0; i < STARTS; i++) {
		const double start = bench_now();
		int status = 0, rc;
		pid_t pid;

		rc = posix_spawnp(&pid, argv[1], &quiet, NULL, argv + 1, environ);
		if (rc || waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
			bench_die("start: %s: %s", argv[1], rc ? strerror(rc) : "it failed");
		took[i] = bench_now() - start;
	}
	posix_spawn_file_actions_destroy(&quiet);
	qsort(took, STARTS, sizeof(*took), by_value);
	printf("%.4g\n", took[STARTS / 2] * 1e3);
	return 0;
}
