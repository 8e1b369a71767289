# lep: deep learning as Unix filters. `make list` names the targets.
#
# CC CFLAGS CPPFLAGS LDFLAGS LDLIBS belong to you; what the code needs is added
# to them. V=1 shows commands, DEV=1 makes warnings errors,
# SANITIZE=address,undefined builds beside the ordinary build.

VERSION = 0.1.0

CC ?= cc
CFLAGS ?= -O2 -g
PREFIX ?= /usr/local
prefix ?= $(PREFIX)
BINDIR ?= $(prefix)/bin
LIBDIR ?= $(prefix)/lib
INCLUDEDIR ?= $(prefix)/include
MANDIR ?= $(prefix)/share/man
DATADIR ?= $(prefix)/share

BUILD ?= build$(if $(SANITIZE),-sanitize)
Q = $(if $(V),,@)
say = $(if $(V),@:,@printf '  %-5s %s\n')

WARN = -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
       -Wpointer-arith -Wcast-qual -Wwrite-strings -Wvla -Wno-sign-conversion \
       $(if $(DEV),-Werror)
SAN = $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-omit-frame-pointer -fno-sanitize-recover=all -g1)
# -ffp-contract=off comes after CFLAGS: the arithmetic is the product.
OURS_C = -std=c11 $(WARN) $(SAN) -fno-strict-aliasing -ffp-contract=off
OURS_CPP = -D_GNU_SOURCE $(if $(SANITIZE),-DLEP_SANITIZE) -DLEP_VERSION='"$(VERSION)"' -Ilib
LIBS = -lpng -ljpeg -lz -lm -lpthread

MACHINE := $(shell $(CC) -dumpmachine 2>/dev/null)
ifneq ($(filter x86_64%,$(MACHINE)),)
ISAS = portable avx2 avx512
endif
ISAS ?= portable
ISA_FLAGS_portable =
ISA_FLAGS_avx2 = -mavx2 -mfma -mf16c
ISA_FLAGS_avx512 = -mavx512f -mavx512bw -mavx512dq -mavx512vl -mfma -mprefer-vector-width=512

