# warder: build, test, install. `make` builds; `make run` and `make test` install what is missing first.
# User CFLAGS, CPPFLAGS and LDFLAGS are appended; O is the build directory.

O          ?= build
prefix     ?= /usr/local
bindir     ?= $(prefix)/bin
datadir    ?= $(prefix)/share/warder
mandir     ?= $(prefix)/share/man
compdir    ?= $(prefix)/share/bash-completion/completions
PKG_CONFIG ?= pkg-config
CC         ?= cc
V          ?= 0
Q          := $(if $(filter 1,$(V)),,@)

VERSION    := $(shell git describe --always --dirty 2>/dev/null || cat VERSION 2>/dev/null || echo unknown)

# library: Debian package
LIBS_PC    := ncursesw libseccomp libcap-ng libcjson nettle
PKG_BUILD  := gcc make pkg-config libncurses-dev libseccomp-dev libcap-ng-dev libcjson-dev nettle-dev
PKG_TEST   := $(PKG_BUILD) libcmocka-dev libvterm-dev git python3
# command:package, what agents live on and the tests run inside; a test whose program is missing says so and is skipped
TOOLS_TEST := node:nodejs npm:npm gdb:gdb curl:curl ssh:openssh-client script:bsdutils
PKG_VM     := qemu-system-x86 busybox-static cpio e2fsprogs
PKG_BENCH  := bubblewrap runc strace
PKG_CHECK  := clang-format-14 shellcheck

missing_pc := $(strip $(foreach l,$(LIBS_PC),$(if $(shell $(PKG_CONFIG) --exists $(l) 2>/dev/null && echo y),,$(l))))
pkg_of_ncursesw   := libncurses-dev
pkg_of_libseccomp := libseccomp-dev
pkg_of_libcap-ng  := libcap-ng-dev
pkg_of_libcjson   := libcjson-dev
pkg_of_nettle     := nettle-dev

WARN := -Wall -Wextra -Wformat=2 -Wshadow -Wundef -Wstrict-prototypes -Wmissing-prototypes \
	-Wmissing-declarations -Wpointer-arith -Wwrite-strings -Wcast-qual -Wvla \
	-Wimplicit-fallthrough -Wnull-dereference -Wswitch-enum -Wno-missing-field-initializers
WARN += $(if $(WERROR),-Werror)
HARDEN := -fPIE -fstack-protector-strong -ftrivial-auto-var-init=zero -fno-plt \
	$(if $(findstring _FORTIFY_SOURCE,$(CFLAGS) $(CPPFLAGS))$(SANITIZE),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
LINK_HARDEN := -pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,--as-needed
SAN := $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-omit-frame-pointer -fno-sanitize-recover=all)

ALL_CPPFLAGS := -std=c17 -D_GNU_SOURCE -I. -DWARDER_DATADIR='"$(datadir)"' \
	-DWARDER_VERSION='"$(VERSION)"' $(shell $(PKG_CONFIG) --cflags $(LIBS_PC) 2>/dev/null) $(CPPFLAGS)
ALL_CFLAGS := -O2 -g -ffile-prefix-map=$(CURDIR)=. $(WARN) $(HARDEN) $(SAN) $(CFLAGS)
ALL_LDFLAGS := $(LINK_HARDEN) $(SAN) $(LDFLAGS)
LDLIBS := $(shell $(PKG_CONFIG) --libs $(LIBS_PC) 2>/dev/null)

