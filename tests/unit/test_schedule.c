/* Schedules: known values, monotony, text both ways. */
#include "nn/schedule.h"

#include <math.h>
#include <string.h>

#include "check.h"

#define TOTAL 1000
#define EPOCH 100

static const struct value_case {
	const char *schedule, *warmup;
	int64_t step;
	double want;
} values[] = {
	{"constant", "0", 0, 1},
	{"constant", "0", 5000, 1},
	{"constant", "10", 0, 0.1},
	{"constant", "10", 8, 0.9},
	{"constant", "10", 9, 1},
	{"constant", "10", 10, 1},
	{"constant", "2epochs", 99, 0.5},
	{"constant", "0.5epochs", 24, 0.5},
	{"constant", "1epoch", 49, 0.5},
	{"step", "0", 999, 1},
	{"step:2:0.5", "0", 199, 1},
	{"step:2:0.5", "0", 200, 0.5},
	{"step:2:0.5", "0", 999, 0.0625},
	{"step:2:0.5", "50", 199, 1},
	{"step:2:0.5", "50", 200, 0.5},
	{"linear", "0", 0, 1},
	{"linear", "0", 500, 0.5},
	{"linear", "0", 1000, 0},
	{"linear", "0", 2000, 0},
	{"linear:0.2", "200", 600, 0.6},
	{"cosine", "0", 0, 1},
	{"cosine", "0", 250, 0.85355339059327379},
	{"cosine", "0", 500, 0.5},
	{"cosine", "0", 1000, 0},
	{"cosine:0.1", "0", 1000, 0.1},
	{"cosine:0.5", "100", 550, 0.75},
	{"onecycle", "0", 0, 0.04},
	{"onecycle", "0", 150, 0.52},
	{"onecycle", "0", 300, 1},
	{"onecycle", "0", 650, 0.50005},
	{"onecycle", "0", 1000, 1e-4},
	{"onecycle:0.5:0.1:0", "0", 750, 0.5},
};

static void value(const struct value_case *c)
{
	struct lep_schedule s = {0};
	double got;

	CHECK(lep_schedule_parse(&s, c->schedule, NULL) == 0);
	CHECK(lep_schedule_parse_warmup(&s, c->warmup, NULL) == 0);
	CHECK(lep_schedule_check(&s, NULL) == 0);
	got = lep_schedule_factor(&s, c->step, TOTAL, EPOCH);
	CHECKF(fabs(got - c->want) < 1e-12, "%s at %lld: %.17g", c->schedule, (long long)c->step, got);
}

/* Always in (0, 1] within the training, and falling behind the warm-up. */
static void shape(void)
{
	static const char *const names[] = {"constant", "step:1:0.9", "linear", "cosine", "onecycle"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		for (int64_t total = 1; total < 40; total += 3) {
			struct lep_schedule s = {0};
			double before = 0;

			CHECK(lep_schedule_parse(&s, names[i], NULL) == 0);
			s.warmup = s.kind == LEP_SCHEDULE_ONECYCLE ? 0 : 4;
			for (int64_t step = 0; step < total; step++) {
				double f = lep_schedule_factor(&s, step, total, 5);
				int rising = s.kind == LEP_SCHEDULE_ONECYCLE ?
					(double)step <= 0.3 * (double)total + 1 : step < 4;

				CHECK(f > 0 && f <= 1);
				CHECKF(rising || f <= before, "%s step %lld", names[i], (long long)step);
				before = f;
			}
		}
	}
}

static void text(void)
{
	static const struct {
		const char *schedule, *warmup, *out;
	} t[] = {
		{"constant", "0", "constant"},
		{"step", "0", "step:10:0.1"},
		{"step:30", "500", "step:30:0.1 warmup 500"},
		{"cosine:0.05", "3epochs", "cosine:0.05 warmup 3epochs"},
		{"onecycle:0.25", "0", "onecycle:0.25:0.04:0.0001"},
		{"linear", "5e2", "linear:0 warmup 500"},
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		struct lep_schedule s = {0};
		struct lep_buf b = {0};

		CHECK(lep_schedule_parse(&s, t[i].schedule, NULL) == 0);
		CHECK(lep_schedule_parse_warmup(&s, t[i].warmup, NULL) == 0);
		lep_schedule_text(&b, &s);
		CHECKF(strcmp(b.data, t[i].out) == 0, "%s", b.data);
		lep_buf_release(&b);
	}
	for (int i = 0; i < LEP_SCHEDULE_COUNT; i++) {
		struct lep_schedule s = {0};

		CHECK(lep_schedule_parse(&s, lep_schedule_name(i), NULL) == 0 && (int)s.kind == i);
	}
	CHECK(!lep_schedule_name(-1) && !lep_schedule_name(LEP_SCHEDULE_COUNT));
}

static const struct bad_case {
	const char *schedule, *warmup, *error;
} bad[] = {
	{"", "0", "'' is unknown; there are constant, step, linear, cosine, onecycle"},
	{"cos", "0", "'cos' is unknown; there are constant, step, linear, cosine, onecycle"},
	{"constant:1", "0", "'constant:1': more than constant takes"},
	{"step:1:2", "0", "'step:1:2': FACTOR needs a number from 1e-09 to 1"},
	{"step:0", "0", "'step:0': EPOCHS needs a number from 0.001 to 1e+09"},
	{"step:1:0.5:3", "0", "'step:1:0.5:3': more than step:EPOCHS:FACTOR takes"},
	{"cosine:", "0", "'cosine:': END needs a number from 0 to 1"},
	{"cosine:nan", "0", "'cosine:nan': END needs a number from 0 to 1"},
	{"constant", "", "'' is no warm-up: steps (500) or epochs (3epochs)"},
	{"constant", "0.5", "'0.5' is no warm-up: steps (500) or epochs (3epochs)"},
	{"constant", "-1", "'-1' is no warm-up: steps (500) or epochs (3epochs)"},
	{"constant", "epochs", "'epochs' is no warm-up: steps (500) or epochs (3epochs)"},
	{"constant", "3 epochs", "'3 epochs' is no warm-up: steps (500) or epochs (3epochs)"},
	{"onecycle", "10", "onecycle warms up by itself: it takes no warm-up"},
};

static void bad_text(const struct bad_case *c)
{
	struct lep_schedule s = {0};
	struct lep_error e = {0};
	int status = lep_schedule_parse(&s, c->schedule, &e);

	if (status == 0)
		status = lep_schedule_parse_warmup(&s, c->warmup, &e);
	if (status == 0)
		status = lep_schedule_check(&s, &e);
	CHECK(status == LEP_ERR_USAGE);
	CHECKF(strcmp(e.text, c->error) == 0, "%s", e.text);
}

int main(void)
{
	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++)
		CHECK_CASE(values[i].schedule, value(&values[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK_CASE(bad[i].error, bad_text(&bad[i]));
	RUN(shape);
	RUN(text);
	return CHECK_END();
}