LIB_SRC := $(sort $(wildcard lib/*/*.c))
ISA_SRC := $(sort $(wildcard lib/kernel/isa/*.c))
CMD_SRC := $(sort $(wildcard cmd/lep-*.c))
UNIT_SRC := $(sort $(wildcard tests/unit/test_*.c tests/golden/test_*.c))
DOUBLE_SRC := $(sort $(wildcard tests/double/test_*.c))
TOOL_SRC := $(sort $(wildcard tests/tools/*.c))
BENCH_SRC := $(sort $(wildcard tests/bench/*.c))

LIB_OBJ := $(LIB_SRC:%.c=$(BUILD)/%.o) \
           $(foreach i,$(ISAS),$(ISA_SRC:lib/kernel/isa/%.c=$(BUILD)/lib/kernel/isa/%.$(i).o))
# The network and the portable kernels once more, with doubles for reals: what
# tests/double holds against finite differences.
DOUBLE_LIB := $(sort $(wildcard lib/nn/layer*.c lib/kernel/*.c)) \
              $(addprefix lib/nn/,attention.c attention_step.c build.c create.c exec.c exec_plan.c \
                exec_room.c init.c net.c stepper.c syntax.c words.c)
DOUBLE_OBJ := $(DOUBLE_LIB:%.c=$(BUILD)/double/%.o) $(ISA_SRC:%.c=$(BUILD)/double/%.o)
DOUBLE_TESTS := $(DOUBLE_SRC:tests/%.c=$(BUILD)/tests/%)
PROGRAMS := $(CMD_SRC:cmd/%.c=$(BUILD)/bin/%)
UNIT := $(UNIT_SRC:tests/%.c=$(BUILD)/tests/%) $(DOUBLE_TESTS)
BENCH := $(BUILD)/tests/bench/bench
TOOLS := $(TOOL_SRC:tests/%.c=$(BUILD)/tests/%) $(BENCH)
MAN := $(sort $(wildcard man/*.[1-9]))

.PHONY: all check check-unit lint bench deps demo install uninstall clean dist list
.DELETE_ON_ERROR:

## all: the programs and liblep.a (the default)
all: $(PROGRAMS) $(BUILD)/lib/liblep.a

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)$(CC) $(OURS_CPP) $(CPPFLAGS) -MMD -MP $(CFLAGS) $(OURS_C) -c -o $@ $<

define isa_rule
$(BUILD)/lib/kernel/isa/%.$(1).o: lib/kernel/isa/%.c Makefile
	@mkdir -p $$(@D)
	$$(say) CC "$$< ($(1))"
	$$(Q)$$(CC) $$(OURS_CPP) -DLEP_ISA=$(1) -DLEP_ISA_$(1) $$(CPPFLAGS) -MMD -MP $$(CFLAGS) \
	  $$(OURS_C) $$(ISA_FLAGS_$(1)) -c -o $$@ $$<
endef
$(foreach i,$(ISAS),$(eval $(call isa_rule,$(i))))

$(BUILD)/double/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(say) CC "$< (double)"
	$(Q)$(CC) $(OURS_CPP) -DLEP_DOUBLE -DLEP_ISA=portable -DLEP_ISA_portable $(CPPFLAGS) -MMD -MP \
	  $(CFLAGS) $(OURS_C) -c -o $@ $<

$(BUILD)/lib/liblep.a: $(LIB_OBJ)
	$(say) AR $@
	$(Q)rm -f $@ && $(AR) rcs $@ $(LIB_OBJ)

$(BUILD)/bin/%: $(BUILD)/cmd/%.o $(BUILD)/lib/liblep.a
	@mkdir -p $(@D)
	$(say) LD $@
	$(Q)$(CC) $(CFLAGS) $(SAN) $(LDFLAGS) -o $@ $< $(BUILD)/lib/liblep.a $(LIBS) $(LDLIBS)

$(BUILD)/tests/%: $(BUILD)/tests/%.o $(BUILD)/lib/liblep.a
	@mkdir -p $(@D)
	$(say) LD $@
	$(Q)$(CC) $(CFLAGS) $(SAN) $(LDFLAGS) -o $@ $< $(BUILD)/lib/liblep.a $(LIBS) $(LDLIBS)

$(BENCH): $(BENCH_SRC:%.c=$(BUILD)/%.o) $(BUILD)/lib/liblep.a
	$(say) LD $@
	$(Q)$(CC) $(CFLAGS) $(SAN) $(LDFLAGS) -o $@ $^ $(LIBS) -ldl $(LDLIBS)

# The library behind them for what knows no reals.
$(DOUBLE_TESTS): $(BUILD)/tests/%: $(BUILD)/double/tests/%.o $(DOUBLE_OBJ) $(BUILD)/lib/liblep.a
	@mkdir -p $(@D)
	$(say) LD $@
	$(Q)$(CC) $(CFLAGS) $(SAN) $(LDFLAGS) -o $@ $< $(DOUBLE_OBJ) $(BUILD)/lib/liblep.a $(LIBS) $(LDLIBS)

# Everything compiled, nothing linked: what tests/lint looks at.
.PHONY: objects
objects: $(LIB_OBJ) $(CMD_SRC:%.c=$(BUILD)/%.o) $(UNIT_SRC:%.c=$(BUILD)/%.o) $(DOUBLE_OBJ) \
         $(DOUBLE_SRC:%.c=$(BUILD)/double/%.o) $(TOOL_SRC:%.c=$(BUILD)/%.o) $(BENCH_SRC:%.c=$(BUILD)/%.o)

## check: build and run all tests
check: all $(UNIT) $(TOOLS)
	$(Q)BUILD=$(BUILD) tests/run

## check-unit: only the unit and golden tests
check-unit: $(UNIT)
	$(Q)BUILD=$(BUILD) tests/run unit

## lint: warnings as errors with gcc and clang, cppcheck, shellcheck, mandoc, the house rules
lint:
	$(Q)tests/lint

## bench: measure kernels and programs against this machine's limits (JSON=FILE, ONLY=TEXT)
bench: all $(TOOLS)
	$(Q)BUILD=$(BUILD) tests/bench/run $(if $(JSON),--json '$(JSON)') $(if $(ONLY),--only '$(ONLY)')

## deps: install what building and testing need (Debian, Ubuntu)
deps:
	$(Q)tests/deps

## demo: pictures to a verdict, end to end, in under a minute
demo: all $(TOOLS)
	$(Q)BUILD=$(BUILD) tests/demo

## completions: write completions/ anew from the programs' option tables
.PHONY: completions
completions: $(PROGRAMS)
	$(Q)rm -f completions/*
	$(Q)for p in $(PROGRAMS); do n=$${p##*/}; \
	  $$p --completion bash >completions/$$n.bash && $$p --completion zsh >completions/_$$n && \
	  $$p --completion fish >completions/$$n.fish || exit 1; done

## install: programs, library, headers, manual pages, completions
install: all
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(LIBDIR)/pkgconfig
	install -m 755 $(PROGRAMS) $(DESTDIR)$(BINDIR)
	install -m 644 $(BUILD)/lib/liblep.a $(DESTDIR)$(LIBDIR)
	sed -e 's|@prefix@|$(prefix)|; s|@libdir@|$(LIBDIR)|; s|@includedir@|$(INCLUDEDIR)|' \
	  -e 's|@version@|$(VERSION)|' lib/lep.pc.in >$(DESTDIR)$(LIBDIR)/pkgconfig/lep.pc
	for h in lib/*/*.h; do \
	  install -D -m 644 $$h $(DESTDIR)$(INCLUDEDIR)/lep/$${h#lib/} || exit 1; done
	for m in $(MAN); do \
	  install -D -m 644 $$m $(DESTDIR)$(MANDIR)/man$${m##*.}/$${m##*/} || exit 1; done
	for p in $(notdir $(PROGRAMS)); do \
	  install -D -m 644 completions/$$p.bash $(DESTDIR)$(DATADIR)/bash-completion/completions/$$p && \
	  install -D -m 644 completions/_$$p $(DESTDIR)$(DATADIR)/zsh/site-functions/_$$p && \
	  install -D -m 644 completions/$$p.fish $(DESTDIR)$(DATADIR)/fish/vendor_completions.d/$$p.fish \
	  || exit 1; done

## uninstall: remove what install put there
uninstall:
	for p in $(notdir $(PROGRAMS)); do rm -f $(DESTDIR)$(BINDIR)/$$p \
	  $(DESTDIR)$(DATADIR)/bash-completion/completions/$$p \
	  $(DESTDIR)$(DATADIR)/zsh/site-functions/_$$p \
	  $(DESTDIR)$(DATADIR)/fish/vendor_completions.d/$$p.fish; done
	rm -rf $(DESTDIR)$(INCLUDEDIR)/lep
	rm -f $(DESTDIR)$(LIBDIR)/liblep.a $(DESTDIR)$(LIBDIR)/pkgconfig/lep.pc
	for m in $(MAN); do rm -f $(DESTDIR)$(MANDIR)/man$${m##*.}/$${m##*/}; done

## dist: a tar archive of this version
dist:
	git archive --prefix=lep-$(VERSION)/ -o lep-$(VERSION).tar.gz HEAD

## clean: remove what was built
clean:
	rm -rf build build-sanitize demo

## list: the targets
list:
	@sed -n 's/^## //p' Makefile

.SECONDARY:

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