sources = $(sort $(wildcard $(addsuffix /*.c,$(1))))
SRC      := $(call sources,core/base core/policy core/wire core/layers core/session core/api tui tui/cli)
OBJ      := $(SRC:%.c=$(O)/%.o)
LIB_OBJ  := $(filter-out $(O)/tui/main.o,$(OBJ))
UNIT     := $(patsubst tests/unit/%.c,$(O)/tests/unit/%,$(call sources,tests/unit))
SCREEN   := $(patsubst tests/screen/%.c,$(O)/tests/screen/%,$(sort $(wildcard tests/screen/test_*.c)))
FUZZ     := $(patsubst tests/fuzz/%_fuzz.c,$(O)/tests/fuzz/%,$(sort $(wildcard tests/fuzz/*_fuzz.c)))
PROBES   := $(patsubst tests/session/%.c,$(O)/tests/session/%,$(call sources,tests/session))

.PHONY: all build deps deps-test run test check bench test-vm asan fuzz fuzz-smoke install uninstall man \
	format clean help need-libs
.SECONDARY:

all: build
build: need-libs $(O)/warder $(O)/man/warder.1

need-libs:
	$(Q)$(if $(missing_pc),$(foreach l,$(missing_pc),echo "warder: missing library: $(l) (Debian package $(pkg_of_$(l)))" >&2;) \
		echo "  hint: make deps installs what is missing" >&2; exit 1,:)

$(O)/warder: $(OBJ)
	$(Q)echo "  LD    $@" && $(CC) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS)

# compiled again when the version changes, and only the file that shows it
$(O)/%.o: %.c
	$(Q)mkdir -p $(@D)
	$(Q)echo "  CC    $<" && $(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(O)/man/warder.1: $(O)/warder
	$(Q)mkdir -p $(@D)
	$(Q)$< __man > $@.tmp && mv $@.tmp $@

# ---- what is missing, by the system's package manager ----

define install_missing
	$(Q)missing=""; for p in $(1); do \
		dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$p"; done; \
	if [ -n "$$missing" ]; then \
		if ! command -v apt-get >/dev/null; then echo "warder: install these first:$$missing" >&2; exit 1; fi; \
		if [ "$$(id -u)" = 0 ]; then sudo=""; else sudo="sudo"; fi; \
		echo "  APT  $$missing"; \
			$$sudo apt-get update -qq || true; \
		DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -y -qq --no-install-recommends $$missing >/dev/null </dev/null \
			|| { echo "warder: could not install:$$missing" >&2; exit 1; }; \
	fi
endef

define install_tools
	$(Q)for t in $(1); do \
		command -v $${t%%:*} >/dev/null && continue; \
		if [ "$$(id -u)" = 0 ]; then sudo=""; else sudo="sudo"; fi; \
		echo "  APT   $${t##*:}"; \
		DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -y -qq --no-install-recommends $${t##*:} >/dev/null </dev/null \
			|| echo "warder: could not install $${t##*:}: its tests will be skipped" >&2; \
	done
endef

deps:
	$(call install_missing,$(PKG_BUILD))
deps-test:
	$(call install_missing,$(PKG_TEST))
	$(call install_tools,$(TOOLS_TEST))

# ---- the README's two commands ----

run: deps
	$(Q)$(MAKE) --no-print-directory build
	$(Q)O=$(O) tests/demo/run.sh

test: deps-test
	$(Q)$(MAKE) --no-print-directory build test-programs
	$(Q)O=$(O) tests/run.sh

.PHONY: test-programs
test-programs: $(UNIT) $(SCREEN) $(FUZZ) $(PROBES)

$(O)/tests/unit/%: $(O)/tests/unit/%.o $(LIB_OBJ)
	$(Q)echo "  LD    $@" && $(CC) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS) -lcmocka
$(O)/tests/screen/%: $(O)/tests/screen/%.o $(O)/tests/screen/harness.o $(LIB_OBJ)
	$(Q)echo "  LD    $@" && $(CC) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS) -lcmocka -lvterm -lutil
$(O)/tests/fuzz/%: $(O)/tests/fuzz/%_fuzz.o $(O)/tests/fuzz/replay.o $(LIB_OBJ)
	$(Q)echo "  LD    $@" && $(CC) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS)
# programs that run inside a sandbox: no libraries of ours
$(O)/tests/session/%: tests/session/%.c
	$(Q)mkdir -p $(@D)
	$(Q)echo "  CC    $<" && $(CC) -std=c17 -D_GNU_SOURCE -O1 -Wall -Wextra $(if $(WERROR),-Werror) -o $@ $< -lpthread

# ---- more checks ----

check: test check-format check-shell
	$(Q)tests/check_includes.sh && tests/check_sizes.sh

.PHONY: check-format check-shell
check-format:
	$(call install_missing,$(PKG_CHECK))
	$(Q)clang-format-14 --dry-run -Werror $$(git ls-files '*.c' '*.h') && echo "PASS format"
check-shell:
	$(call install_missing,$(PKG_CHECK))
	$(Q)shellcheck -S warning $$(git ls-files '*.sh') .ci/run && echo "PASS shell scripts"

asan:
	$(Q)$(MAKE) --no-print-directory O=$(O)/asan SANITIZE=address,undefined test-unit

.PHONY: test-unit
test-unit: $(UNIT) $(FUZZ)
	$(Q)O=$(O) tests/run.sh unit fuzz

fuzz-smoke: $(FUZZ)
	$(Q)O=$(O) tests/run.sh fuzz

# libFuzzer, for as long as you let it: make fuzz NAME=policy
fuzz:
	$(Q)mkdir -p $(O)/libfuzzer
	clang -g -O1 -fsanitize=fuzzer,address,undefined $(ALL_CPPFLAGS) -o $(O)/libfuzzer/$(NAME) \
		tests/fuzz/$(NAME)_fuzz.c $(filter-out tui/main.c,$(SRC)) $(LDLIBS)
	$(O)/libfuzzer/$(NAME) -max_total_time=$(or $(SECONDS),60) tests/fuzz/corpus/$(NAME)

test-vm: deps-test
	$(call install_missing,$(PKG_VM))
	$(Q)$(MAKE) --no-print-directory build test-programs
	$(Q)O=$(O) tests/vm/run.sh

bench: deps-test
	$(call install_missing,$(PKG_BENCH))
	$(Q)$(MAKE) --no-print-directory build
	$(Q)O=$(O) tests/bench/run.sh

format:
	$(Q)clang-format-14 -i $$(git ls-files '*.c' '*.h')

# ---- installing ----

install: build
	install -d $(DESTDIR)$(bindir) $(DESTDIR)$(datadir)/policies/seccomp $(DESTDIR)$(datadir)/themes \
		$(DESTDIR)$(mandir)/man1 $(DESTDIR)$(compdir)
	install -m 755 $(O)/warder $(DESTDIR)$(bindir)/warder
	install -m 644 $(sort $(wildcard policies/*.json)) $(DESTDIR)$(datadir)/policies
	install -m 644 $(sort $(wildcard policies/seccomp/*.json)) $(DESTDIR)$(datadir)/policies/seccomp
	install -m 644 $(sort $(wildcard themes/*.json)) $(DESTDIR)$(datadir)/themes
	install -m 644 $(O)/man/warder.1 $(DESTDIR)$(mandir)/man1/warder.1
	$(O)/warder __completion > $(DESTDIR)$(compdir)/warder

uninstall:
	rm -f $(DESTDIR)$(bindir)/warder $(DESTDIR)$(mandir)/man1/warder.1 $(DESTDIR)$(compdir)/warder
	rm -rf $(DESTDIR)$(datadir)

clean:
	rm -rf $(O)

-include $(OBJ:.o=.d) $(UNIT:=.d) $(SCREEN:=.d) $(FUZZ:=_fuzz.d)
