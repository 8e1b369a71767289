#!/usr/bin/env bats
# make install, the library as a third party sees it, make uninstall.

setup() {
  cd "$BATS_TEST_DIRNAME/../.."
  unset MAKEFLAGS MFLAGS MAKELEVEL
  dest=$BATS_TEST_TMPDIR/dest
  make -s install BUILD="$BUILD" DESTDIR="$dest" prefix=/usr SANITIZE= >"$BATS_TEST_TMPDIR/log" 2>&1 || {
    cat "$BATS_TEST_TMPDIR/log"
    false
  }
}

@test "install puts programs, library, headers, pages and completions right" {
  for p in "$BUILD"/bin/lep-*; do
    p=${p##*/}
    echo "$p"
    "$dest/usr/bin/$p" --version
    [ -f "$dest/usr/share/bash-completion/completions/$p" ]
    [ -f "$dest/usr/share/zsh/site-functions/_$p" ]
    [ -f "$dest/usr/share/fish/vendor_completions.d/$p.fish" ]
    [ -f "$dest/usr/share/man/man1/$p.1" ]
  done
  for h in lib/*/*.h; do
    cmp "$h" "$dest/usr/include/lep/${h#lib/}"
  done
}

@test "a program of a third party builds by lep.pc" {
  command -v pkg-config >/dev/null || skip "no pkg-config"
  export PKG_CONFIG_SYSROOT_DIR=$dest PKG_CONFIG_PATH=$dest/usr/lib/pkgconfig
  export PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1 PKG_CONFIG_ALLOW_SYSTEM_LIBS=1
  make_version=$(sed -n 's/^VERSION = //p' Makefile)
  [ "$(pkg-config --modversion lep)" = "$make_version" ]
  cat >"$BATS_TEST_TMPDIR/t.c" <<'END'
#include <stdio.h>
#include "base/status.h"
#include "data/image.h"
#include "tensor/shape.h"
int main(void) { puts(lep_strerror(LEP_ERR_NOMEM)); return 0; }
END
  # The system's own libraries are not under the test's root.
  flags=$(pkg-config --static --cflags --libs lep | sed "s|-I$dest/usr/include/libpng16||g")
  # shellcheck disable=SC2086
  ${CC:-cc} -std=c11 -o "$BATS_TEST_TMPDIR/t" "$BATS_TEST_TMPDIR/t.c" $flags
  [ "$("$BATS_TEST_TMPDIR/t")" = "out of memory" ]
}

@test "every installed header stands on its own" {
  for h in lib/*/*.h; do
    case $h in lib/kernel/isa/*) continue ;; esac
    echo "$h"
    echo "#include \"${h#lib/}\"" | ${CC:-cc} -std=c11 -D_GNU_SOURCE -fsyntax-only -I"$dest/usr/include/lep" -x c -
  done
}

@test "uninstall leaves nothing" {
  make -s uninstall BUILD="$BUILD" DESTDIR="$dest" prefix=/usr
  find "$dest" ! -type d
  [ -z "$(find "$dest" ! -type d)" ]
  [ ! -d "$dest/usr/include/lep" ]
}
